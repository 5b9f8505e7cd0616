"""Natural keys: whose row is this, and has it been in this file before?

Parts are normalised text, empty = ''. The counterpart's part is USCC, else organisation code, else id number, else
normalised name (architecture.md section 9).
Within a file rows are compared by two 64-bit hashes of the key; the stored key hash is made by `collection`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from xinshu.catalogue.checks.context import RowFacts
from xinshu.catalogue.checks.scanning import Digests, Mask, digest_cells
from xinshu.catalogue.domain import CatalogueItem
from xinshu.kernel.cells import PADDING
from xinshu.kernel.identifiers import Uscc
from xinshu.kernel.text import normalise_name

COUNTERPART = "counterpart"
SEPARATOR = "\x1f"
CITIZEN_ID = "身份证"
"""What a number without a type is taken for."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

Hashes = npt.NDArray[np.uint64]


def compared_as_names(item: CatalogueItem, code: str) -> bool:
    """Whether texts of this column are compared as `normal_key_text` makes them."""
    return item.field(code).kind in {"text", "name", "document_no"}


def digested_columns(item: CatalogueItem) -> dict[str, bool]:
    """The columns from which keys are told, and whether their texts are compared as `normal_key_text` makes them."""
    roles = item.roles
    wanted = dict.fromkeys(code for code in item.key if code != COUNTERPART)
    if COUNTERPART in item.key:
        ways = (roles.uscc, roles.org_code, roles.id_no, roles.id_type, roles.counterpart_name)
        wanted |= dict.fromkeys(code for code in ways if code is not None)
    return {code: compared_as_names(item, code) for code in wanted}


def key_columns(item: CatalogueItem, facts: RowFacts) -> tuple[Hashes, Hashes]:
    """Two independent 64-bit hashes of each row's natural key."""
    first, second = np.zeros(facts.height, dtype=np.uint64), np.zeros(facts.height, dtype=np.uint64)
    for code in item.key:
        one, two = _counterpart_digests(item, facts) if code == COUNTERPART else _digests(item, facts, code)
        first, second = first * _SPREAD + one, second * _SPREAD + two
    return first, second


def _counterpart_digests(item: CatalogueItem, facts: RowFacts) -> Digests:
    """Digests of the first identity that is filled: credit code, organisation code, id number with its type, name."""
    roles = item.roles
    coded = np.zeros(facts.height, dtype=np.bool_)
    for code in (roles.uscc, roles.org_code, roles.id_no):
        coded |= facts.filled(code) if code is not None else coded
    if roles.uscc is not None:
        coded &= ~facts.among(roles.uscc, {Uscc.PLACEHOLDER})
    result = _digests(item, facts, roles.counterpart_name, ~coded) + np.uint64(ord("N"))
    if roles.id_no is not None:
        numbers = _digests(item, facts, roles.id_no) * _SPREAD + np.uint64(ord("P"))
        if roles.id_type is not None:
            kinds, plain = _digests(item, facts, roles.id_type), _digests_of([CITIZEN_ID])
            numbers += np.where(facts.filled(roles.id_type), kinds, plain) * _SPREAD
        result = np.where(facts.filled(roles.id_no), numbers, result)
    if roles.org_code is not None:
        result = np.where(
            facts.filled(roles.org_code), _digests(item, facts, roles.org_code) + np.uint64(ord("O")), result
        )
    if roles.uscc is not None:
        known = facts.filled(roles.uscc) & ~facts.among(roles.uscc, {Uscc.PLACEHOLDER})
        result = np.where(known, _digests(item, facts, roles.uscc) + np.uint64(ord("U")), result)
    return result


def _digests(item: CatalogueItem, facts: RowFacts, code: str, wanted: Mask | None = None) -> Digests:
    """Two digests of each cell of a column as it is compared, shape (2, rows); right in the rows wanted (None: all)."""
    known = facts.screened.keys.get(code)
    if known is None:
        return np.zeros((2, facts.height), dtype=np.uint64)
    named = digested_columns(item)[code]
    care = known.care if wanted is None else known.care & wanted
    rows = sorted({*np.flatnonzero(care).tolist(), *facts.columns.changed.get(code, ())})
    digests = known.digests.copy()
    if rows:
        texts = facts.columns.texts(code, rows)
        digests[:, rows] = _digests_of([normal_key_text(text) for text in texts] if named else texts)
    return digests


def _digests_of(texts: list[str]) -> Digests:
    encoded = [text.encode() for text in texts]
    sizes = np.array([len(each) for each in encoded], dtype=np.int32)
    starts = np.cumsum(sizes, dtype=np.int32) - sizes
    buffer = np.frombuffer(bytearray(b"".join(encoded) + bytes(PADDING)), dtype=np.uint8)
    digests = np.empty((2, len(texts)), dtype=np.uint64)
    digest_cells(buffer, starts, sizes, digests)
    return digests


def normal_key_text(text: str) -> str:
    """A text part of a key: normalised like a name, with all brackets as 〔〕, as most document numbers have them."""
    return normalise_name(text).replace("(", "〔").replace(")", "〕")


@dataclass(slots=True)
class DuplicateWatch:
    """Remembers the keys of a file: 32 bytes for each row."""

    _runs: list[Hashes] = field(default_factory=list)  # first hashes seen, sorted, each run shorter than the one before
    _kept: list[tuple[Hashes, Hashes, npt.NDArray[np.int64]]] = field(default_factory=list)

    def see(self, first: Hashes, second: Hashes, rows: npt.NDArray[np.int64], eligible: Mask) -> dict[int, int]:
        """Take one chunk in. Returns {index in the chunk: row number of the first row with that key}."""
        places = np.flatnonzero(eligible)
        numbers = np.sort(first[places])
        wanted = np.union1d(numbers[1:][numbers[1:] == numbers[:-1]], self._known(numbers))
        repeated = self._repeated(first, second, rows, places, wanted) if len(wanted) else {}
        kept = places[~np.isin(places, list(repeated))] if repeated else places
        self._kept.append((first[kept], second[kept], rows[kept]))
        self._remember(numbers)
        return repeated

    def _known(self, numbers: Hashes) -> Hashes:
        """Those of the sorted numbers that stand in a run."""
        found = np.zeros(len(numbers), dtype=np.bool_)
        for run in self._runs:
            at = np.searchsorted(run, numbers)
            found |= run[np.minimum(at, len(run) - 1)] == numbers
        return numbers[found]

    def _remember(self, numbers: Hashes) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(numbers):
            numbers = np.sort(np.concatenate([self._runs.pop(), numbers]), kind="stable")
        if len(numbers):
            self._runs.append(numbers)

    def _repeated(
        self,
        first: Hashes,
        second: Hashes,
        rows: npt.NDArray[np.int64],
        places: npt.NDArray[np.int64],
        wanted: Hashes,
    ) -> dict[int, int]:
        originals: dict[tuple[int, int], int] = {}
        for old_first, old_second, old_rows in self._kept:
            for place in np.flatnonzero(np.isin(old_first, wanted)).tolist():
                originals[int(old_first[place]), int(old_second[place])] = int(old_rows[place])
        repeated = {}
        for place in places[np.isin(first[places], wanted)].tolist():
            key = (int(first[place]), int(second[place]))
            if key in originals:
                repeated[place] = originals[key]
            else:
                originals[key] = int(rows[place])
        return repeated
