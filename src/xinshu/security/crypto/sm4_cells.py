"""SM4-GCM for many short values at once, compiled: OpenSSL needs ten times as long to set up a value as to encrypt it.

For the provider `soft` only. Whatever it seals is opened by OpenSSL too and the other way round, and the known answers of
the provider compare the two at every start. When one tag of many is wrong no value is told. Tables stand in memory as in
OpenSSL's own SM4, so this is no more and no less open to timing by a neighbour on the machine. Source: GB/T 32907-2016
(SM4), RFC 8998 section 3 (SM4-GCM), NIST SP 800-38D (GCM). Why: docs/decisions/0014-loading-in-columns.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from xinshu.kernel.compiled import compiled

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]
Table = npt.NDArray[np.uint64]

NONCE, TAG = 12, 16
_BLOCK = 16
_BOX = bytes.fromhex(
    "d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa441326498606999c4250f491ef987a33540b43edcfac62"
    "e4b31ca9c908e89580df94fa758f3fa64707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35"
    "1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89eeabf8ad240c738b5a3f7f2cef96115a1"
    "e0ae5da49b341a55ad933230f58cb1e31df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51"
    "8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b08969974a0c96777e65b9f109c56ec684"
    "18f07dec3adc4d2079ee5f3ed7cb3948"
)
_FAMILY = (0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC)
_REDUCED = 0xE1 << 120  # x^128 = 1 + x + x^2 + x^7, bits in the order of GCM


def _turned(word: int, by: int) -> int:
    return (word << by | word >> (32 - by)) & 0xFFFFFFFF


def _substituted(word: int) -> int:
    return int.from_bytes(bytes(_BOX[byte] for byte in word.to_bytes(4, "big")), "big")


def _spread(word: int) -> int:
    return word ^ _turned(word, 2) ^ _turned(word, 10) ^ _turned(word, 18) ^ _turned(word, 24)


_ROUND: Words = np.array([[_spread(byte << shift) for byte in _BOX] for shift in (24, 16, 8, 0)], dtype=np.uint32)


def round_keys(key: bytes) -> Words:
    """The 32 round keys of a key of 16 bytes."""
    words = [int.from_bytes(key[at : at + 4], "big") ^ _FAMILY[at // 4] for at in range(0, _BLOCK, 4)]
    for number in range(32):
        constant = int.from_bytes(bytes((4 * number + place) * 7 % 256 for place in range(4)), "big")
        mixed = _substituted(words[-3] ^ words[-2] ^ words[-1] ^ constant)
        words.append(words[-4] ^ mixed ^ _turned(mixed, 13) ^ _turned(mixed, 23))
    return np.array(words[4:], dtype=np.uint32)


def _times_x(value: int) -> int:
    return value >> 1 ^ (_REDUCED if value & 1 else 0)


def _multiples(hash_key: int) -> Table:
    """Every byte times the hash key: shape (256, 2), high and low half."""
    powers = [hash_key]
    for _ in range(7):
        powers.append(_times_x(powers[-1]))
    products = []
    for byte in range(256):
        product = 0
        for place, power in enumerate(powers):
            product ^= power if byte & 0x80 >> place else 0
        products.append((product >> 64, product & 0xFFFF_FFFF_FFFF_FFFF))
    return np.array(products, dtype=np.uint64)


def _remainders() -> Table:
    """What a byte pushed out at the low end adds to the high half."""
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = _times_x(value)
        found.append(value >> 64)
    return np.array(found, dtype=np.uint64)


_REMAINDERS = _remainders()


@compiled("void(uint32[::1], uint32[:, ::1], uint32[::1])")
def _encrypt(keys: Words, table: Words, block: Words) -> None:
    a, b, c, d = block[0], block[1], block[2], block[3]
    for at in range(32):
        mixed = b ^ c ^ d ^ keys[at]
        fresh = (
            a ^ table[0, mixed >> 24] ^ table[1, mixed >> 16 & 255] ^ table[2, mixed >> 8 & 255] ^ table[3, mixed & 255]
        )
        a, b, c, d = b, c, d, fresh
    block[0], block[1], block[2], block[3] = d, c, b, a


@compiled("void(uint64[::1], uint64[:, ::1], uint64[::1])")
def _multiply(state: Table, multiples: Table, remainders: Table) -> None:
    high, low = np.uint64(0), np.uint64(0)
    eight, rest = np.uint64(8), np.uint64(56)
    for place in range(_BLOCK):
        half = state[1] if place < 8 else state[0]
        byte = half >> np.uint64(8 * (place & 7)) & np.uint64(255)
        out = low & np.uint64(255)
        low = low >> eight | high << rest
        high = high >> eight ^ remainders[out]
        high ^= multiples[byte, 0]
        low ^= multiples[byte, 1]
    state[0], state[1] = high, low


@compiled("void(uint64[::1], uint64[:, ::1], uint64[::1], uint8[::1], int64, int64)")
def _absorb(state: Table, multiples: Table, remainders: Table, data: Bytes, start: int, size: int) -> None:
    for at in range(0, size, _BLOCK):
        for place in range(min(_BLOCK, size - at)):
            shift = np.uint64(56 - 8 * (place & 7))
            state[place >> 3] ^= np.uint64(data[start + at + place]) << shift
        _multiply(state, multiples, remainders)


@compiled(
    "void(uint32[::1], uint32[:, ::1], uint64[:, ::1], uint64[::1], uint8[::1], int64[::1], uint8[::1], int64[::1],"
    " uint8[::1], uint8[::1])"
)
def _seal_all(
    keys: Words,
    table: Words,
    multiples: Table,
    remainders: Table,
    values: Bytes,
    ends: Places,
    places: Bytes,
    place_ends: Places,
    nonces: Bytes,
    sealed: Bytes,
) -> None:
    block, first = np.empty(4, dtype=np.uint32), np.empty(4, dtype=np.uint32)
    state = np.empty(2, dtype=np.uint64)
    start, place, out = 0, 0, 0
    for number in range(len(ends)):
        size, place_size = ends[number] - start, place_ends[number] - place
        state[:] = 0
        _absorb(state, multiples, remainders, places, place, place_size)
        for at in range(NONCE):
            sealed[out + at] = nonces[number * NONCE + at]
        for word in range(3):
            first[word] = 0
            for at in range(4):
                first[word] = first[word] << 8 | nonces[number * NONCE + 4 * word + at]
        body = out + NONCE
        for at in range(0, size, _BLOCK):
            block[:3] = first[:3]
            block[3] = 2 + at // _BLOCK
            _encrypt(keys, table, block)
            for byte in range(min(_BLOCK, size - at)):
                stream = block[byte >> 2] >> (24 - 8 * (byte & 3)) & 255
                sealed[body + at + byte] = values[start + at + byte] ^ stream
        _absorb(state, multiples, remainders, sealed, body, size)
        state[0] ^= np.uint64(8 * place_size)
        state[1] ^= np.uint64(8 * size)
        _multiply(state, multiples, remainders)
        block[:3] = first[:3]
        block[3] = 1
        _encrypt(keys, table, block)
        state[0] ^= np.uint64(block[0]) << np.uint64(32) | np.uint64(block[1])
        state[1] ^= np.uint64(block[2]) << np.uint64(32) | np.uint64(block[3])
        for at in range(TAG):
            sealed[body + size + at] = state[at >> 3] >> np.uint64(56 - 8 * (at & 7)) & np.uint64(255)
        start, place, out = ends[number], place_ends[number], body + size + TAG


@compiled(
    "int64(uint32[::1], uint32[:, ::1], uint64[:, ::1], uint64[::1], uint8[::1], int64[::1], uint8[::1], int64[::1],"
    " uint8[::1])"
)
def _open_all(
    keys: Words,
    table: Words,
    multiples: Table,
    remainders: Table,
    sealed: Bytes,
    ends: Places,
    places: Bytes,
    place_ends: Places,
    values: Bytes,
) -> int:
    """How many tags are wrong."""
    block, first = np.empty(4, dtype=np.uint32), np.empty(4, dtype=np.uint32)
    state = np.empty(2, dtype=np.uint64)
    start, place, out, wrong = 0, 0, 0, 0
    for number in range(len(ends)):
        body, size = start + NONCE, ends[number] - start - NONCE - TAG
        place_size = place_ends[number] - place
        state[:] = 0
        _absorb(state, multiples, remainders, places, place, place_size)
        _absorb(state, multiples, remainders, sealed, body, size)
        state[0] ^= np.uint64(8 * place_size)
        state[1] ^= np.uint64(8 * size)
        _multiply(state, multiples, remainders)
        for word in range(3):
            first[word] = 0
            for at in range(4):
                first[word] = first[word] << 8 | sealed[start + 4 * word + at]
        block[:3] = first[:3]
        block[3] = 1
        _encrypt(keys, table, block)
        state[0] ^= np.uint64(block[0]) << np.uint64(32) | np.uint64(block[1])
        state[1] ^= np.uint64(block[2]) << np.uint64(32) | np.uint64(block[3])
        differing = np.uint64(0)
        for at in range(TAG):
            ours = state[at >> 3] >> np.uint64(56 - 8 * (at & 7)) & np.uint64(255)
            differing |= ours ^ np.uint64(sealed[body + size + at])
        wrong += differing != 0
        for at in range(0, size, _BLOCK):
            block[:3] = first[:3]
            block[3] = 2 + at // _BLOCK
            _encrypt(keys, table, block)
            for byte in range(min(_BLOCK, size - at)):
                stream = block[byte >> 2] >> (24 - 8 * (byte & 3)) & 255
                values[out + at + byte] = sealed[body + at + byte] ^ stream
        start, place, out = ends[number], place_ends[number], out + size
    return wrong


def open_cells(key: bytes, sealed: Sequence[bytes], places: Sequence[bytes]) -> list[bytes] | None:
    """The values of what `seal_cells` gave; None when a single one was changed or stands at another place.

    Args:
        key: 16 bytes. sealed: of at least nonce and tag each. places: as many.
    """
    ends = np.cumsum(np.fromiter(map(len, sealed), dtype=np.int64, count=len(sealed)))
    place_ends = np.cumsum(np.fromiter(map(len, places), dtype=np.int64, count=len(sealed)))
    stops = (ends - (NONCE + TAG) * np.arange(1, len(ends) + 1)).tolist()
    keys, multiples = _prepared(key)
    values = np.empty(stops[-1] if stops else 0, dtype=np.uint8)
    given, bound = bytearray().join(sealed), bytearray().join(places)
    wrong = _open_all(
        keys,
        _ROUND,
        multiples,
        _REMAINDERS,
        np.frombuffer(given, dtype=np.uint8),
        ends,
        np.frombuffer(bound, dtype=np.uint8),
        place_ends,
        values,
    )
    if wrong:
        return None
    whole = values.tobytes()
    return [whole[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]


@lru_cache(maxsize=4)
def _prepared(key: bytes) -> tuple[Words, Table]:
    """Round keys, and the multiples of the hash key. Kept for the few keys in use: they stay in this process as long as
    the keys themselves, which Python does not wipe either."""
    keys = round_keys(key)
    hash_key = np.zeros(4, dtype=np.uint32)
    _encrypt(keys, _ROUND, hash_key)
    return keys, _multiples(int.from_bytes(hash_key.astype(">u4").tobytes(), "big"))


def seal_cells(key: bytes, values: Sequence[bytes], places: Sequence[bytes], nonces: bytes) -> list[bytes]:
    """Each value as nonce, ciphertext, tag; its place is the associated data.

    Args:
        key: 16 bytes. nonces: 12 fresh random bytes for each value.
    """
    sizes = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    place_ends = np.cumsum(np.fromiter(map(len, places), dtype=np.int64, count=len(places)))
    keys, multiples = _prepared(key)
    ends = np.cumsum(sizes + NONCE + TAG)
    sealed = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    given, bound = bytearray().join(values), bytearray().join(places)
    _seal_all(
        keys,
        _ROUND,
        multiples,
        _REMAINDERS,
        np.frombuffer(given, dtype=np.uint8),
        np.cumsum(sizes),
        np.frombuffer(bound, dtype=np.uint8),
        place_ends,
        np.frombuffer(bytearray(nonces), dtype=np.uint8),
        sealed,
    )
    whole, stops = sealed.tobytes(), ends.tolist()
    return [whole[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]
