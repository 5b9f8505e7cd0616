"""The registry's names held in memory to match a long list: an inverted index of pairs of characters and of syllables.

Pairs of characters (side by side, or with one between them) find what is misspelt elsewhere in the name; pairs of
syllables find homophones, the slips of an input method. A written name is looked up by its rarest pairs, the names found
are ranked by the weight of the pairs they share, the first few are aligned character by character
(`subjects.alignment`), and only the nearest are judged part by part (`subjects.likeness`). Built for one list and thrown
away; PostgreSQL remains the only store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from django.db import connection

from xinshu.kernel.compiled import compiled
from xinshu.kernel.memory import without_collection
from xinshu.subjects.alignment import CODE_POINTS, Floats, Integers, Numbers, Texts, character_weights, nearness
from xinshu.subjects.parts import NameParts, all_regions, split_name
from xinshu.subjects.readings import syllables
from xinshu.subjects.vocabulary import Vocabulary

Keys = npt.NDArray[np.uint64]

_IN_BRACKETS = re.compile(r"^([^()]+)\(([^()]+)\)(.*)$")
_SIGNS = "()·-,."
_SYLLABLES = 4096  # more than there are; a character without a reading stands for itself among the upper half
_UPPER = 2048
_SPACE = 1 << 28
_BUDGET = 2_500  # names looked at for one written name
_COMMON = 0.04  # a gram that so large a share of names holds tells nothing
_FIRST = 20  # candidates aligned
_BLOCK = 500  # written names at a time
_NEAR = np.float32(0.4)  # of the best candidate's weight
_ELSEWHERE = np.float32(0.01)  # the region stands in brackets in one name and in front in the other
_UNEVEN = np.float32(0.05)  # of the weight by which one name has more grams than the other


class NameRow(NamedTuple):
    """A present or former name in the registry."""

    uscc: str
    name: str
    name_norm: str
    current: bool
    status: str
    closed: bool
    org_code: str


_ROWS = """
SELECT s.uscc, n.name, n.name_norm, n.current, s.status, s.closed_on IS NOT NULL, s.org_code
FROM subjects_subjectname n JOIN subjects_subject s ON s.id = n.subject_id ORDER BY n.id
"""


def registry_rows() -> list[NameRow]:
    """All names of the registry."""
    with connection.cursor() as cursor, without_collection():
        cursor.execute(_ROWS)
        return [NameRow(*row) for row in cursor.fetchall()]


@dataclass(slots=True)
class NameIndex:
    """The names of a registry, by whole name, by code and by what they sound like."""

    rows: Sequence[NameRow]
    vocabulary: Vocabulary
    by_name: dict[str, list[int]] = field(default_factory=dict)
    by_code: dict[str, list[int]] = field(default_factory=dict)
    _parts: dict[int, NameParts] = field(default_factory=dict)
    _names: _Names | None = None

    def __post_init__(self) -> None:
        with without_collection():
            self._fill()

    def _fill(self) -> None:
        for place, row in enumerate(self.rows):
            self.by_name.setdefault(row.name_norm, []).append(place)
            self.by_code.setdefault(row.uscc, []).append(place)
            self.by_code.setdefault(row.org_code, []).append(place)
        if self.rows:
            self._names = _Names.of([row.name_norm for row in self.rows], self.vocabulary)

    def parts(self, place: int) -> NameParts:
        """The parts of a registered name."""
        if place not in self._parts:
            self._parts[place] = split_name(self.rows[place].name_norm, self.vocabulary)
        return self._parts[place]

    def candidates(self, names: Sequence[str]) -> Iterator[list[tuple[float, int]]]:
        """For each comparable name (how near, place in `rows`) of those near it, the nearest first."""
        for start in range(0, len(names), _BLOCK):
            yield from self._block(names[start : start + _BLOCK])

    def _block(self, names: Sequence[str]) -> list[list[tuple[float, int]]]:
        answer: list[list[tuple[float, int]]] = [[] for _ in names]
        if self._names is None:
            return answer
        asked, found, near = self._names.near(names, self.vocabulary)
        for one, other, how in zip(asked.tolist(), found.tolist(), near.tolist(), strict=True):
            answer[one].append((how, other))
        for each in answer:
            each.sort(key=lambda pair: (-pair[0], pair[1]))
        return answer


@dataclass(frozen=True, slots=True)
class _Names:
    """The comparable names laid end to end, a region in brackets put in front (`plain`) and as they are (`written`), and
    for each gram of them who holds it.

    `grams`: in order; the holders of gram g are `holders[starts[g]:starts[g + 1]]`, its weight 0 where it tells nothing.
    `totals`: the weights of each name's grams together. `letters`: {code point: weight}.
    """

    plain: Texts
    written: Texts
    moved: npt.NDArray[np.bool_]
    letters: Floats
    grams: Keys
    starts: Integers
    holders: Numbers
    weights: Floats
    totals: Floats

    @classmethod
    def of(cls, names: Sequence[str], vocabulary: Vocabulary) -> _Names:
        plain, written, moved = _heard(names, vocabulary)
        grams, holders = _grams(plain)
        first = np.flatnonzero(np.concatenate(([True], grams[1:] != grams[:-1])))
        starts = np.append(first, len(grams)).astype(np.int64)
        counts = np.diff(starts)
        weights = np.log2(len(names) / counts).astype(np.float32)
        weights[counts > max(_COMMON * len(names), 3)] = 0
        totals = np.bincount(holders, np.repeat(weights, counts), minlength=len(names)).astype(np.float32)
        letters = character_weights(plain)
        return cls(plain, written, moved, letters, grams[first], starts, holders.astype(np.int32), weights, totals)

    def near(self, names: Sequence[str], vocabulary: Vocabulary) -> tuple[Integers, Integers, Floats]:
        """(written name, registered name, how near) of those that share the most grams, a few for each written name.

        Of how near two names are as they are written and with their regions in front, the better counts."""
        plain, written, moved = _heard(names, vocabulary)
        asked, found = self._sharing(plain)
        near = nearness(plain, self.plain, (asked, found), self.letters)
        some = np.flatnonzero(moved[asked] | self.moved[found])
        as_written = nearness(written, self.written, (asked[some], found[some]), self.letters)
        near[some] = np.maximum(near[some], as_written)
        near[moved[asked] != self.moved[found]] -= _ELSEWHERE
        return asked, found, near

    def _sharing(self, texts: Texts) -> tuple[Integers, Integers]:
        grams, asking = _grams(texts)
        places = np.searchsorted(self.grams, grams)
        places[places == len(self.grams)] = 0
        useful = (self.grams[places] == grams) & (self.weights[places] > 0)
        places, asking = places[useful], asking[useful]
        totals = np.bincount(asking, self.weights[places], minlength=len(texts)).astype(np.float32)
        order = np.lexsort((self.starts[places + 1] - self.starts[places], asking))
        places, asking = places[order], asking[order]
        first = np.searchsorted(asking, np.arange(len(texts) + 1))
        found = np.full((len(texts), _FIRST), -1, np.int64)
        _gather(places, first, self.starts, self.holders, self.weights, self.totals, totals, found)
        some = np.flatnonzero(found.ravel() >= 0)
        return some // _FIRST, found.ravel()[some]


@compiled(
    "void(int64[::1], int64[::1], int64[::1], int32[::1], float32[::1], float32[::1], float32[::1], int64[:, ::1])"
)
def _gather(
    places: Integers,
    first: Integers,
    starts: Integers,
    holders: Numbers,
    weights: Floats,
    totals: Floats,
    asked_totals: Floats,
    found: Integers,
) -> None:
    """Add up the weights each written name shares with registered ones, its rarest grams first, until the budget is
    spent; the best few of each go into a row of `found`, filled up with -1."""
    sums = np.zeros(len(totals), np.float32)
    touched = np.empty(len(totals), np.int32)
    scores = np.empty(_FIRST, np.float32)
    for asker in range(len(found)):
        several, spent = 0, 0
        for place in places[first[asker] : first[asker + 1]]:
            if spent >= _BUDGET:
                break
            spent += starts[place + 1] - starts[place]
            for holder in holders[starts[place] : starts[place + 1]]:
                if sums[holder] == 0:
                    touched[several] = holder
                    several += 1
                sums[holder] += weights[place]
        kept = 0
        for holder in touched[:several]:
            score = sums[holder] - _UNEVEN * abs(asked_totals[asker] - totals[holder])
            sums[holder] = 0
            if kept == _FIRST and score <= scores[kept - 1]:
                continue
            at = kept if kept < _FIRST else kept - 1
            while at > 0 and scores[at - 1] < score:
                scores[at], found[asker, at] = scores[at - 1], found[asker, at - 1]
                at -= 1
            scores[at], found[asker, at] = score, holder
            kept = min(kept + 1, _FIRST)
        for at in range(kept):
            if scores[at] < _NEAR * scores[0]:
                found[asker, at] = -1


def _heard(names: Sequence[str], vocabulary: Vocabulary) -> tuple[Texts, Texts, npt.NDArray[np.bool_]]:
    """(names without signs and with a region in brackets put in front, as they are, whether they differ)."""
    plain = [_plain(each, vocabulary) if "(" in each else each for each in names]
    moved = np.array([one is not other for one, other in zip(plain, names, strict=True)], np.bool_)
    sounds = _syllable_numbers()
    return Texts.of(plain, sounds, _SIGNS), Texts.of(list(names), sounds, _SIGNS), moved


def _plain(name: str, vocabulary: Vocabulary) -> str:
    name = vocabulary.without_remark(name)
    found = _IN_BRACKETS.match(name)
    if found is None or not all_regions(found[2], vocabulary.regions):
        return name
    return found[2] + found[1] + found[3]


_numbers: list[Numbers] = []


def _syllable_numbers() -> Numbers:
    """{code point: number of its syllable}, made once."""
    if not _numbers:
        table = np.arange(CODE_POINTS, dtype=np.int32) % _UPPER + _UPPER
        known = {syllable: number for number, syllable in enumerate(sorted(set(syllables().values())))}
        for code, syllable in syllables().items():
            if code < CODE_POINTS:
                table[code] = known[syllable]
        _numbers.append(table)
    return _numbers[0]


def _grams(texts: Texts) -> tuple[Keys, Integers]:
    """(grams, text each belongs to), in the order of the grams, each once a text: two characters side by side or with
    one between them, and two syllables side by side; in either order. So a character left out, two in the wrong order
    or a homophone change few of them."""
    owner = np.repeat(np.arange(len(texts)), texts.lengths)
    side, over = owner[1:] == owner[:-1], owner[2:] == owner[:-2]
    points, sounds = texts.points.astype(np.int64), texts.sounds.astype(np.int64)
    one, other = points[:-1][side], points[1:][side]
    far, farther = points[:-2][over], points[2:][over]
    heard, after = sounds[:-1][side], sounds[1:][side]
    grams = np.concatenate(
        (
            _pair(np.minimum(one, other), np.maximum(one, other)),
            _pair(np.minimum(far, farther), np.maximum(far, farther)),
            np.minimum(heard, after) * _SYLLABLES + np.maximum(heard, after),
        )
    )
    owners = np.concatenate((owner[:-1][side], owner[:-2][over], owner[:-1][side]))
    keys = np.sort(grams.astype(np.uint64) << np.uint64(32) | owners.astype(np.uint64))
    once = keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys
    return once >> np.uint64(32), (once & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _pair(one: Integers, other: Integers) -> Integers:
    """Two code points in 28 bits, above the pairs of syllables."""
    return (one * 40_503 + other * 2_654_435_761) % _SPACE + _SPACE
