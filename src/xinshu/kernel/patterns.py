"""Up to eight short byte patterns looked for at once in 64 places, by looking both halves of each byte up in small tables.

Each table has sixteen entries of eight bits, a bit for each pattern: whether the pattern takes that half there. A place matches a
pattern when all look-ups have its bit. Patterns take products of halves, so they often take a little more than is wanted: they are
for passing over places quickly. The method is that of Langdale and Lemire, Parsing Gigabytes of JSON per Second (2019), 3.1.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

from llvmlite import binding, ir
from numba.core import config

from xinshu.kernel.lanes import LANES, At, Lanes

Pattern = Sequence[tuple[str, str]]
"""For each byte the hexadecimal digits that its upper and its lower half may have; none stands for any."""

_numba: Any = config  # its settings are set at run time
_DIGITS = "0123456789ABCDEF"
_WIDTHS = {"avx512bw": (64, "llvm.x86.avx512.pshuf.b.512"), "avx2": (32, "llvm.x86.avx2.pshuf.b")}


def _instruction() -> tuple[int, str] | None:
    """The bytes looked up at once, and the instruction; None where there is none that this module knows."""
    if _numba.CPU_NAME or _numba.CPU_FEATURES:  # compiled for another processor
        return None
    has = binding.get_host_cpu_features()
    return next((found for feature, found in _WIDTHS.items() if has.get(feature)), None)


_LOOK_UP = _instruction()
CAN_MATCH = _LOOK_UP is not None
"""Whether `matching` can be used on this processor."""


def pattern_of(characters: str) -> Pattern:
    """A pattern that takes these characters, all of the same number of bytes."""
    encoded = [char.encode().hex().upper() for char in characters]
    halves = ["".join(sorted({each[place] for each in encoded})) for place in range(len(encoded[0]))]
    return list(zip(halves[::2], halves[1::2], strict=True))


def matching(at: At, patterns: Sequence[Pattern]) -> Lanes:
    """Where one of the patterns begins. At most eight."""
    if len(patterns) > 8:
        raise ValueError("more patterns than bits")
    found: list[Lanes] = []
    for distance in range(max(map(len, patterns))):
        for half in (0, 1):
            wanted = [each[distance][half] if distance < len(each) else "" for each in patterns]
            if any(wanted):
                table = [
                    sum(1 << bit for bit, digits in enumerate(wanted) if not digits or digit in digits)
                    for digit in _DIGITS
                ]
                found.append(_looked_up(at(distance), half, table))
    return reduce(and_, found) != 0


def _looked_up(lanes: Lanes, half: int, table: Sequence[int]) -> Lanes:
    """The table's entries for the upper (0) or lower (1) half of each byte."""
    if _LOOK_UP is None:
        raise NotImplementedError
    width, name = _LOOK_UP
    builder, byte = lanes.builder, ir.IntType(8)
    if half == 0:
        halves = builder.lshr(lanes.value, ir.Constant(lanes.value.type, [4] * LANES))
    else:
        halves = builder.and_(lanes.value, ir.Constant(lanes.value.type, [15] * LANES))
    piece = ir.VectorType(byte, width)
    look_up = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(piece, [piece, piece]), name
    )
    entries = ir.Constant(piece, [*table] * (width // 16))
    if width == LANES:
        return Lanes(builder, builder.call(look_up, [entries, halves]))
    order = ir.VectorType(ir.IntType(32), width)
    parts = [
        builder.call(
            look_up,
            [entries, builder.shuffle_vector(halves, halves, ir.Constant(order, list(range(start, start + width))))],
        )
        for start in range(0, LANES, width)
    ]
    whole = ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(range(LANES)))
    return Lanes(builder, builder.shuffle_vector(parts[0], parts[1], whole))
