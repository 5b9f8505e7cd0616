"""Our ciphers against others: the vectors of RFC 8998, GmSSL for GCM, the system's openssl for CBC and CTR."""

from __future__ import annotations

import os
import shutil
import subprocess

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from xinshu.security.crypto.errors import SealBroken
from xinshu.security.crypto.provider import CipherName
from xinshu.security.crypto.soft import SoftProvider

# RFC 8998, appendix A.1
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
NONCE = bytes.fromhex("00001234567800000000ABCD")
PLACE = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
TEXT = bytes.fromhex(
    "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
    "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
)
SEALED = bytes.fromhex(
    "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
    "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
    "83DE3541E4C2B58177E065A9BF7B62EC"
)
SIZES = [0, 1, 15, 16, 17, 90, 1000]


def test_sm4_gcm_by_the_rfc(monkeypatch):
    provider = SoftProvider()
    assert provider.open(CipherName.SM4_GCM, KEY, NONCE + SEALED, PLACE) == TEXT
    monkeypatch.setattr("xinshu.security.crypto.soft.os.urandom", lambda length: NONCE[:length])
    assert provider.seal(CipherName.SM4_GCM, KEY, [TEXT], [PLACE]) == [NONCE + SEALED]
    for changed in (b"\0" + SEALED[1:], SEALED[:-1] + b"\0"):
        with pytest.raises(SealBroken):
            provider.open(CipherName.SM4_GCM, KEY, NONCE + changed, PLACE)


@pytest.mark.parametrize("size", SIZES[1:])  # GmSSL seals nothing empty
def test_a_second_library_opens_ours_and_we_open_its(size):
    provider, key, text, place = SoftProvider(), os.urandom(16), os.urandom(size), os.urandom(size // 2 + 1)
    (ours,) = provider.seal(CipherName.SM4_GCM, key, [text], [place])
    opened = gmssl_pyx.sm4_gcm_decrypt(key, iv=ours[:12], aad=place, ciphertext=ours[12:-16], tag=ours[-16:])
    assert opened == text
    nonce = os.urandom(12)
    sealed, tag = gmssl_pyx.sm4_gcm_encrypt(key, nonce, place, plaintext=text)
    assert provider.open(CipherName.SM4_GCM, key, nonce + sealed + tag, place) == text


def test_a_second_library_opens_every_cell_of_a_large_batch():
    provider, key = SoftProvider(), os.urandom(16)
    texts = [os.urandom(1 + number % 300) for number in range(3000)]
    places = [b"records_record\0sealed\0" + os.urandom(number % 40) for number in range(3000)]
    sealed = provider.seal(CipherName.SM4_GCM, key, texts, places)
    assert len({each[:12] for each in sealed}) == len(sealed)
    for text, place, cell in zip(texts, places, sealed, strict=True):
        assert gmssl_pyx.sm4_gcm_decrypt(key, iv=cell[:12], aad=place, ciphertext=cell[12:-16], tag=cell[-16:]) == text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["cbc", "ctr"])
def test_the_block_cipher_is_the_one_of_openssl(need, mode, size):
    """What lies under SM4-GCM here, in the modes that the openssl command knows."""
    openssl = shutil.which("openssl")
    need(openssl is not None, "openssl")
    key, start, text = os.urandom(16), os.urandom(16), os.urandom(size)
    command = [openssl, "enc", f"-sm4-{mode}", "-K", key.hex(), "-iv", start.hex()]
    theirs = subprocess.run(command, input=text, capture_output=True, check=True).stdout
    padding = bytes((16 - size % 16,)) * (16 - size % 16) if mode == "cbc" else b""
    chosen = modes.CBC(start) if mode == "cbc" else modes.CTR(start)
    encryptor = Cipher(algorithms.SM4(key), chosen).encryptor()
    assert encryptor.update(text + padding) + encryptor.finalize() == theirs
    back = subprocess.run([*command, "-d"], input=theirs, capture_output=True, check=True).stdout
    assert back == text
