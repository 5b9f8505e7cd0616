"""How SM2 keys and signatures are written: PEM and DER of fixed length, without a parser.

Source: RFC 5480 (SubjectPublicKeyInfo), RFC 5958 (PKCS #8), GM/T 0006 for the curve 1.2.156.10197.1.301 [sourced].
"""

from __future__ import annotations

import base64
import binascii

from xinshu.security.crypto.errors import PublicKeyInvalid
from xinshu.security.crypto.provider import SchemeName

# SEQUENCE { SEQUENCE { id-ecPublicKey, curve SM2 }, BIT STRING } up to the point, 65 bytes.
_SM2_PUBLIC = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_P256_PUBLIC = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
# PKCS #8 with ECPrivateKey up to the private number, 32 bytes; then [1] BIT STRING with the point.
_SM2_PRIVATE = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_THEN_PUBLIC = bytes.fromhex("a144034200")
_NUMBER, _POINT = 32, 65
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


def sm2_public(point: bytes) -> bytes:
    """SubjectPublicKeyInfo of a point 04‖x‖y."""
    return _SM2_PUBLIC + point


def p256_public(point: bytes) -> bytes:
    """SubjectPublicKeyInfo of a point 04‖x‖y of P-256."""
    return _P256_PUBLIC + point


def sm2_private(number: bytes, point: bytes) -> bytes:
    """PKCS #8 of a private number (32 bytes) and its point."""
    return _SM2_PRIVATE + number + _THEN_PUBLIC + point


def sm2_numbers(private: bytes) -> tuple[bytes, bytes]:
    """(private number, point) of what `sm2_private` gave."""
    start = len(_SM2_PRIVATE)
    return private[start : start + _NUMBER], private[-_POINT:]


def point_of(public: bytes) -> bytes:
    """The point 04‖x‖y of a SubjectPublicKeyInfo."""
    return public[-_POINT:]


def scheme_of(public: bytes) -> SchemeName:
    """Which scheme a SubjectPublicKeyInfo (DER) is for. Raises PublicKeyInvalid."""
    if len(public) == len(_SM2_PUBLIC) + _POINT and public[len(_SM2_PUBLIC)] == 4:
        if public.startswith(_SM2_PUBLIC):
            return SchemeName.SM2
        if public.startswith(_P256_PUBLIC):
            return SchemeName.ECDSA_P256
    raise PublicKeyInvalid("公钥不是 SM2 或 P-256 公钥", fix="使用 xinshu keys public 导出的公钥文件")


def to_pem(der: bytes, kind: str = "PUBLIC KEY") -> bytes:
    """PEM (RFC 7468) of a SubjectPublicKeyInfo, or of what else `kind` names."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""]).encode()


def to_der(public: bytes) -> bytes:
    """SubjectPublicKeyInfo from PEM or from itself. Raises PublicKeyInvalid."""
    if not public.lstrip().startswith(b"-----"):
        scheme_of(public)
        return public
    try:
        text = public.decode("ascii").strip().replace("\r", "")
        if not (text.startswith(_BEGIN) and text.endswith(_END)):
            raise ValueError
        der = base64.b64decode(text[len(_BEGIN) : -len(_END)].replace("\n", ""), validate=True)
    except (ValueError, binascii.Error):
        raise PublicKeyInvalid("公钥文件不是 PEM 格式", fix="使用 xinshu keys public 导出的公钥文件") from None
    scheme_of(der)
    return der


def signature_numbers(signature: bytes) -> tuple[int, int]:
    """(r, s) of a DER signature in its one right form. Raises ValueError."""
    if len(signature) < 8 or signature[0] != 0x30 or signature[1] != len(signature) - 2:
        raise ValueError("not a signature")
    first, rest = _integer(signature[2:])
    second, end = _integer(rest)
    if end or signature_bytes(first, second) != signature:
        raise ValueError("not a signature")
    return first, second


def signature_bytes(first: int, second: int) -> bytes:
    """DER of (r, s)."""
    body = b"".join(
        b"\x02" + bytes((len(each),)) + each
        for each in (value.to_bytes(value.bit_length() // 8 + 1, "big") for value in (first, second))
    )
    return b"\x30" + bytes((len(body),)) + body


def _integer(data: bytes) -> tuple[int, bytes]:
    if len(data) < 3 or data[0] != 2 or not 0 < data[1] <= len(data) - 2:
        raise ValueError("not a signature")
    return int.from_bytes(data[2 : 2 + data[1]], "big"), data[2 + data[1] :]
