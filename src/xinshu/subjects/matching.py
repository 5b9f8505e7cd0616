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

from xinshu.subjects.alignment import CODE_POINTS, Floats, Integers, Texts, character_weights, nearness
from xinshu.subjects.parts import NameParts, all_regions, split_name
from xinshu.subjects.readings import syllables
from xinshu.subjects.vocabulary import Vocabulary

Keys = npt.NDArray[np.uint64]

_IN_BRACKETS = re.compile(r"^([^()]+)\(([^()]+)\)(.*)$")
_SIGNS = "()·-,."
_SYLLABLES = 4096  # more than there are; a character without a reading stands for itself among the upper half
_UPPER = 2048
_SPACE = 1 << 28
_BUDGET = 600  # names looked at for one written name
_COMMON = 0.04  # a gram that so large a share of names holds tells nothing
_FIRST = 8  # candidates aligned
_BLOCK = 500  # written names at a time
_NEAR = 0.6  # of the best candidate's weight
_WEIGHT, _ASKER = np.uint64(8), np.uint64(40)  # a key: who asks, who holds (32 bits), weight (8 bits)
_LOW, _ROW = np.uint64(255), np.uint64(0xFFFFFFFF)
_UNEVEN = 0.05  # of the weight by which one name has more grams than the other
_STEPS = 16  # of a gram's weight, so that it fits into the low byte of a sort key


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
    with connection.cursor() as cursor:
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
    _grams: Keys = field(default_factory=lambda: np.zeros(0, np.uint64))
    _starts: Integers = field(default_factory=lambda: np.zeros(1, np.int64))
    _holders: Keys = field(default_factory=lambda: np.zeros(0, np.uint64))  # shifted into their place in a key
    _weights: Keys = field(default_factory=lambda: np.zeros(0, np.uint64))
    _totals: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    _texts: Texts | None = None
    _letters: Floats = field(default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        for place, row in enumerate(self.rows):
            self.by_name.setdefault(row.name_norm, []).append(place)
            self.by_code.setdefault(row.uscc, []).append(place)
            self.by_code.setdefault(row.org_code, []).append(place)
        if not self.rows:
            return
        self._texts = self._heard([row.name_norm for row in self.rows])
        self._letters = character_weights(self._texts)
        grams, holders = _grams(self._texts)
        self._holders = holders.astype(np.uint64) << _WEIGHT
        first = np.flatnonzero(np.concatenate(([True], grams[1:] != grams[:-1])))
        self._grams, self._starts = grams[first], np.append(first, len(grams)).astype(np.int64)
        counts = np.diff(self._starts)
        weights = np.log2(len(self.rows) / counts) * _STEPS / 2
        weights[counts > max(_COMMON * len(self.rows), 3)] = 0
        self._weights = np.clip(weights, 0, 255).astype(np.uint64)
        shares = np.repeat(self._weights, counts).astype(np.float64)
        self._totals = np.bincount(holders, shares, minlength=len(self.rows)).astype(np.float64)

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
        if self._texts is None:
            return answer
        texts = self._heard(names)
        asked, found = self._sharing(texts)
        near = nearness(texts, self._texts, (asked, found), self._letters)
        for one, other, how in zip(asked.tolist(), found.tolist(), near.tolist(), strict=True):
            answer[one].append((how, other))
        for each in answer:
            each.sort(key=lambda pair: (-pair[0], pair[1]))
        return answer

    def _sharing(self, texts: Texts) -> tuple[Integers, Integers]:
        """Pairs (written name, registered name) that share the most grams, a few for each written name."""
        grams, asking = _grams(texts)
        places = np.searchsorted(self._grams, grams)
        places[places == len(self._grams)] = 0
        known = self._grams[places] == grams
        places, asking = places[known], asking[known]
        useful = self._weights[places] > 0
        places, asking = places[useful], asking[useful]
        shares = self._weights[places].astype(np.float64)
        totals = np.bincount(asking, shares, minlength=len(texts)).astype(np.float64)
        counts = self._starts[places + 1] - self._starts[places]
        order = np.lexsort((counts, asking))
        places, asking, counts = places[order], asking[order], counts[order]
        before = np.cumsum(counts) - counts
        first = np.searchsorted(asking, np.arange(len(texts)))
        before -= before[np.minimum(first, max(len(before) - 1, 0))][asking] if len(before) else 0
        within = before < _BUDGET
        return self._rank(places[within], asking[within], counts[within], totals)

    def _rank(
        self, places: Integers, asking: Integers, counts: Integers, totals: npt.NDArray[np.float64]
    ) -> tuple[Integers, Integers]:
        """Add up the weights each pair shares; the best few of each written name."""
        if not len(places):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        lengths = counts.astype(np.int64)
        heads = self._starts[places] - (np.cumsum(lengths) - lengths)
        held = self._holders[np.repeat(heads, lengths) + np.arange(int(lengths.sum()))]
        asker = (asking.astype(np.uint64) << _ASKER) | self._weights[places]
        keys = np.repeat(asker, lengths)
        keys |= held
        keys.sort()
        pairs = keys >> _WEIGHT
        starts = np.flatnonzero(np.concatenate(([True], pairs[1:] != pairs[:-1])))
        shared = np.add.reduceat(keys & _LOW, starts).astype(np.float64)
        pairs = pairs[starts]
        asked = (pairs >> (_ASKER - _WEIGHT)).astype(np.int64)
        found = (pairs & _ROW).astype(np.int64)
        score = shared - _UNEVEN * np.abs(totals[asked] - self._totals[found])
        first = np.flatnonzero(np.concatenate(([True], asked[1:] != asked[:-1])))
        best = np.repeat(np.maximum.reduceat(score, first), np.diff(np.append(first, len(asked))))
        near = score >= _NEAR * best
        asked, found, score = asked[near], found[near], score[near]
        order = np.lexsort((found, -score, asked))
        asked, found = asked[order], found[order]
        kept = np.arange(len(asked)) - np.searchsorted(asked, asked) < _FIRST
        return asked[kept], found[kept]

    def _heard(self, names: Sequence[str]) -> Texts:
        """The names without signs, a region in brackets put in front."""
        return Texts.of([self._plain(each) if "(" in each else each for each in names], _syllable_numbers(), _SIGNS)

    def _plain(self, name: str) -> str:
        name = self.vocabulary.without_remark(name)
        found = _IN_BRACKETS.match(name)
        if found is None or not all_regions(found[2], self.vocabulary.regions):
            return name
        return found[2] + found[1] + found[3]


_numbers: list[Integers] = []


def _syllable_numbers() -> Integers:
    """{code point: number of its syllable}, made once."""
    if not _numbers:
        table = np.arange(CODE_POINTS, dtype=np.int64) % _UPPER + _UPPER
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
    points, sounds = texts.points, texts.sounds
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
