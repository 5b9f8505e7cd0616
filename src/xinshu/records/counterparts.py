"""Whose the rows of a batch are: asked of the registry once for a counterpart that comes again and again in a file."""

from __future__ import annotations

import numpy as np
import psycopg

from xinshu.kernel.cells import Texts
from xinshu.kernel.different import Different
from xinshu.kernel.identifiers import Uscc
from xinshu.records.chunk import Chunk, Mask, Rows
from xinshu.records.rendering import Links
from xinshu.subjects.domain import Basis, Link
from xinshu.subjects.services import REPORTED, resolve

_REMEMBERED = 400_000  # of one batch, some 150 bytes each
_USCC, _ORG_CODE = REPORTED.index("uscc"), REPORTED.index("org_code")
_USCC_BYTES, _ORG_CODE_IN_USCC = 18, slice(8, 17)
_PLACEHOLDER = np.frombuffer(Uscc.PLACEHOLDER.encode(), dtype=np.uint8)


class Counterparts:
    """Those of one batch, by numbers."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._forget()

    def _forget(self) -> None:
        self._different = Different(len(REPORTED), 1)
        self._count = 0
        self._links, self._plain = Links.nothing(0), np.zeros(0, dtype=np.bool_)  # with room for more than there are
        self._telling: dict[int, Link] = {}

    def of(self, chunk: Chunk, rows: Rows) -> Rows:
        """The number of each row's counterpart; what is not known yet is asked."""
        if self._different.count > _REMEMBERED:
            self._forget()
        reported, person = _reported(chunk, rows), chunk.wholes(rows, "person")
        numbers = self._different.number(reported.buffer, reported.starts, reported.sizes, person)
        if self._different.count > self._count:
            every, first = np.unique(numbers, return_index=True)
            new = first[every >= self._count]
            self._ask(reported.at(new), person[0, new] != 0)
        return numbers

    def _ask(self, reported: Texts, person: Mask) -> None:
        """Whose the next ones are; a person is never looked up among organisations."""
        asked = self._count + np.flatnonzero(~person)
        found = resolve(self._connection, reported.at(asked - self._count))
        self._count = self._different.count
        if self._count > len(self._plain):
            room = Links.nothing(2 * self._count)
            room.put(np.arange(len(self._plain)), self._links)
            self._links, self._plain = room, np.resize(self._plain, 2 * self._count)
        links = Links.of(found)
        self._links.put(asked, links)
        self._plain[self._count - len(person) : self._count] = False
        self._plain[asked] = ~links.missing
        told = asked[list(found.telling)]
        self._plain[told] = False
        self._telling |= zip(told.tolist(), found.telling.values(), strict=True)

    def links(self, numbers: Rows) -> Links:
        """Whose they are."""
        return self._links.at(numbers)

    def plain(self, numbers: Rows) -> Mask:
        """Which of them were found with nothing to tell about it."""
        found: Mask = self._plain[numbers]
        return found

    def link(self, number: int) -> Link | None:
        """Whose one is."""
        if self._plain[number]:
            return Link(self._links.subjects[number].tobytes(), Basis(int(self._links.bases[number])))
        return self._telling.get(number)


def _reported(chunk: Chunk, rows: Rows) -> Texts:
    """What rows say about their counterparts; the code that stands for none, and an organisation code that only repeats
    what the credit code holds, left out."""
    buffer, starts, sizes = chunk.places(rows, *REPORTED)
    coded = sizes[_USCC] == _USCC_BYTES
    codes = buffer[starts[_USCC][:, None] + np.arange(_USCC_BYTES)]
    nothing = coded & (codes == _PLACEHOLDER).all(axis=1)
    sizes[_USCC][nothing] = 0
    inner = codes[:, _ORG_CODE_IN_USCC]
    repeated = buffer[starts[_ORG_CODE][:, None] + np.arange(inner.shape[1])] == inner
    sizes[_ORG_CODE][coded & ~nothing & (sizes[_ORG_CODE] == inner.shape[1]) & repeated.all(axis=1)] = 0
    return Texts(REPORTED, buffer, starts, sizes)
