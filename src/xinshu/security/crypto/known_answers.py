"""Known answers: each primitive of a provider is asked a question whose answer a standard prints.

Sources [sourced]: SM3 GB/T 32905-2016 A.1; SM4-GCM RFC 8998 A.1; SM2 GM/T 0003.5-2012 A.2; SHA-256 FIPS 180-4 B.1;
AES-256-GCM test case 16 of McGrew and Viega; ECDSA P-256 RFC 6979 A.2.5; HMAC RFC 4231 case
2, its key and message with SM3 too (answer of openssl 3.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from xinshu.security.crypto.encoding import p256_public, scheme_of, signature_bytes, sm2_public
from xinshu.security.crypto.errors import SealBroken, SelfTestFailed
from xinshu.security.crypto.provider import (
    CipherName,
    CryptoProvider,
    HashName,
    KeyWrapper,
    OpensMany,
    SchemeName,
    SignatureProvider,
)

_hex = bytes.fromhex
_GCM = {
    CipherName.SM4_GCM: (
        _hex("0123456789abcdeffedcba9876543210"),
        _hex("00001234567800000000abcd"),
        _hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
        b"".join(bytes((byte,)) * 8 for byte in _hex("aabbccddeeffeeaa")),
        _hex(
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
            "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
            "83de3541e4c2b58177e065a9bf7b62ec"
        ),
    ),
    CipherName.AES_GCM: (
        _hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
        _hex("cafebabefacedbaddecaf888"),
        _hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
        _hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
        ),
        _hex(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ),
}
_DIGESTS = {
    HashName.SM3: _hex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    HashName.SHA256: _hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
}
_MACS = {
    HashName.SM3: _hex("2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882"),
    HashName.SHA256: _hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
}
# Scheme: public key, message, signature.
_SIGNED = {
    SchemeName.SM2: (
        sm2_public(
            _hex(
                "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
                "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
            )
        ),
        b"message digest",
        signature_bytes(
            0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3,
            0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA,
        ),
    ),
    SchemeName.ECDSA_P256: (
        p256_public(
            _hex(
                "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
            )
        ),
        b"sample",
        signature_bytes(
            0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
            0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
        ),
    ),
}


def require_right(provider: CryptoProvider) -> None:
    """Ask a provider everything.

    Raises:
        SelfTestFailed: names the provider and the first primitive that answers wrongly or not at all.
    """
    for name, expected in _DIGESTS.items():
        _ask(provider, name, partial(_digests, provider, name, expected))
    for name, expected in _MACS.items():
        _ask(provider, f"hmac-{name}", partial(_macs, provider, name, expected))
    for cipher in CipherName:
        _ask(provider, cipher, partial(_opens, provider, cipher))
        _ask(provider, cipher, partial(_seals, provider, cipher))
    if isinstance(provider, KeyWrapper):
        _ask(provider, "wrap", partial(_wraps, provider))
    require_right_signatures(provider)


def require_right_signatures(provider: SignatureProvider, schemes: Iterable[SchemeName] = SchemeName) -> None:
    """The part about signatures. Raises SelfTestFailed."""
    for scheme in schemes:
        _ask(provider, scheme, partial(_verifies, provider, scheme))
        _ask(provider, scheme, partial(_signs, provider, scheme))


def _ask(provider: SignatureProvider, name: str, answers_rightly: Callable[[], bool]) -> None:
    try:
        right, reason = answers_rightly(), "结果与标准给出的不同"
    except Exception as problem:  # whatever goes wrong in there, the program must not start with it
        right, reason = False, f"不能使用（{type(problem).__name__}）"
    if not right:
        raise SelfTestFailed(
            f"密码自检未通过：{provider.name} 的 {name} {reason}，程序不能启动",
            fix="检查密码模块或 libcrypto 的安装，或改设 XINSHU_CRYPTO_PROVIDER、XINSHU_SM2_PROVIDER",
        )


def _digests(provider: CryptoProvider, name: HashName, expected: bytes) -> bool:
    return provider.digest(name, b"abc") == expected


def _macs(provider: CryptoProvider, name: HashName, expected: bytes) -> bool:
    return provider.mac(name, b"Jefe", b"what do ya want for nothing?") == expected


def _opens(provider: CryptoProvider, name: CipherName) -> bool:
    """Opens what the standard prints, and does not open it anywhere else."""
    key, nonce, place, text, sealed = _GCM[name]
    try:
        provider.open(name, key, nonce + sealed, place[1:])
    except SealBroken:
        return provider.open(name, key, nonce + sealed, place) == text
    return False


def _seals(provider: CryptoProvider, name: CipherName) -> bool:
    key, _, place, text, _ = _GCM[name]
    first, second = provider.seal(name, key, [text, text], [place, place])
    if isinstance(provider, OpensMany) and provider.open_many(name, key, [first, second], [place, place]) != [
        text,
        text,
    ]:
        return False
    fresh = first[:12] != second[:12] and text[:16] not in first
    return fresh and provider.open(name, key, first, place) == text == provider.open(name, key, second, place)


def _wraps(provider: KeyWrapper) -> bool:
    secret = bytes(range(32))
    wrapped = provider.wrap_key(secret, b"here")
    try:
        provider.unwrap_key(wrapped, b"there")
    except SealBroken:
        return secret not in wrapped and provider.unwrap_key(wrapped, b"here") == secret
    return False


def _verifies(provider: SignatureProvider, scheme: SchemeName) -> bool:
    public, message, signature = _SIGNED[scheme]
    altered = signature[:-1] + bytes((signature[-1] ^ 1,))
    return (
        provider.verify(scheme, public, message, signature)
        and not provider.verify(scheme, public, message + b"!", signature)
        and not provider.verify(scheme, public, message, altered)
    )


def _signs(provider: SignatureProvider, scheme: SchemeName) -> bool:
    key = provider.new_signing_key(scheme)
    signature = provider.sign(scheme, key.private, b"abc")
    return scheme_of(key.public) is scheme and provider.verify(scheme, key.public, b"abc", signature)
