"""The provider in software: OpenSSL through `cryptography`, and SM2 through the system's libcrypto."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes

from xinshu.security.crypto.encoding import sm2_private, sm2_public
from xinshu.security.crypto.errors import SealBroken
from xinshu.security.crypto.provider import CipherName, HashName, SchemeName, SigningKey
from xinshu.security.crypto.sm2_openssl import LibcryptoMissing, OpensslSm2
from xinshu.security.crypto.sm2_pure import PureSm2
from xinshu.security.crypto.sm4_cells import open_cells, seal_cells

NONCE, TAG = 12, 16
_SHORT = 1_000  # bytes: of longer values OpenSSL seals more in the same time
_MANY = 3  # values: fewer are opened as fast one by one
_HASHES: dict[HashName, type[hashes.HashAlgorithm]] = {HashName.SM3: hashes.SM3, HashName.SHA256: hashes.SHA256}
_CIPHERS: dict[CipherName, Callable[[bytes], CipherAlgorithm]] = {
    CipherName.SM4_GCM: algorithms.SM4,
    CipherName.AES_GCM: algorithms.AES256,
}
_ECDSA = ec.ECDSA(hashes.SHA256())


class Sm2(Protocol):
    """An implementation of SM2 with SM3."""

    name: str

    def new_pair(self) -> tuple[bytes, bytes]:
        """(private number, point)."""

    def sign(self, private: bytes, message: bytes) -> bytes:
        """DER signature."""

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether it is right."""


def best_sm2() -> Sm2:
    """libcrypto where it has SM2, else pure Python, with a warning."""
    try:
        return OpensslSm2()
    except LibcryptoMissing as problem:
        structlog.get_logger(__name__).warning("crypto.sm2_slow", reason=str(problem))
        return PureSm2()


class SoftProvider:
    """Everything in the memory of the process. For development and where no approved module is demanded."""

    name = "soft"

    def __init__(self, sm2: Sm2 | None = None) -> None:
        self._sm2 = sm2 or best_sm2()

    def random(self, length: int) -> bytes:
        """From the system."""
        return os.urandom(length)

    def digest(self, name: HashName, data: bytes) -> bytes:
        """32 bytes."""
        state = hashes.Hash(_HASHES[name]())
        state.update(data)
        return state.finalize()

    def mac(self, name: HashName, key: bytes, message: bytes) -> bytes:
        """32 bytes."""
        state = hmac.HMAC(key, _HASHES[name]())
        state.update(message)
        return state.finalize()

    def seal(self, name: CipherName, key: bytes, values: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
        """nonce, ciphertext, tag."""
        if name is CipherName.SM4_GCM and len(values) > 1 and sum(map(len, values)) < _SHORT * len(values):
            return seal_cells(key, values, places, os.urandom(NONCE * len(values)))
        nonces, cipher, gcm = os.urandom(NONCE * len(values)), _CIPHERS[name](key), modes.GCM
        cells = []
        for number, (value, place) in enumerate(zip(values, places, strict=True)):
            nonce = nonces[number * NONCE : (number + 1) * NONCE]
            encryptor = Cipher(cipher, gcm(nonce)).encryptor()
            encryptor.authenticate_additional_data(place)
            cells.append(nonce + encryptor.update(value) + encryptor.finalize() + encryptor.tag)
        return cells

    def open(self, name: CipherName, key: bytes, sealed: bytes, place: bytes) -> bytes:
        """The value. Raises SealBroken."""
        if len(sealed) < NONCE + TAG:
            raise SealBroken("加密内容不完整", fix="从备份恢复该内容")
        decryptor = Cipher(_CIPHERS[name](key), modes.GCM(sealed[:NONCE], sealed[-TAG:])).decryptor()
        decryptor.authenticate_additional_data(place)
        try:
            return decryptor.update(sealed[NONCE:-TAG]) + decryptor.finalize()
        except InvalidTag:
            raise SealBroken("加密内容已被改动或不属于此处", fix="从备份恢复该内容") from None

    def open_many(self, name: CipherName, key: bytes, sealed: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
        """The values. Raises SealBroken when one of them does not open."""
        many = len(sealed) >= _MANY and sum(map(len, sealed)) < _SHORT * len(sealed)
        if name is not CipherName.SM4_GCM or not many:
            return [self.open(name, key, each, place) for each, place in zip(sealed, places, strict=True)]
        if any(len(each) < NONCE + TAG for each in sealed):
            raise SealBroken("加密内容不完整", fix="从备份恢复该内容")
        found = open_cells(key, sealed, places)
        if found is None:
            raise SealBroken("加密内容已被改动或不属于此处", fix="从备份恢复该内容")
        return found

    def new_signing_key(self, scheme: SchemeName) -> SigningKey:
        """A fresh pair; the private part is PKCS #8, DER."""
        if scheme is SchemeName.SM2:
            number, point = self._sm2.new_pair()
            return SigningKey(sm2_public(point), sm2_private(number, point))
        key = ec.generate_private_key(ec.SECP256R1())
        return SigningKey(
            key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
            key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )

    def sign(self, scheme: SchemeName, private: bytes, message: bytes) -> bytes:
        """DER."""
        if scheme is SchemeName.SM2:
            return self._sm2.sign(private, message)
        key = serialization.load_der_private_key(private, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key.sign(message, _ECDSA)

    def verify(self, scheme: SchemeName, public: bytes, message: bytes, signature: bytes) -> bool:
        """False for anything that is not a right signature."""
        if scheme is SchemeName.SM2:
            return self._sm2.verify(public, message, signature)
        try:
            key = serialization.load_der_public_key(public)
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(signature, message, _ECDSA)
        except (InvalidSignature, ValueError):
            return False
        return True
