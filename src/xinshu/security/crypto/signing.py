"""Signatures of the installation: a key for each purpose, its id in every signature, verified by the public key alone."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from xinshu.security.crypto.chosen import chosen
from xinshu.security.crypto.encoding import scheme_of, to_der, to_pem
from xinshu.security.crypto.errors import KeyNotFound, KeyringUnusable
from xinshu.security.crypto.keyring import SIGNING, Key, KeyFacts, Keyring, Purpose, signing_key_id
from xinshu.security.crypto.provider import HashName, SchemeName


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature with what is needed to check it. As text `sm2:KEYID:BASE64`."""

    algorithm: str
    key_id: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.key_id}:{base64.b64encode(self.value).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From its text. Raises ValueError."""
        algorithm, key_id, value = text.split(":")
        try:
            return cls(SchemeName(algorithm).value, key_id, base64.b64decode(value, validate=True))
        except binascii.Error as problem:
            raise ValueError("not a signature") from problem


class Signer(Protocol):
    """Signs for one purpose."""

    @property
    def key_id(self) -> str:
        """Which key signs now."""

    @property
    def algorithm(self) -> str:
        """`sm2` or `ecdsa-p256`."""

    def sign(self, message: bytes) -> Signature:
        """Sign a message of any length. Raises KeyringUnusable: the key is another provider's."""


class _KeyringSigner:
    """Signs with the active key of a purpose, also after a rotation in the life of the process."""

    def __init__(self, keyring: Keyring, purpose: Purpose) -> None:
        self._keyring, self._purpose = keyring, purpose
        self._key()

    def _key(self) -> Key:
        return self._keyring.active(self._purpose)

    @property
    def key_id(self) -> str:
        return self._key().facts.id

    @property
    def algorithm(self) -> str:
        return self._key().facts.algorithm

    def sign(self, message: bytes) -> Signature:
        key = self._key()
        scheme = SchemeName(key.facts.algorithm)
        provider = chosen().signatures(scheme)
        if provider.name != key.facts.made_by:
            raise KeyringUnusable(
                f"签名密钥 {key.facts.id} 由密码模块 {key.facts.made_by} 生成，现用 {provider.name}",
                fix=f"执行 xinshu keys rotate {self._purpose} 换用新密钥，或改回 XINSHU_SM2_PROVIDER",
            )
        value = provider.sign(scheme, key.secret, message)
        return Signature(scheme.value, key.facts.id, value)


def signer(home: Path, purpose: str) -> Signer:
    """Who signs for a purpose (`audit`, `report`) in this installation; the first call makes the key.

    Raises:
        KeyringUnusable, KeyNotFound (no such purpose).
    """
    return _KeyringSigner(Keyring(home), _signing(purpose))


def public_key_pem(home: Path, purpose: str, key_id: str | None = None) -> bytes:
    """The public key of a purpose, PEM: the active one, or that of an id, also an old or destroyed one.

    Raises:
        KeyNotFound: no key of the purpose has the id.
    """
    wanted, keyring = _signing(purpose), Keyring(home)
    if key_id is None:
        return to_pem(keyring.active(wanted).facts.public)
    found = keyring.by_id(key_id)
    if found.purpose is not wanted:
        raise KeyNotFound(f"密钥 {key_id} 不是 {purpose} 的签名密钥", fix="用 xinshu keys list 查看密钥")
    return to_pem(found.public)


def signing_keys(home: Path, purpose: str) -> list[KeyFacts]:
    """Every key that ever signed for a purpose, with its public half and its times; the newest last."""
    wanted = _signing(purpose)
    return [each for each in Keyring(home).facts() if each.purpose is wanted]


def verify_signature(message: bytes, signature: Signature, public_key: bytes) -> bool:
    """Whether a signature is of this message by this key and names it. Needs no key file and no database.

    Args:
        public_key: PEM or DER (SubjectPublicKeyInfo).
    Raises:
        PublicKeyInvalid: it is not such a key.
    """
    public = to_der(public_key)
    scheme = scheme_of(public)
    if signature.algorithm != scheme.value or signature.key_id != signing_key_id(public):
        return False
    return chosen().signatures(scheme).verify(scheme, public, message, signature.value)


def key_id_of(public_key: bytes) -> str:
    """The id that signatures by this key name. Raises PublicKeyInvalid."""
    return signing_key_id(to_der(public_key))


def sm3(data: bytes) -> bytes:
    """SM3 digest, 32 bytes (GB/T 32905-2016)."""
    return chosen().crypto.digest(HashName.SM3, data)


def sha256(data: bytes) -> bytes:
    """SHA-256 digest, 32 bytes."""
    return chosen().crypto.digest(HashName.SHA256, data)


def _signing(purpose: str) -> Purpose:
    if purpose not in SIGNING:
        raise KeyNotFound(f"没有用途 {purpose[:40]} 的签名密钥", fix=f"签名用途有 {'、'.join(sorted(SIGNING))}")
    return Purpose(purpose)
