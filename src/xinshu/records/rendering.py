"""The COPY stream of the rows of a chunk, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from xinshu.kernel import copying, packing
from xinshu.records.chunk import Chunk, Digested, Rows
from xinshu.records.domain import LoadContext, Marks, Publicity, PublicityFacts, judge_publicity
from xinshu.security.sealing import Vault
from xinshu.subjects.domain import Link

COLUMNS = (
    "counterpart, item_id, key_hash, id, subject_id, linked_by, linked_at, first_received_at, person_index, content_hash,"
    " batch_id, row_no, supplier, authority, region, event_date, ends_on, received_at, rule_set, severity, public_from,"
    " repair_from, public_until, marks, payload, sealed"
)
_PLACE = b"records_record\0sealed\0"
_UNLINKED = -1


def place_of(record: bytes) -> bytes:
    """What the sealed cell of a record with this id is bound to: its place in the store."""
    return _PLACE + record


@dataclass(frozen=True, slots=True)
class Links:
    """Whose the rows of a chunk are: the different links, and for each row the number of its, -1 for none."""

    different: list[Link]
    which: Rows

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Rows without a subject."""
        return np.equal(self.which, _UNLINKED)


@dataclass(slots=True)
class Renderer:
    """Renders rows for `COPY … (COLUMNS) FROM STDIN (FORMAT binary)`; remembers verdicts of publicity."""

    context: LoadContext
    vault: Vault
    _verdicts: dict[PublicityFacts, Publicity] = field(default_factory=dict)

    def stream(self, chunk: Chunk, rows: Rows, ids: Digested, links: Links) -> packing.Bytes | None:
        """The stream of some rows; `ids`: of their records. None for no rows."""
        if not len(rows):
            return None
        context, frame, count = self.context, chunk.frame[rows], len(rows)
        link = links.which[rows]
        facts, judged = chunk.publicity(rows)
        verdicts = [self._publicity(each) for each in facts]
        received = copying.instant_field(context.received_at)
        persons = [chunk.persons.get(row) for row in rows.tolist()] if chunk.persons else []
        linked_by = [*copying.small_integers(each.basis for each in links.different), copying.NULL]
        columns = (
            packing.fixed(chunk.counterparts[rows]),
            packing.same(copying.small_integers([context.item_id])[0], count),
            packing.fixed(chunk.keys[rows]),
            packing.fixed(ids),
            packing.picked([*copying.uuids(each.subject for each in links.different), copying.NULL], link),
            packing.picked(linked_by, link),
            packing.picked([received, copying.NULL], (link == _UNLINKED).astype(np.int64)),
            packing.same(received, count),
            packing.cells(persons) if persons else packing.same(copying.NULL, count),
            packing.fixed(chunk.contents[rows]),
            packing.same(copying.integers([context.batch_id])[0], count),
            packing.integers(frame["row_no"].to_numpy()),
            packing.same(copying.texts([context.supplier])[0], count),
            packing.texts(frame["authority_code"]),
            packing.same(copying.integers([context.region])[0], count),
            packing.dates(frame["event_date"]),
            packing.dates(frame["ends_on"]),
            packing.same(received, count),
            packing.picked(copying.texts(each.rule_set for each in verdicts), judged),
            packing.picked(copying.texts(each.severity for each in verdicts), judged),
            packing.picked(copying.dates(each.public_from for each in verdicts), judged),
            packing.picked(copying.dates(each.repair_from for each in verdicts), judged),
            packing.picked(copying.dates(each.public_until for each in verdicts), judged),
            packing.integers(_marks(chunk, rows, links, verdicts, judged)),
            packing.texts(frame["payload"]),
            packing.cells(self._sealed(frame["personal"].to_list(), ids)),
        )
        return packing.pack(columns)

    def _sealed(self, personal: Sequence[str], ids: Digested) -> list[bytes | None]:
        """The sealed cells, None where a row has nothing personal."""
        whole = ids.tobytes()
        places = [_PLACE + whole[at : at + ids.shape[1]] for at in range(0, len(whole), ids.shape[1])]
        if all(personal):
            return [*self.vault.seal_many([each.encode() for each in personal], places)]
        wanted = [row for row, each in enumerate(personal) if each]
        cells: list[bytes | None] = [None] * len(personal)
        sealed = self.vault.seal_many([personal[row].encode() for row in wanted], [places[row] for row in wanted])
        for row, cell in zip(wanted, sealed, strict=True):
            cells[row] = cell
        return cells

    def _publicity(self, facts: PublicityFacts) -> Publicity:
        if facts not in self._verdicts:
            self._verdicts[facts] = judge_publicity(self.context.item, facts, self.context.today, self.context.rules)
        return self._verdicts[facts]


def _marks(chunk: Chunk, rows: Rows, links: Links, verdicts: Sequence[Publicity], judged: Rows) -> Rows:
    default = np.array([each.default_class for each in verdicts])[judged]
    marks: Rows = int(Marks.LATE) * chunk.late[rows].astype(np.int64) + int(Marks.DEFAULT_CLASS) * default
    closed = [number for number, each in enumerate(links.different) if each.closed_on is not None]
    for place in np.flatnonzero(np.isin(links.which[rows], closed)).tolist() if closed else ():
        closed_on, event = links.different[links.which[rows[place]]].closed_on, chunk.event_date(int(rows[place]))
        if closed_on is not None and event is not None and closed_on < event:
            marks[place] |= int(Marks.CLOSED_SUBJECT)
    return marks
