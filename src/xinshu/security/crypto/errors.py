"""Errors of cryptography."""

from __future__ import annotations

from xinshu.kernel.errors import XinshuError


class SealBroken(XinshuError):
    """A sealed value does not open: another key, another place, or it was changed."""

    code = "security.seal_broken"


class ProviderUnknown(XinshuError):
    """A setting names a cryptographic provider that is not installed."""

    code = "crypto.provider_unknown"


class SelfTestFailed(XinshuError):
    """A provider gives a wrong answer to a known question, or none; the program does not start with it."""

    code = "crypto.self_test_failed"


class KeyringUnusable(XinshuError):
    """The keyring cannot be read or written, or is open to other users."""

    code = "crypto.keyring_unusable"


class KeyNotFound(XinshuError):
    """There is no such key, or it was destroyed."""

    code = "crypto.key_not_found"


class NotRotatable(XinshuError):
    """The digest key cannot be replaced: what it digested is not kept in the clear, and records are found by it."""

    code = "crypto.not_rotatable"

    def __init__(self) -> None:
        super().__init__(
            "摘要密钥不能在线轮换", fix="可轮换 cells、files、index、audit、report 或 kek；见 docs/crypto.md"
        )


class PublicKeyInvalid(XinshuError):
    """A file is not a public key of a kind that signs here."""

    code = "crypto.public_key_invalid"
