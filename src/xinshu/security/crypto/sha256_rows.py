"""SHA-256 of many rows of texts at once, by the processor's own instructions where it has them, else by hashlib.

Source: FIPS 180-4; the order of the instructions: Intel, "Intel SHA Extensions" (2013), figures 3 to 5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import config, types
from numba.core.cgutils import get_item_pointer
from numba.extending import intrinsic

from xinshu.kernel.cells import Bytes, Places
from xinshu.kernel.compiled import compiled
from xinshu.kernel.packing import copy_bytes

Words = npt.NDArray[np.uint32]

DIGEST = 32
_BLOCK = 64
_ENDING = 9  # a one and the length
_item_pointer: Any = get_item_pointer
_host: Any = get_host_cpu_features
_config: Any = config

IN_HARDWARE = bool(_host().get("sha")) and not (_config.CPU_NAME or _config.CPU_FEATURES or _config.DISABLE_JIT)
"""Whether this processor has the instructions, and compiled code is for this processor."""


def _roots(power: int, count: int) -> list[int]:
    """The first 32 bits of the fractional parts of the roots of the first primes: the constants of FIPS 180-4."""
    primes = [n for n in range(2, 312) if all(n % other for other in range(2, int(n**0.5) + 1))][:count]
    return [_root(prime << (32 * power), power) & 0xFFFFFFFF for prime in primes]


def _root(number: int, power: int) -> int:
    low, high = 0, 1 << (number.bit_length() // power + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**power <= number else (low, middle)
    return low


_ROUND = _roots(3, 64)
_A, _B, _C, _D, _E, _F, _G, _H = _roots(2, 8)
_FIRST = np.array([_F, _E, _B, _A, _H, _G, _D, _C], dtype=np.uint32)  # as the instructions want them


def digest_rows(secret: bytes, buffer: Bytes, starts: Places, sizes: Places) -> npt.NDArray[np.uint8]:
    """The SHA-256 of the secret and each row's texts one after another; shape (rows, 32).

    Args:
        starts, sizes: of the texts in `buffer`, shape (texts, rows).
    """
    return (by_instructions if _RIGHT else by_library)(secret, buffer, starts, sizes)


def by_library(secret: bytes, buffer: Bytes, starts: Places, sizes: Places) -> npt.NDArray[np.uint8]:
    """The same, by hashlib."""
    whole, rows = buffer.data, starts.shape[1]
    ends = starts.astype(np.int64) + sizes
    spans = [zip(one.tolist(), end.tolist(), strict=True) for one, end in zip(starts, ends, strict=True)]
    found = [
        hashlib.sha256(b"".join((secret, *(whole[start:end] for start, end in row)))).digest()
        for row in zip(*spans, strict=True)
    ]
    return np.frombuffer(b"".join(found), dtype=np.uint8).reshape(rows, DIGEST)


def by_instructions(secret: bytes, buffer: Bytes, starts: Places, sizes: Places) -> npt.NDArray[np.uint8]:
    """The same, where `IN_HARDWARE`."""
    rows = starts.shape[1]
    digests = np.empty((rows, DIGEST // 4), dtype=np.uint32)
    longest = len(secret) + int(sizes.sum(axis=0, dtype=np.int64).max(initial=0)) + _ENDING + _BLOCK
    _digest(
        np.frombuffer(bytearray(secret), dtype=np.uint8),
        buffer,
        np.ascontiguousarray(starts),
        np.ascontiguousarray(sizes),
        _FIRST,
        np.empty(longest, dtype=np.uint8),
        digests,
    )
    return digests.byteswap().view(np.uint8).reshape(rows, DIGEST)


_LANES = ir.VectorType(ir.IntType(32), 4)


class _Maker:
    """Writes the instructions of one block."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self._builder = builder

    def load(self, pointer: Any) -> Any:
        """Four words as they lie."""
        loaded = self._builder.load(self._builder.bitcast(pointer, _LANES.as_pointer()))
        loaded.align = 1
        return loaded

    def store(self, value: Any, pointer: Any) -> None:
        """Put four words back."""
        stored = self._builder.store(value, self._builder.bitcast(pointer, _LANES.as_pointer()))
        stored.align = 1

    def at(self, pointer: Any, offset: int) -> Any:
        """A place further on."""
        return self._builder.gep(pointer, [ir.Constant(ir.IntType(64), offset)])

    def lanes(self, one: Any, other: Any, places: list[int]) -> Any:
        """Lanes of two vectors, counted from the first of the first."""
        kind = ir.VectorType(ir.IntType(32), len(places))
        return self._builder.shuffle_vector(one, other, ir.Constant(kind, places))

    def call(self, name: str, *values: Any) -> Any:
        """One of the instructions."""
        kind = ir.FunctionType(_LANES, [_LANES] * len(values))
        function = self._builder.module.declare_intrinsic(f"llvm.x86.sha256{name}", (), kind)
        return self._builder.call(function, values)

    def words(self, pointer: Any) -> Any:
        """Four words of a message, which has its bytes the other way round."""
        kind = ir.VectorType(ir.IntType(8), 16)
        turned = [place ^ 3 for place in range(16)]
        as_bytes = self._builder.bitcast(self.load(pointer), kind)
        order = ir.Constant(ir.VectorType(ir.IntType(32), 16), turned)
        return self._builder.bitcast(self._builder.shuffle_vector(as_bytes, as_bytes, order), _LANES)

    def block(self, state: Any, message: Any) -> None:
        """Work one block of 64 bytes into the state."""
        add = self._builder.add
        upper, lower = before = self.load(state), self.load(self.at(state, 4))
        schedule = [self.words(self.at(message, 16 * place)) for place in range(4)]
        for number in range(16):
            if number > 3:
                four, three, two, one = schedule[-4:]
                part = add(self.call("msg1", four, three), self.lanes(two, one, [1, 2, 3, 4]))
                schedule.append(self.call("msg2", part, one))
            keyed = add(schedule[number], ir.Constant(_LANES, _ROUND[4 * number : 4 * number + 4]))
            lower = self.call("rnds2", lower, upper, keyed)
            upper = self.call("rnds2", upper, lower, self.lanes(keyed, keyed, [2, 3, 2, 3]))
        self.store(add(upper, before[0]), state)
        self.store(add(lower, before[1]), self.at(state, 4))


@intrinsic
def _block(typing: Any, state: Any, message: Any, place: Any) -> Any:  # pragma: no cover - runs inside compiled code
    del typing

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointers = []
        zero = ir.Constant(ir.IntType(64), 0)
        for array, index in ((0, zero), (1, context.cast(builder, values[2], signature.args[2], types.intp))):
            kind = signature.args[array]
            view = context.make_array(kind)(context, builder, values[array])
            pointers.append(_item_pointer(context, builder, kind, view, [index], wraparound=False))
        _Maker(builder).block(*pointers)
        return context.get_dummy_value()

    return types.void(state, message, place), generate


_work_in = cast(Callable[[Any, Any, Any], None], _block)


def _digest(
    secret: Bytes, buffer: Bytes, starts: Places, sizes: Places, first: Words, message: Bytes, digests: Words
) -> None:  # pragma: no cover - runs inside compiled code
    state = first.copy()
    for row in range(starts.shape[1]):
        place = len(secret)
        copy_bytes(message, 0, secret, 0, place)
        for text in range(starts.shape[0]):
            copy_bytes(message, place, buffer, starts[text, row], sizes[text, row])
            place += sizes[text, row]
        bits, end = 8 * place, (place + _ENDING + _BLOCK - 1) // _BLOCK * _BLOCK
        message[place] = 0x80
        message[place + 1 : end - 8] = 0
        for byte in range(8):
            message[end - 1 - byte] = bits >> (8 * byte) & 0xFF
        state[:] = first
        for block in range(0, end, _BLOCK):
            _work_in(state, message, block)
        digest = digests[row]
        digest[0], digest[1], digest[2], digest[3] = state[3], state[2], state[7], state[6]
        digest[4], digest[5], digest[6], digest[7] = state[1], state[0], state[5], state[4]


if IN_HARDWARE:
    _digest = compiled(
        "void(uint8[::1], uint8[::1], int32[:, ::1], int32[:, ::1], uint32[::1], uint8[::1], uint32[:, ::1])"
    )(_digest)


def _answers_rightly() -> bool:
    """The examples of FIPS 180-4, B.1 and B.2."""
    message = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    buffer = np.frombuffer(bytearray(message), dtype=np.uint8)
    starts, sizes = np.zeros((1, 2), dtype=np.int32), np.array([[3, len(message)]], dtype=np.int32)
    return [each.tobytes().hex() for each in by_instructions(b"", buffer, starts, sizes)] == [
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ]


_RIGHT = IN_HARDWARE and _answers_rightly()
