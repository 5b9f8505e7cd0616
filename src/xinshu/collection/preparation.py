"""Checked rows made ready for the store, inside the reading process: no keys needed, nothing decided.

Personal values leave the row's text here: the public part keeps them masked, the personal part is sealed by the parent
before it touches any disk. All texts are put together by compiled loops from the bytes of the file (`kernel.assembly`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.checks import ChunkResult, scanning
from xinshu.catalogue.checks.context import RowFacts
from xinshu.catalogue.checks.keys import CITIZEN_ID, COUNTERPART, SEPARATOR, compared_as_names, normal_key_text
from xinshu.catalogue.domain import CatalogueItem, ItemField
from xinshu.kernel.assembly import Rows, Source, Writer, Written, character_table
from xinshu.kernel.cells import Texts
from xinshu.kernel.text import DOCUMENT_CHARACTERS, NAME_CHARACTERS, document_key, normalise_name
from xinshu.records.domain import FACTS, NO_DAY, Accepted
from xinshu.security.masking import mask
from xinshu.security.masking_cells import COMPILED, LONGEST, write_masked

DOUBTFUL = {"row_no": pl.Int64, "duplicate": pl.Boolean, "raw": pl.String}
NATURAL_PERSON = "自然人"
_ROLE_COLUMNS = ("uscc", "org_code", "reg_no", "counterpart_name", "authority_code", "document_no")
_REGISTRATION = ("status", "region", "approved_on", "former_names")  # names of fields, for items that create subjects
_PUBLICITY_COLUMNS = ("kinds_field", "severity_field", "domain_field", "procedure_field")

_KEY_CHARACTERS = {"(": "〔", ")": "〕"}
_NAMES = character_table(NAME_CHARACTERS)
_DOCUMENTS = character_table(DOCUMENT_CHARACTERS)
_KEYS = character_table(
    _KEY_CHARACTERS | {char: _KEY_CHARACTERS.get(other, other) for char, other in NAME_CHARACTERS.items()}
)


def prepare(item: CatalogueItem, result: ChunkResult) -> Accepted:
    """The accepted rows of a chunk.

    `texts`: `identity` and `key` (texts to be hashed); the values of the roles under their role names, empty where the
    item has none; `name_norm`; `document` (its number in the form it is found by); `kinds`, `severity`, `domain`,
    `procedure`; for items that create subjects `status`, `region`, `approved_on`, `former_names`; `payload` (JSON,
    personal values masked), `personal` (JSON, empty where the row has none).
    """
    facts, roles = result.facts, item.roles
    rows = np.flatnonzero(~(result.doubtful | result.duplicate))
    person = np.zeros(facts.height, dtype=np.bool_)
    if roles.counterpart_kind is not None:
        person |= facts.columns.equal(roles.counterpart_kind, NATURAL_PERSON)
    if roles.id_no is not None:
        person |= facts.filled(roles.id_no)
    told = {
        "row_no": result.rows,
        "late": result.late,
        "event_date": _days(facts, roles.event_date),
        "ends_on": _days(facts, roles.ends_on),
        "shown": facts.holds(item.publicity.when),
        "person": person,
    }
    return Accepted(
        np.stack([told[name][rows].astype(np.int64) for name in FACTS]), _Preparation(item, facts, rows).texts()
    )


def _days(facts: RowFacts, code: str | None) -> npt.NDArray[np.int64]:
    if code is None:
        return np.full(facts.height, NO_DAY, dtype=np.int64)
    days = facts.days(code)
    return np.where(days == scanning.NO_DAY, NO_DAY, days)


@dataclass(slots=True)
class _Preparation:
    """One chunk under way."""

    item: CatalogueItem
    facts: RowFacts
    rows: Rows
    writer: Writer = field(default_factory=Writer)
    _values: dict[str, Written] = field(default_factory=dict)

    def texts(self) -> Texts:
        """All columns of text."""
        item, roles = self.item, self.item.roles
        payload, personal = self._objects()
        columns = {"payload": payload, "personal": personal, "identity": self._identity()}
        columns["key"] = self.writer.joined(
            [columns["identity"] if code == COUNTERPART else self._compared(code) for code in item.key], SEPARATOR
        )
        for role in _ROLE_COLUMNS:
            columns[role] = self._value(getattr(roles, role))
        columns["name_norm"] = self.writer.translated(columns["counterpart_name"], _NAMES, normalise_name)
        columns["document"] = self.writer.translated(columns["document_no"], _DOCUMENTS, document_key)
        for name in _PUBLICITY_COLUMNS:
            columns[name.removesuffix("_field")] = self._value(getattr(item.publicity, name))
        if item.creates_subjects:
            codes = {each.name: each.code for each in item.fields}
            columns |= {name: self._value(codes.get(name)) for name in _REGISTRATION}
        starts = np.stack([each.starts for each in columns.values()])
        sizes = np.stack([each.sizes for each in columns.values()])
        return Texts(tuple(columns), self.writer.finished(), starts, sizes)

    # -- payload and personal part -------------------------------------------------------------------------------

    def _objects(self) -> tuple[Written, Written]:
        """Both objects of every row, and where each value stands in one of them."""
        fields, rows = self.item.fields, self.rows
        whole, extra = self._cells()
        hidden = {place: self.facts.personal(each) for place, each in enumerate(fields) if each.personal}
        starts, sizes = whole.starts.copy(), whole.sizes.copy()
        own = whole.sizes.copy()
        for place, mask_of in hidden.items():
            own[place][~mask_of] = 0
            masked = np.flatnonzero(mask_of & (whole.sizes[place] != 0))
            self._mask(fields[place], Source(whole.buffer, extra.out, starts, sizes), extra, place, masked)
        names = [each.code for each in fields]
        whole = Source(whole.buffer, extra.finished(), whole.starts, whole.sizes)
        payload, public = self.writer.objects(Source(whole.buffer, whole.extra, starts, sizes), rows, names)
        secret = np.fromiter(hidden, dtype=np.int64, count=len(hidden))
        apart = Source(whole.buffer, whole.extra, whole.starts[secret], own[secret])
        personal, private = self.writer.objects(apart, rows, [names[place] for place in hidden], bare=True)
        for place in range(len(fields)):
            found = public[place]
            if place in hidden:
                found = np.where(hidden[place][rows], private[list(hidden).index(place)], found)
            self._values[names[place]] = self._kept(whole, place, found)
        return payload, personal

    def _cells(self) -> tuple[Source, Writer]:
        """The cells of the item's columns as they are kept, in their order; and what writes the extra ones."""
        cells, changed = self.facts.columns.cells, self.facts.columns.changed
        shape = (len(self.item.fields), self.facts.height)
        starts, sizes = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
        extra = Writer()
        for place, each in enumerate(self.item.fields):
            if each.code in cells.columns:
                starts[place], sizes[place] = cells.starts[cells.place(each.code)], cells.sizes[cells.place(each.code)]
            if each.code in changed:
                rows, texts = list(changed[each.code]), extra.texts(changed[each.code].values())
                starts[place][rows], sizes[place][rows] = texts.starts + len(cells.buffer), texts.sizes
        return Source(cells.buffer, extra.out, starts, sizes), extra

    def _mask(self, each: ItemField, cells: Source, extra: Writer, place: int, rows: Rows) -> None:
        """Put the masked form in the place of these cells of a column."""
        limit = len(cells.buffer)
        starts, sizes = cells.starts[place], cells.sizes[place]
        delivered = rows[starts[rows] < limit] if each.mask in COMPILED else rows[:0]
        if len(delivered):
            extra.room(int(sizes[delivered].sum(dtype=np.int64)) + LONGEST * len(delivered))
            found, lengths = np.empty(len(delivered), dtype=np.int32), np.empty(len(delivered), dtype=np.int32)
            extra.place = write_masked(
                cells.buffer,
                starts[delivered],
                sizes[delivered],
                COMPILED[each.mask],
                extra.out,
                extra.place,
                found,
                lengths,
            )
            rest = rows[starts[rows] >= limit]
            starts[delivered], sizes[delivered] = found + limit, lengths
        else:
            rest = rows
        if len(rest):
            texts = self.facts.columns.texts(each.code, rest.tolist())
            forms = {text: mask(text, each.mask) for text in set(texts)}
            written = extra.texts(forms[text] for text in texts)
            starts[rest], sizes[rest] = written.starts + limit, written.sizes

    def _kept(self, whole: Source, place: int, found: npt.NDArray[np.int32]) -> Written:
        """Where the values of a column stand: in an object, or written once more where that had to escape them."""
        values = Written(found, whole.sizes[place][self.rows])
        escaped = np.flatnonzero(found < 0)
        if not len(escaped):
            return values
        return values.put(escaped, self.writer.cells(whole, place, self.rows[escaped]))

    # -- values and keys -----------------------------------------------------------------------------------------

    def _value(self, code: str | None) -> Written:
        if code is None:
            nothing = np.zeros(len(self.rows), dtype=np.int32)
            return Written(nothing, nothing)
        return self._values[code]

    def _compared(self, code: str) -> Written:
        """A part of the key."""
        values = self._value(code)
        return self.writer.translated(values, _KEYS, normal_key_text) if compared_as_names(self.item, code) else values

    def _identity(self) -> Written:
        """The identity of each row's counterpart as reported, with a letter for its kind.

        U USCC, O organisation code, P id number (with type), N normalised name. Personal for P: never leaves the process
        in this form but to the loader.
        """
        roles, rows, facts = self.item.roles, self.rows, self.facts
        letters = np.full(len(rows), _LETTERS.index("N"))
        identity = Written(np.zeros(len(rows), dtype=np.int32), np.zeros(len(rows), dtype=np.int32))
        if roles.id_no is not None:
            some = np.flatnonzero(facts.filled(roles.id_no)[rows])
            letters[some] = _LETTERS.index("P")
            identity = identity.put(some, self._numbers(roles.id_no, roles.id_type, some))
        for letter, code in (("O", roles.org_code), ("U", roles.uscc)):
            if code is not None:
                known = facts.filled(code)
                if letter == "U":
                    known = known & ~facts.placeholder(code)
                some = np.flatnonzero(known[rows])
                letters[some] = _LETTERS.index(letter)
                identity = identity.put(some, self._value(code).of(some))
        nameless = np.flatnonzero(letters == _LETTERS.index("N"))
        names = self._value(roles.counterpart_name).of(nameless)
        identity = identity.put(nameless, self.writer.translated(names, _KEYS, normal_key_text))
        return self.writer.joined([self.writer.texts(_LETTERS).of(letters), identity])

    def _numbers(self, code: str, kind: str | None, some: Rows) -> Written:
        """Kind of paper and number of these rows."""
        plain, colon = (self.writer.texts([text]).of(np.zeros(len(some), dtype=np.int64)) for text in (CITIZEN_ID, ":"))
        if kind is not None:
            named = np.flatnonzero(self.facts.filled(kind)[self.rows[some]])
            plain = plain.put(named, self._value(kind).of(some[named]))
        return self.writer.joined([plain, colon, self._value(code).of(some)])


_LETTERS = "NPOU"
