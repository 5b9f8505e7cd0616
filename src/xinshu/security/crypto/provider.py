"""What a cryptographic provider does for the program; `soft` is ours, a signing server or HSM takes its place by name.

A key of symmetric work is given in plain bytes here, unwrapped from the keyring for the length of a process. A private
key is whatever the provider returned when it made it: `soft` returns the key itself, an HSM a label of its slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


class HashName(StrEnum):
    """Digests: GB/T 32905-2016 and FIPS 180-4 [sourced]. Both give 32 bytes."""

    SM3 = "sm3"
    SHA256 = "sha256"


class CipherName(StrEnum):
    """Authenticated encryption: SM4-GCM (GB/T 32907-2016, RFC 8998) and AES-256-GCM (SP 800-38D) [sourced]."""

    SM4_GCM = "sm4-gcm"
    AES_GCM = "aes-256-gcm"

    @property
    def key_bytes(self) -> int:
        """Length of a key."""
        return 16 if self is CipherName.SM4_GCM else 32


class SchemeName(StrEnum):
    """Signatures: SM2 with SM3 (GB/T 32918.2-2016) and ECDSA P-256 with SHA-256 (FIPS 186-5) [sourced]."""

    SM2 = "sm2"
    ECDSA_P256 = "ecdsa-p256"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A pair. `private` means something to its provider only; `public`: SubjectPublicKeyInfo, DER."""

    public: bytes
    private: bytes = field(repr=False)


@runtime_checkable
class SignatureProvider(Protocol):
    """Signing and verifying. A signature is the DER sequence of r and s (GM/T 0009-2012, RFC 3279)."""

    name: str

    def new_signing_key(self, scheme: SchemeName) -> SigningKey:
        """Make a pair."""

    def sign(self, scheme: SchemeName, private: bytes, message: bytes) -> bytes:
        """Sign a message of any length. SM2 with the signer id 1234567812345678."""

    def verify(self, scheme: SchemeName, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature is of this message by this key; False for anything malformed."""


@runtime_checkable
class CryptoProvider(SignatureProvider, Protocol):
    """All primitives. Two suites behind one interface, told apart by the names of the algorithms."""

    def random(self, length: int) -> bytes:
        """Unpredictable bytes."""

    def digest(self, name: HashName, data: bytes) -> bytes:
        """Digest, 32 bytes."""

    def mac(self, name: HashName, key: bytes, message: bytes) -> bytes:
        """HMAC (RFC 2104) over that digest, 32 bytes."""

    def seal(self, name: CipherName, key: bytes, values: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
        """Each value as nonce (12 random bytes), ciphertext, tag (16); its place is the associated data."""

    def open(self, name: CipherName, key: bytes, sealed: bytes, place: bytes) -> bytes:
        """The value of what `seal` gave. Raises SealBroken."""


@runtime_checkable
class OpensMany(Protocol):
    """What a provider adds that opens many values at once faster than one by one."""

    def open_many(self, name: CipherName, key: bytes, sealed: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
        """The values. Raises SealBroken when one of them does not open; then none is told."""


@runtime_checkable
class KeyWrapper(Protocol):
    """What a provider with a key-encryption key of its own adds: then there is none in a file (keys/kek.json)."""

    def wrap_key(self, secret: bytes, bound: bytes) -> bytes:
        """A key as it may be kept; `bound` is authenticated with it."""

    def unwrap_key(self, wrapped: bytes, bound: bytes) -> bytes:
        """The key again. Raises SealBroken."""
