"""Cryptography of the platform: providers, keys, signatures; the only place that touches primitives (docs/crypto.md).

What other packages use is named here. Sealing of cells and files is `security.sealing`.
"""

from __future__ import annotations

from xinshu.security.crypto.chosen import Suite, start_crypto
from xinshu.security.crypto.signing import (
    Signature,
    Signer,
    key_id_of,
    public_key_pem,
    sha256,
    signer,
    signing_keys,
    sm3,
    verify_signature,
)

__all__ = [
    "Signature",
    "Signer",
    "Suite",
    "key_id_of",
    "public_key_pem",
    "sha256",
    "signer",
    "signing_keys",
    "sm3",
    "start_crypto",
    "verify_signature",
]
