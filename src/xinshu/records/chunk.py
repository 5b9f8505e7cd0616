"""One chunk of accepted rows on its way into the store: its columns, with identities, keys and contents digested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt

from xinshu.kernel import packing
from xinshu.kernel.cells import Bytes, Places, Texts
from xinshu.kernel.hash_partitions import partition_of
from xinshu.records.domain import FACTS, NO_DAY, PARTITIONS, Accepted, Digester
from xinshu.security.sealing import Vault
from xinshu.subjects.services import Registration

Digested = npt.NDArray[np.uint8]
"""Shape (rows, 16)."""
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_PERSON = ord("P")


@dataclass(frozen=True, slots=True)
class Digests:
    """The secret digests of an installation: of identities and keys, and of contents."""

    vault: Vault
    identity: Digester
    content: Digester

    @classmethod
    def of(cls, vault: Vault) -> Self:
        """Those that belong to the keys."""
        return cls(vault, Digester(vault.digest_key("identity")), Digester(vault.digest_key("content")))


@dataclass(slots=True)
class Chunk:
    """One chunk of rows: facts and texts as they came, identities, keys and contents digested (16 bytes each).

    `facts`: as of `Accepted`. `persons`: {row: blind index of the person it is about}.
    """

    facts: npt.NDArray[np.int64]
    texts: Texts
    counterparts: Digested
    keys: Digested
    contents: Digested
    persons: dict[int, bytes]

    @classmethod
    def of(cls, rows: Accepted, digests: Digests) -> Chunk:
        """Digest the identities; an id number becomes a keyed stand-in before it becomes part of a digest."""
        texts = rows.texts
        counterparts = digests.identity.columns(texts, "identity")
        keys = digests.identity.columns(texts, "key")
        persons: dict[int, bytes] = {}
        identity, key = texts.place("identity"), texts.place("key")
        natural = np.flatnonzero(texts.buffer[texts.starts[identity]] == _PERSON).tolist()
        if natural:
            shown = [texts.text(identity, row) for row in natural]
            forms = [f"B{each.hex}" for each in digests.vault.identities("id_no", shown)]
            indexes = digests.vault.blind_indexes("id_no", shown)
            for row, number, form, index in zip(natural, shown, forms, indexes, strict=True):
                persons[row] = index.bytes
                counterparts[row] = np.frombuffer(digests.identity.one(form.encode()), dtype=np.uint8)
                longer = texts.text(key, row).replace(number, form)
                keys[row] = np.frombuffer(digests.identity.one(longer.encode()), dtype=np.uint8)
        contents = digests.content.columns(texts, "payload", "personal")
        return cls(rows.facts, texts, counterparts, keys, contents, persons)

    def fact(self, name: str) -> npt.NDArray[np.int64]:
        """One of `FACTS` for every row."""
        values: npt.NDArray[np.int64] = self.facts[FACTS.index(name)]
        return values

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.facts.shape[1])

    @property
    def row_numbers(self) -> npt.NDArray[np.int64]:
        """Of the file."""
        return self.fact("row_no")

    @property
    def late(self) -> Mask:
        """Rows received after the deadline."""
        return self.fact("late").astype(np.bool_)

    @property
    def days(self) -> Rows:
        """Event dates as day numbers."""
        return self.fact("event_date")

    @property
    def ends(self) -> Rows:
        """Last days as day numbers."""
        return self.fact("ends_on")

    def event_date(self, row: int) -> date | None:
        """Of one row."""
        return day_of(int(self.days[row]))

    def in_key_order(self, rows: Rows) -> Rows:
        """The rows as their counterparts lie in the store: partition by partition, in each as in its indexes."""
        counterparts = self.counterparts[rows]
        halves = counterparts.view(">u8")
        return rows[np.lexsort((halves[:, 1], halves[:, 0], partition_of(counterparts, PARTITIONS)))]

    def places(self, rows: Rows, *columns: str) -> tuple[Bytes, Places, Places]:
        """Bytes, starts and sizes of some columns in these rows."""
        chosen = [self.texts.place(each) for each in columns]
        return (
            self.texts.buffer,
            self.texts.starts[chosen].take(rows, axis=1),
            self.texts.sizes[chosen].take(rows, axis=1),
        )

    def column(self, rows: Rows, column: str) -> packing.Column:
        """One column of text in these rows, for COPY."""
        place = self.texts.place(column)
        starts = self.texts.starts[place][rows].astype(np.int64)
        return packing.Column(self.texts.buffer, starts, self.texts.sizes[place][rows])

    def wholes(self, rows: Rows, *names: str) -> npt.NDArray[np.int64]:
        """Some facts in these rows. Shape (facts, rows)."""
        return self.facts[[FACTS.index(name) for name in names]].take(rows, axis=1)

    def text(self, row: int, column: str) -> str:
        """One text."""
        return self.texts.text(self.texts.place(column), row)

    def about_person(self, row: int) -> bool:
        """Whether the row is about a natural person."""
        return bool(self.fact("person")[row])

    def registration(self, row: int) -> Registration:
        """What a registration record says about its subject."""
        approved = self.text(row, "approved_on")
        return Registration(
            self.text(row, "uscc"),
            self.text(row, "counterpart_name"),
            self.text(row, "name_norm"),
            self.text(row, "status"),
            self.text(row, "region"),
            date.fromisoformat(approved) if approved else None,
            self.text(row, "former_names"),
        )


def day_of(number: int) -> date | None:
    """The date of a day number."""
    return None if number == NO_DAY else date.fromordinal(number + _FIRST_DAY)


def day_number(day: date | None) -> int:
    """The day number of a date."""
    return NO_DAY if day is None else day.toordinal() - _FIRST_DAY


_FIRST_DAY = date(1970, 1, 1).toordinal()
