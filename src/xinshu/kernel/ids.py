"""Surrogate ids (UUID version 7) and the short ids that stand in public addresses.

Source: RFC 9562 section 5.7 and 6.2 method 2; the public form is ours [proposed].
"""

from __future__ import annotations

import hashlib
import os
import re
from array import array
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from uuid import UUID

PUBLIC_ID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U
PUBLIC_ID_LENGTH = 16
PUBLIC_ID_SHAPE = f"^[{PUBLIC_ID_ALPHABET}]{{16}}$"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_RANDOM_BITS = 74  # 12 of rand_a, 62 of rand_b
_RANDOM_BYTES = 10
_STEP_BYTES = 4
_BATCH_LIMIT = 1 << 31
_PAIRS = [one + other for one in PUBLIC_ID_ALPHABET for other in PUBLIC_ID_ALPHABET]  # 10 bits: two characters
_PAIR_SHIFTS = range(70, -1, -10)
_READ_AS = str.maketrans("ILO", "110")
_PUBLIC = re.compile(PUBLIC_ID_SHAPE[:-1] + r"\Z")


def uuid7(now: datetime, random: bytes | None = None) -> UUID:
    """A version-7 id: 48 bits of milliseconds since 1970, then 74 random bits.

    Args:
        now: an instant with time zone, 1970 or later.
        random: at least 10 bytes to use instead of the system's randomness.
    Raises:
        ValueError: no time zone, before 1970, or too few random bytes.
    """
    random = os.urandom(_RANDOM_BYTES) if random is None else random
    if len(random) < _RANDOM_BYTES:
        raise ValueError("an id needs 10 random bytes")
    tail = int.from_bytes(random[:_RANDOM_BYTES], "big") >> (8 * _RANDOM_BYTES - _RANDOM_BITS)
    return _assemble(_stamp(now), tail)


def uuid7_bytes(now: datetime, count: int, random_bytes: Callable[[int], bytes] = os.urandom) -> list[bytes]:
    """The bytes of `count` ids of one instant, strictly increasing: a random start, then random steps of 1 to 2**32.

    Raises ValueError as `uuid7`, and for a count below zero or above 2**31.
    """
    if not 0 <= count <= _BATCH_LIMIT:
        raise ValueError("count of ids out of range")
    stamp = _stamp(now)
    first = int.from_bytes(random_bytes(_RANDOM_BYTES), "big") >> (8 * _RANDOM_BYTES - _RANDOM_BITS + 1)
    steps = array("I", random_bytes(_STEP_BYTES * count))
    tails = accumulate((step + 1 for step in steps), initial=first)  # first < 2**73, the steps sum below 2**64
    next(tails)
    return [(stamp | (tail >> 62) << 64 | tail & 0x3FFF_FFFF_FFFF_FFFF).to_bytes(16, "big") for tail in tails]


def uuid7_batch(now: datetime, count: int, random_bytes: Callable[[int], bytes] = os.urandom) -> list[UUID]:
    """The same as `uuid7_bytes`, as UUID objects."""
    return [UUID(bytes=each) for each in uuid7_bytes(now, count, random_bytes)]


def _stamp(now: datetime) -> int:
    if now.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    milliseconds = (now - _EPOCH) // _MILLISECOND
    if milliseconds < 0:
        raise ValueError("an id cannot be older than 1970")
    return milliseconds << 80 | 0x7 << 76 | 0b10 << 62


def _assemble(stamp: int, tail: int) -> UUID:
    return UUID(int=stamp | (tail >> 62) << 64 | tail & 0x3FFF_FFFF_FFFF_FFFF)


def public_id(value: UUID) -> str:
    """The public form of an id: 16 characters (80 bits) of its SHA-256, always the same for the same id.

    It tells neither the time nor the neighbours of the id. Two of 10**9 ids meet with probability below 10**-6; the
    column that keeps it is unique all the same.
    """
    bits = int.from_bytes(hashlib.sha256(value.bytes).digest()[:10], "big")
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _PAIR_SHIFTS])


def is_public_id(text: str) -> bool:
    """Whether the text is a public id in its canonical form."""
    return _PUBLIC.match(text) is not None


def public_id_bytes(public: str) -> bytes:
    """The ten bytes that a canonical public id stands for."""
    bits = 0
    for char in public:
        bits = bits << 5 | PUBLIC_ID_ALPHABET.index(char)
    return bits.to_bytes(10, "big")


def read_public_id(text: str) -> str | None:
    """The canonical public id in what a person typed (case, gaps, hyphens; I and L read as 1, O as 0), or None."""
    if not text.isascii():
        return None
    value = text.strip().replace("-", "").replace(" ", "").upper().translate(_READ_AS)
    return value if is_public_id(value) else None
