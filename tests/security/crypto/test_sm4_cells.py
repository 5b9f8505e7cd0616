"""The compiled SM4-GCM against the standard and against OpenSSL."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from xinshu.security.crypto.errors import SealBroken
from xinshu.security.crypto.known_answers import _GCM
from xinshu.security.crypto.provider import CipherName
from xinshu.security.crypto.sm4_cells import open_cells, seal_cells
from xinshu.security.crypto.soft import SoftProvider


def openssl(key, value, place, nonce):
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(place)
    return nonce + encryptor.update(value) + encryptor.finalize() + encryptor.tag


def test_the_vector_of_rfc_8998():
    key, nonce, place, text, sealed = _GCM[CipherName.SM4_GCM]
    assert seal_cells(key, [text], [place], nonce) == [nonce + sealed]


@pytest.mark.parametrize("seed", range(20))
def test_equal_to_openssl_at_every_length(seed):
    chance = random.Random(seed)
    key = chance.randbytes(16)
    values = [chance.randbytes(chance.choice([0, 1, 15, 16, 17, 31, 100, 999])) for _ in range(20)]
    places = [chance.randbytes(chance.choice([0, 1, 16, 44])) for _ in values]
    nonces = chance.randbytes(12 * len(values))
    expected = [
        openssl(key, value, place, nonces[12 * at : 12 * at + 12])
        for at, (value, place) in enumerate(zip(values, places, strict=True))
    ]
    assert seal_cells(key, values, places, nonces) == expected
    assert open_cells(key, expected, places) == values


def test_nothing_gives_nothing():
    assert seal_cells(bytes(16), [], [], b"") == []
    assert open_cells(bytes(16), [], []) == []


def test_many_short_cells_open_at_their_place_only():
    provider, values, places = SoftProvider(), [b"a", b"b" * 40], [b"one", b"two"]
    sealed = provider.seal(CipherName.SM4_GCM, bytes(16), values, places)
    opened = [provider.open(CipherName.SM4_GCM, bytes(16), *pair) for pair in zip(sealed, places, strict=True)]
    assert opened == values
    assert sealed[0][:12] != sealed[1][:12]
    with pytest.raises(SealBroken):
        provider.open(CipherName.SM4_GCM, bytes(16), sealed[0], b"two")


@pytest.mark.parametrize("bit", range(0, 8 * (12 + 40 + 16), 7))
def test_one_changed_bit_keeps_all_shut(bit):
    provider, values, places = SoftProvider(), [b"a", b"b" * 40, b""] * 20, [b"one", b"two", b"three"] * 20
    sealed = provider.seal(CipherName.SM4_GCM, bytes(16), values, places)
    assert provider.open_many(CipherName.SM4_GCM, bytes(16), sealed, places) == values
    changed = bytearray(sealed[1])
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        provider.open_many(CipherName.SM4_GCM, bytes(16), [sealed[0], bytes(changed), *sealed[2:]], places)


def test_many_do_not_open_at_one_anothers_places():
    provider, values, places = SoftProvider(), [b"a", b"b"] * 30, [b"one", b"two"] * 30
    sealed = provider.seal(CipherName.SM4_GCM, bytes(16), values, places)
    with pytest.raises(SealBroken):
        provider.open_many(CipherName.SM4_GCM, bytes(16), sealed, places[::-1])
    with pytest.raises(SealBroken):
        provider.open_many(CipherName.SM4_GCM, bytes(16), [sealed[0][:27], *sealed[1:]], places)
