"""The COPY stream of the rows of a chunk, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xinshu.kernel import copying, packing
from xinshu.kernel.different import Different
from xinshu.records.chunk import Chunk, Digested, Mask, Rows, day_number, day_of
from xinshu.records.domain import (
    DIGEST_BYTES,
    NO_DAY,
    LoadContext,
    Marks,
    Publicity,
    PublicityFacts,
    document_digests,
    judge_publicity,
)
from xinshu.security.sealing import Vault
from xinshu.subjects.domain import NOBODY, Basis, Resolved

COLUMNS = (
    "counterpart, item_id, key_hash, id, subject_id, linked_by, linked_at, first_received_at, person_index, document,"
    " content_hash, batch_id, row_no, supplier, authority, region, event_date, ends_on, received_at, rule_set, severity, public_from,"
    " repair_from, public_until, marks, payload, sealed"
)
_PLACE = b"records_record\0sealed\0"


def place_of(record: bytes) -> bytes:
    """What the sealed cell of a record with this id is bound to: its place in the store."""
    return _PLACE + record


@dataclass(frozen=True, slots=True)
class Links:
    """Whose the rows of a chunk are: the subject of each row and by what it was found, both without meaning where the link
    is missing; and the day on which the subject was closed, NO_DAY where it is not."""

    subjects: Digested
    bases: Rows
    missing: Mask
    closed: Rows

    @classmethod
    def nothing(cls, rows: int) -> Links:
        """No row has a subject."""
        subjects = np.zeros((rows, DIGEST_BYTES), dtype=np.uint8)
        closed = np.full(rows, NO_DAY, dtype=np.int64)
        return cls(subjects, np.zeros(rows, dtype=np.int64), np.ones(rows, dtype=np.bool_), closed)

    @classmethod
    def of(cls, found: Resolved) -> Links:
        """As they were found."""
        missing = found.bases == NOBODY
        closed = np.full(len(missing), NO_DAY, dtype=np.int64)
        for row, link in found.telling.items():
            closed[row] = day_number(link.closed_on)
        return cls(found.subjects, found.bases, missing, closed)

    @classmethod
    def registered(cls, subjects: Sequence[bytes]) -> Links:
        """Each row is about the subject it has just made or changed."""
        found = cls.nothing(len(subjects))
        found.subjects[:] = np.frombuffer(b"".join(subjects), dtype=np.uint8).reshape(-1, DIGEST_BYTES)
        found.bases[:], found.missing[:] = Basis.REGISTRATION, False
        return found

    def at(self, rows: Rows) -> Links:
        """Those of these rows."""
        return Links(self.subjects[rows], self.bases[rows], self.missing[rows], self.closed[rows])

    def put(self, rows: Rows, others: Links) -> None:
        """Have these rows be whose `others` says."""
        self.subjects[rows], self.bases[rows] = others.subjects, others.bases
        self.missing[rows], self.closed[rows] = others.missing, others.closed


_FACTS = ("event_date", "ends_on", "person", "shown")
_FACT_TEXTS = ("kinds", "severity", "domain", "procedure")
_DAYS = ("public_from", "repair_from", "public_until")
_REMEMBERED = 100_000  # verdicts of one batch


class Verdicts:
    """The publicity of rows; what was judged once in a batch is remembered."""

    def __init__(self, context: LoadContext) -> None:
        self._context = context
        self._forget()

    def _forget(self) -> None:
        self._different = Different(len(_FACT_TEXTS), len(_FACTS))
        self._days = np.zeros((0, len(_DAYS)), dtype=np.int64)
        self._words = np.zeros((0, 2), dtype=np.int64)
        self._default = np.zeros(0, dtype=np.bool_)
        self._known: dict[str | None, int] = {None: 0}

    def columns(self, chunk: Chunk, rows: Rows) -> tuple[list[packing.Column], Mask]:
        """Rule set, severity and the three dates of these rows; and where the severity is one by default."""
        if self._different.count > _REMEMBERED:
            self._forget()
        which = self._different.number(*chunk.places(rows, *_FACT_TEXTS), chunk.wholes(rows, *_FACTS))
        new = [self._judge(number) for number in range(len(self._default), self._different.count)]
        if new:
            days = [[day_number(getattr(each, name)) for name in _DAYS] for each in new]
            words = [[self._word(each.rule_set), self._word(each.severity)] for each in new]
            self._days = np.concatenate([self._days, np.array(days, dtype=np.int64)])
            self._words = np.concatenate([self._words, np.array(words, dtype=np.int64)])
            self._default = np.concatenate([self._default, np.array([each.default_class for each in new])])
        fields = copying.texts(self._known)
        dates = self._days[which]
        return [
            *(packing.picked(fields, self._words[which, place]) for place in range(2)),
            *(packing.days(dates[:, place], dates[:, place] == NO_DAY) for place in range(len(_DAYS))),
        ], self._default[which]

    def _judge(self, number: int) -> Publicity:
        (kinds, severity, domain, procedure), (event, ends, person, shown) = self._different.row(number)
        facts = PublicityFacts(
            day_of(event), day_of(ends), kinds, severity, domain, procedure, bool(person), bool(shown)
        )
        return judge_publicity(self._context.item, facts, self._context.today, self._context.rules)

    def _word(self, word: str | None) -> int:
        return self._known.setdefault(word, len(self._known))


@dataclass(slots=True)
class Renderer:
    """Renders rows for `COPY … (COLUMNS) FROM STDIN (FORMAT binary)`."""

    context: LoadContext
    vault: Vault
    verdicts: Verdicts

    def stream(self, chunk: Chunk, rows: Rows, ids: Digested, links: Links) -> packing.Bytes | None:
        """The stream of some rows; `ids`: of their records. None for no rows."""
        if not len(rows):
            return None
        context, count, link = self.context, len(rows), links.at(rows)
        publicity, default = self.verdicts.columns(chunk, rows)
        received = copying.instant_field(context.received_at)
        persons = [chunk.persons.get(row) for row in rows.tolist()] if chunk.persons else []
        event, ends = chunk.days[rows], chunk.ends[rows]
        columns = (
            packing.fixed(chunk.counterparts[rows]),
            packing.same(copying.small_integers([context.item_id])[0], count),
            packing.fixed(chunk.keys[rows]),
            packing.fixed(ids),
            packing.fixed(link.subjects, link.missing),
            packing.fixed(link.bases.astype(">i2").view(np.uint8).reshape(count, 2), link.missing),
            packing.picked([received, copying.NULL], link.missing.astype(np.int64)),
            packing.same(received, count),
            packing.cells(persons) if persons else packing.same(copying.NULL, count),
            packing.fixed(*_documents(chunk, rows)),
            packing.fixed(chunk.contents[rows]),
            packing.same(copying.integers([context.batch_id])[0], count),
            packing.integers(chunk.row_numbers[rows]),
            packing.same(copying.texts([context.supplier])[0], count),
            chunk.column(rows, "authority_code"),
            packing.same(copying.integers([context.region])[0], count),
            packing.days(event, event == NO_DAY),
            packing.days(ends, ends == NO_DAY),
            packing.same(received, count),
            *publicity,
            packing.integers(_marks(chunk.late[rows], event, link.closed, default)),
            chunk.column(rows, "payload"),
            packing.cells(self._sealed(chunk, rows, ids)),
        )
        return packing.pack(columns)

    def _sealed(self, chunk: Chunk, rows: Rows, ids: Digested) -> list[bytes | None]:
        """The sealed cells, None where a row has nothing personal."""
        buffer, (starts,), (sizes,) = chunk.places(rows, "personal")
        filled = np.flatnonzero(sizes)
        begin, end = starts[filled], starts[filled] + sizes[filled]
        whole, names = buffer.data, ids[filled].tobytes()
        values = [bytes(whole[start:stop]) for start, stop in zip(begin.tolist(), end.tolist(), strict=True)]
        places = [_PLACE + names[at : at + DIGEST_BYTES] for at in range(0, len(names), DIGEST_BYTES)]
        sealed = self.vault.seal_many(values, places)
        if len(filled) == len(rows):
            return [*sealed]
        cells: list[bytes | None] = [None] * len(rows)
        for row, cell in zip(filled.tolist(), sealed, strict=True):
            cells[row] = cell
        return cells


def _documents(chunk: Chunk, rows: Rows) -> tuple[Digested, Mask]:
    """By what the rows are found from the number of their document (shape (rows, 8)), and which are not: those
    without one and those about a natural person."""
    places = chunk.places(rows, "document")
    none = (places[2][0] == 0) | chunk.fact("person")[rows].astype(np.bool_)
    return document_digests(*places), none


def _marks(late: Mask, event: Rows, closed: Rows, default: Mask) -> Rows:
    over = (closed != NO_DAY) & (event != NO_DAY) & (closed < event)
    flags = ((Marks.LATE, late), (Marks.DEFAULT_CLASS, default), (Marks.CLOSED_SUBJECT, over))
    marks: Rows = np.stack([int(mark) * flag.astype(np.int64) for mark, flag in flags]).sum(axis=0)
    return marks
