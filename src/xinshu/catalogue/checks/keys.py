"""Natural keys: whose row is this, and has it been in this file before?

Parts are normalised text, empty = ''. The counterpart's part is USCC, else organisation code, else id number, else
normalised name (architecture.md section 9).
Within a file rows are compared by two 64-bit hashes of the key; the stored key hash is made by `collection`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.checks.context import Mask, RowFacts
from xinshu.catalogue.domain import CatalogueItem
from xinshu.kernel.identifiers import Uscc
from xinshu.kernel.text import NAME_CHARACTERS, normalise_name

COUNTERPART = "counterpart"
SEPARATOR = "\x1f"
_SEEDS = (0x5EED, 0xF00D)

Hashes = npt.NDArray[np.uint64]


def counterpart_column(item: CatalogueItem, facts: RowFacts) -> pl.Series:
    """The identity of each row's counterpart as reported, with a letter for its kind.

    U USCC, O organisation code, P id number (with type), N normalised name. Personal for P: never leaves the process
    in this form.
    """
    roles, frame = item.roles, facts.frame
    result: Any = pl.when(pl.lit(False)).then(pl.lit(""))  # Polars has two types for one chain
    if roles.uscc is not None:
        code = pl.col(roles.uscc)
        result = result.when((code != "") & (code != Uscc.PLACEHOLDER)).then(pl.lit("U") + code)
    if roles.org_code is not None:
        result = result.when(pl.col(roles.org_code) != "").then(pl.lit("O") + pl.col(roles.org_code))
    if roles.id_no is not None:
        kind = pl.col(roles.id_type) if roles.id_type is not None else pl.lit("")
        result = result.when(pl.col(roles.id_no) != "").then(
            pl.lit("P") + kind.replace({"": "身份证"}) + pl.lit(":") + pl.col(roles.id_no)
        )
    found = frame.select(result.otherwise(pl.lit("N")).alias(COUNTERPART)).to_series()
    nameless = np.flatnonzero((found == "N").to_numpy())
    if not len(nameless):
        return found
    names = normal_text(frame[roles.counterpart_name].gather(nameless.astype(np.uint32)))
    return found.scatter(nameless, ["N" + name for name in names.to_list()])


def key_frame(item: CatalogueItem, facts: RowFacts) -> pl.DataFrame:
    """The parts of the natural key as text columns, in the item's order; the counterpart's part is `counterpart`."""
    parts = []
    for code in item.key:
        if code == COUNTERPART:
            parts.append(counterpart_column(item, facts))
        else:
            values = facts.frame[code]
            parts.append(normal_text(values) if item.field(code).kind in {"text", "name", "document_no"} else values)
    return pl.DataFrame({str(place): part for place, part in enumerate(parts)})


def key_columns(item: CatalogueItem, facts: RowFacts) -> tuple[Hashes, Hashes]:
    """Two independent 64-bit hashes of each row's natural key."""
    parts = key_frame(item, facts)
    return parts.hash_rows(_SEEDS[0]).to_numpy(), parts.hash_rows(_SEEDS[1]).to_numpy()


_CLEAN = r"^[\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}A-Z0-9〔〕·\-]*$"


_FEW = 20
_BRACKETS = {
    mark: "〔" if plain == "(" else "〕" for mark, plain in NAME_CHARACTERS.items() if plain in "()" and plain
} | {
    "(": "〔",
    ")": "〕",
}


def normal_text(values: pl.Series) -> pl.Series:
    """Every value as `normal_key_text` makes it; values without anything to change are not touched."""
    rest = np.flatnonzero(~values.str.contains(_CLEAN).to_numpy())
    if len(rest) * _FEW > len(values):  # a file with other brackets throughout: put them right first
        values = values.str.replace_many(list(_BRACKETS), list(_BRACKETS.values()))
        rest = np.flatnonzero(~values.str.contains(_CLEAN).to_numpy())
    if not len(rest):
        return values
    texts = values.gather(rest.astype(np.uint32)).to_list()
    return values.clone().scatter(rest, [normal_key_text(text) for text in texts])


def normal_key_text(text: str) -> str:
    """A text part of a key: normalised like a name, with all brackets as 〔〕, as most document numbers have them."""
    return normalise_name(text).replace("(", "〔").replace(")", "〕")


@dataclass(slots=True)
class DuplicateWatch:
    """Remembers the keys of a file: about 80 bytes for each row."""

    _seen: set[int] = field(default_factory=set)
    _kept: list[tuple[Hashes, Hashes, npt.NDArray[np.int64]]] = field(default_factory=list)

    def see(self, first: Hashes, second: Hashes, rows: npt.NDArray[np.int64], eligible: Mask) -> dict[int, int]:
        """Take one chunk in. Returns {index in the chunk: row number of the first row with that key}."""
        places = np.flatnonzero(eligible)
        numbers = first[places].tolist()
        fresh = set(numbers)
        suspicious = len(fresh) < len(numbers) or not self._seen.isdisjoint(fresh)
        repeated = self._repeated(first, second, rows, places, fresh & self._seen) if suspicious else {}
        self._seen |= fresh
        kept = places if not repeated else np.asarray([p for p in places.tolist() if p not in repeated], dtype=np.int64)
        self._kept.append((first[kept], second[kept], rows[kept]))
        return repeated

    def _repeated(
        self,
        first: Hashes,
        second: Hashes,
        rows: npt.NDArray[np.int64],
        places: npt.NDArray[np.int64],
        known: set[int],
    ) -> dict[int, int]:
        numbers = first[places]
        distinct, counts = np.unique(numbers, return_counts=True)
        wanted = np.union1d(distinct[counts > 1], np.asarray(sorted(known), dtype=np.uint64))
        originals: dict[tuple[int, int], int] = {}
        for old_first, old_second, old_rows in self._kept:
            for place in np.flatnonzero(np.isin(old_first, wanted)).tolist():
                originals[int(old_first[place]), int(old_second[place])] = int(old_rows[place])
        repeated = {}
        for place in places[np.isin(numbers, wanted)].tolist():
            key = (int(first[place]), int(second[place]))
            if key in originals:
                repeated[place] = originals[key]
            else:
                originals[key] = int(rows[place])
        return repeated
