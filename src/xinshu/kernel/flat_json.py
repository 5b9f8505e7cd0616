"""Values of wanted names in many flat JSON objects (texts and nulls only), found by a compiled loop.

The texts stay as they are written, quotes and escapes included: what is found can be put into other JSON as it is.
Source: RFC 8259.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import orjson

from xinshu.kernel.compiled import WORD, compiled, load_word

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

ABSENT = -1
NULL = 0


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Several lists of names; each text is searched for those of one list."""

    data: Bytes
    starts: Small
    sizes: Small
    firsts: Small  # list l has the names firsts[l] to firsts[l + 1]
    widest: int

    @classmethod
    def of(cls, lists: Sequence[Sequence[str]]) -> Self:
        """From the names themselves."""
        names = [name.encode() for each in lists for name in each]
        sizes = np.array([len(each) for each in names], dtype=np.int32)
        firsts = np.cumsum([0, *map(len, lists)], dtype=np.int32)
        data = np.frombuffer(bytearray(b"".join(names) + bytes(WORD)), dtype=np.uint8)
        return cls(data, np.cumsum(sizes, dtype=np.int32) - sizes, sizes, firsts, max(map(len, lists), default=0))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where the values lie: text r's value of the c-th name of its list is `data[starts[r, c]:][:sizes[r, c]]`, with its
    quotes; size `ABSENT` without one, `NULL` for null. `data` ends with bytes of no meaning."""

    data: Bytes
    starts: Ints
    sizes: Small


def find(texts: Sequence[bytes], lists: Small, names: Names) -> Found:
    """Look into each text for the names of its list. A name that stands there twice has its last value.

    Raises:
        ValueError: a text is no object of texts and nulls.
    """
    found, odd = _look(texts, lists, names, settled=False)
    if odd.any():  # spaced, or with escapes where nobody writes them
        plain = [_plain(text) if strange else text for text, strange in zip(texts, odd.tolist(), strict=True)]
        found, odd = _look(plain, lists, names, settled=True)
        if odd.any():
            raise ValueError("a text is no flat object")
    return found


def _look(texts: Sequence[bytes], lists: Small, names: Names, *, settled: bool) -> tuple[Found, npt.NDArray[np.bool_]]:
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    ends = np.cumsum(sizes)
    data = np.frombuffer(bytearray(b"").join([*texts, bytes(WORD)]), dtype=np.uint8)
    shape = (len(texts), names.widest)
    starts, lengths = np.zeros(shape, dtype=np.int64), np.full(shape, ABSENT, dtype=np.int32)
    odd = np.zeros(len(texts), dtype=np.bool_)
    _find(
        data,
        ends - sizes,
        ends,
        lists,
        names.data,
        names.starts,
        names.sizes,
        names.firsts,
        settled,
        starts,
        lengths,
        odd,
    )
    return Found(data, starts, lengths), odd


def _plain(text: bytes) -> bytes:
    """The same object as orjson writes it: no blanks, no escapes but of signs that control."""
    found = orjson.loads(text)
    if not isinstance(found, dict) or not all(value is None or isinstance(value, str) for value in found.values()):
        raise ValueError("a text is no flat object")
    return orjson.dumps(found)


_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_QUOTES = np.uint64(0x2222222222222222)
_SLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)


@compiled()
def _closing(data: Bytes, at: int, end: int) -> tuple[int, bool]:
    """(place of the quote that ends the text begun before `at`, or `end`; whether it holds an escape by number)."""
    numbered = False
    while at < end:
        word = load_word(data, at)
        quotes, slashes = word ^ _QUOTES, word ^ _SLASHES
        hit = ((quotes - _ONES) & ~quotes | (slashes - _ONES) & ~slashes) & _HIGH
        if hit == 0:
            at += 8
            continue
        while data[at] != 0x22 and data[at] != 0x5C:
            at += 1
        if at >= end or data[at] == 0x22:
            return min(at, end), numbered
        numbered = numbered or data[at + 1] == 0x75
        at += 2
    return end, numbered


@compiled()
def _same(data: Bytes, at: int, other: Bytes, start: int, size: int) -> bool:
    byte = 0
    while byte < size and data[at + byte] == other[start + byte]:
        byte += 1
    return byte == size


@compiled()
def _value(data: Bytes, at: int, end: int, settled: bool) -> tuple[int, int]:
    """(place after the value that begins at `at`, its bytes: 0 for null, -1 where it is none that is known)."""
    if data[at] == 0x22:
        stop, numbered = _closing(data, at + 1, end)
        if stop >= end or (numbered and not settled):
            return end, -1
        return stop + 1, stop + 1 - at
    null = data[at] == 0x6E and data[at + 1] == 0x75 and data[at + 2] == 0x6C and data[at + 3] == 0x6C
    if at + 4 <= end and null:
        return at + 4, 0
    return end, -1


@compiled()
def _which(
    data: Bytes, at: int, size: int, names: Bytes, starts: Small, sizes: Small, first: int, last: int, likely: int
) -> int:
    """The name among `first` to `last` that stands at `at`, -1 for none; `likely`: where to begin."""
    for _ in range(last - first):
        if likely == last:
            likely = first
        if sizes[likely] == size and _same(data, at, names, starts[likely], size):
            return likely
        likely += 1
    return -1


@compiled(
    "void(uint8[::1], int64[::1], int64[::1], int32[::1], uint8[::1], int32[::1], int32[::1], int32[::1], boolean,"
    " int64[:, ::1], int32[:, ::1], boolean[::1])"
)
def _find(
    data: Bytes,
    begins: Ints,
    ends: Ints,
    lists: Small,
    names: Bytes,
    name_starts: Small,
    name_sizes: Small,
    firsts: Small,
    settled: bool,
    starts: Ints,
    sizes: Small,
    odd: npt.NDArray[np.bool_],
) -> None:
    for row in range(len(begins)):
        at, end = begins[row] + 1, ends[row] - 1
        first, last = firsts[lists[row]], firsts[lists[row] + 1]
        likely = first
        odd[row] = end < at or data[at - 1] != 0x7B or data[end] != 0x7D
        while at < end and not odd[row]:
            odd[row] = True  # until the pair is read to its end
            key = at + 1
            close, numbered = _closing(data, key, end)
            if data[at] != 0x22 or close + 1 >= end or numbered or data[close + 1] != 0x3A:
                break
            start = close + 2
            at, length = _value(data, start, end, settled)
            if length < 0 or (at < end and (data[at] != 0x2C or at + 1 == end)):
                break
            which = _which(data, key, close - key, names, name_starts, name_sizes, first, last, likely)
            if which >= 0:
                starts[row, which - first] = start
                sizes[row, which - first] = length
                likely = which + 1
            at += 1
            odd[row] = False
