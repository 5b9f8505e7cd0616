"""SM2 in pure Python (gmalg), for systems whose libcrypto has it not: about 40 signatures a second, and not in constant
time. The program says so in its log when it falls back to this."""

from __future__ import annotations

import gmalg
from gmalg import PC_MODE, SM2

from xinshu.security.crypto.encoding import point_of, signature_bytes, signature_numbers, sm2_numbers

_SIGNER_ID = b"1234567812345678"


class PureSm2:
    """Signatures by gmalg."""

    name = "pure"

    def new_pair(self) -> tuple[bytes, bytes]:
        """(private number, point) of a fresh pair."""
        number, point = SM2(pc_mode=PC_MODE.RAW).generate_keypair()
        return number.rjust(32, b"\0"), point

    def sign(self, private: bytes, message: bytes) -> bytes:
        """The DER signature of a message under a PKCS #8 key."""
        number, point = sm2_numbers(private)
        first, second = SM2(number, _SIGNER_ID, point).sign(message)
        return signature_bytes(int.from_bytes(first, "big"), int.from_bytes(second, "big"))

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether a DER signature is right."""
        try:
            first, second = signature_numbers(signature)
            parts = first.to_bytes(32, "big"), second.to_bytes(32, "big")
            return bool(SM2(uid=_SIGNER_ID, pk=point_of(public)).verify(message, *parts))
        except (ValueError, OverflowError, gmalg.errors.GMError):
            return False
