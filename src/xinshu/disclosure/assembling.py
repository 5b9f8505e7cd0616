"""From whole records to what a query may see: the one serializer of the gate, by field class and mask. Pure.

A value comes through only when the query's fields have its column; a personal value stays masked unless the purpose
lifts that mask; long numbers in free text are masked always. Whoever adds a column without a class adds one nobody sees.
All records that are read together are cut together by compiled loops (docs/decisions/0017), into the text in which a
result is kept: one subject or five thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import orjson

from xinshu.catalogue.domain import CatalogueItem
from xinshu.disclosure.cutting import FREE, LIFTED, PERSONAL, judge, room_for, write
from xinshu.disclosure.domain import FieldKey, Heading, Opening
from xinshu.kernel.flat_json import Bytes, Found, Ints, Mask, Names, Small, find
from xinshu.records.disclosing import NO_DAY, Holdings, open_personal
from xinshu.security.masking import mask_numbers_of
from xinshu.security.sealing import Vault

_FREE_TEXT = "text"
_EMPTY = 2  # bytes of a text with nothing between its quotes
_ITEMS = 1 << 15  # numbers of items are smallints
_EPOCH = date(2000, 1, 1).toordinal()
_FIRST_DAY, _LAST_DAY = date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH


class Column(NamedTuple):
    """A column as a query sees it. `lifted`: its mask is."""

    code: str
    personal: bool
    lifted: bool
    free_text: bool

    @property
    def flags(self) -> int:
        """For the compiled loops."""
        return PERSONAL * self.personal | LIFTED * self.lifted | FREE * self.free_text


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The columns of one item that a query sees, in the order of the item."""

    heading: Heading
    columns: tuple[Column, ...]


def views_of(catalogue: Mapping[str, CatalogueItem], fields: Mapping[FieldKey, Opening]) -> dict[str, View]:
    """{item code: what is seen of its records}; items without a column in the field set are missing."""
    views = {}
    for code in dict.fromkeys(item for item, _ in fields):
        item = catalogue[code]
        seen = [each for each in item.fields if (code, each.code) in fields]
        columns = tuple(
            Column(each.code, each.personal, fields[code, each.code].unmask, each.kind == _FREE_TEXT) for each in seen
        )
        heading = Heading(item.item, item.title, tuple((each.code, each.title) for each in seen))
        views[code] = View(heading, columns)
    return views


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What is seen of a subject: the views of its items, as the compiled loops ask for them. `number_of`: of the view by
    the number of the item, -1 for an item that is not seen; `lifts`: (view, column) where a mask is lifted."""

    views: tuple[View, ...]
    number_of: npt.NDArray[np.int32]
    names: Names
    flags: Bytes
    lifts: Mask

    @classmethod
    def of(cls, views: Mapping[str, View]) -> Self:
        """From the views by item."""
        seen = tuple(views.values())
        names = Names.of([[each.code for each in view.columns] for view in seen])
        flags = np.array([each.flags for view in seen for each in view.columns], dtype=np.uint8)
        lifts = np.zeros((len(seen), names.widest), dtype=np.bool_)
        for place, view in enumerate(seen):
            lifts[place, : len(view.columns)] = [each.personal and each.lifted for each in view.columns]
        return cls(seen, np.empty(0, dtype=np.int32), names, flags, lifts)

    def among(self, items: Mapping[int, CatalogueItem]) -> Self:
        """The same for the numbers that the items have in the store now."""
        numbers = {view.heading.item: number for number, view in enumerate(self.views)}
        number_of = np.full(_ITEMS, -1, dtype=np.int32)
        for number, item in items.items():
            number_of[number] = numbers.get(item.item, -1)
        return replace(self, number_of=number_of)


@dataclass(slots=True)
class Headings:
    """The headings of a result, numbered as they come up. `all`: in the order of their numbers."""

    all: list[Heading] = field(default_factory=list)
    _numbers: dict[tuple[View, bytes], int] = field(default_factory=dict)

    def number(self, view: View, filled: bytes) -> int:
        """Of records that have these columns of a view (a bit for each)."""
        found = self._numbers.get((view, filled))
        if found is None:
            found = self._numbers[view, filled] = len(self.all)
            self.all.append(_narrowed(view, filled))
        return found


@lru_cache(maxsize=4096)
def _narrowed(view: View, filled: bytes) -> Heading:
    """The part of a view's heading that records with these columns can fill."""
    bits = np.unpackbits(np.frombuffer(filled, dtype=np.uint8))
    return view.heading._replace(
        columns=tuple(title for title, bit in zip(view.heading.columns, bits, strict=False) if bit)
    )


class Facts(NamedTuple):
    """The facts of a subject as JSON, with commas between them, and how many they are."""

    text: bytes
    number: int


@dataclass(frozen=True, slots=True)
class Serializer:
    """Cuts records to what is seen of them. `name_of`: the name of a unit."""

    vault: Vault
    name_of: Callable[[str], str]
    headings: Headings

    def facts_of(self, held: Holdings, sights: Mapping[int, Sight]) -> dict[int, Facts]:
        """{place of a subject: its facts}, in the order of its records; a record without a visible value is left out.

        `sights`: {place of a subject: what is seen of it}; of one without nothing is.
        """
        found: dict[int, Facts] = {}
        for sight in dict.fromkeys(sights.values()):
            seen = [place for place, each in sights.items() if each is sight]
            rows = (
                np.flatnonzero(np.isin(held.places, seen)) if len(seen) < len(sights) else np.arange(len(held.places))
            )
            rows = rows[sight.number_of[held.items[rows]] >= 0]
            if len(rows):
                found.update(self._cut(held, rows, sight))
        return found

    def _cut(self, held: Holdings, rows: npt.NDArray[np.intp], sight: Sight) -> dict[int, Facts]:
        picks = rows.tolist()
        views = sight.number_of[held.items[rows]]
        shown = find([held.payloads[each] for each in picks], views, sight.names)
        own = self._opened(held, picks, views, shown, sight)
        shape = shown.sizes.shape
        masked, numbers = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
        filled = np.zeros(len(picks), dtype=np.bool_)
        room = judge(
            shown.data,
            shown.starts,
            shown.sizes,
            own.sizes,
            views,
            sight.names.firsts,
            sight.flags,
            masked,
            numbers,
            filled,
        )
        if numbers.any():
            own = _without_numbers(shown, own, numbers)
        prefixes, prefix_of = self._prefixes(held, picks, views, shown, sight)
        sizes = np.array([len(each) for each in prefixes], dtype=np.int64)
        out = np.empty(room_for(len(picks), shape[1], room, int(sizes[prefix_of].sum())), dtype=np.uint8)
        ends = np.empty(len(picks), dtype=np.int64)
        events, received = held.events[rows], held.received[rows]
        dated = events != NO_DAY
        _require_days(events[dated])
        _require_days(received)
        write(
            shown.data,
            shown.starts,
            shown.sizes,
            own.data,
            own.starts,
            own.sizes,
            masked,
            filled,
            np.frombuffer(bytearray(b"".join(prefixes)), dtype=np.uint8),
            np.cumsum(sizes) - sizes,
            sizes,
            prefix_of,
            events,
            dated,
            received,
            out,
            ends,
        )
        return _by_subject(held.places[rows], filled, out, ends)

    def _opened(self, held: Holdings, picks: Sequence[int], views: Small, shown: Found, sight: Sight) -> Found:
        """The personal values themselves, where a mask is lifted off one that is filled; all other sizes are 0."""
        nothing = Found(
            np.zeros(1, dtype=np.uint8), np.zeros(shown.sizes.shape, dtype=np.int64), np.zeros_like(shown.sizes)
        )
        lifted = np.flatnonzero(((shown.sizes > _EMPTY) & sight.lifts[views]).any(axis=1))
        wanted = [each for each in lifted.tolist() if held.sealed[picks[each]] is not None]
        if not wanted:
            return nothing
        ids = [held.ids[picks[each]] for each in wanted]
        opened = open_personal(ids, [held.sealed[picks[each]] or b"" for each in wanted], self.vault)
        found = find(opened, views[wanted], sight.names)
        nothing.starts[wanted], nothing.sizes[wanted] = found.starts, np.maximum(found.sizes, 0)
        return replace(nothing, data=found.data)

    def _prefixes(
        self, held: Holdings, picks: Sequence[int], views: Small, shown: Found, sight: Sight
    ) -> tuple[list[bytes], Small]:
        """The different beginnings of facts (heading and source), and which one each record has."""
        bits = np.packbits(shown.sizes >= 0, axis=1)
        width, whole = bits.shape[1], bits.tobytes()
        made: dict[tuple[int, bytes, bytes], int] = {}
        texts: list[bytes] = []
        which = []
        for place, (row, view) in enumerate(zip(picks, views.tolist(), strict=True)):
            key = view, whole[place * width : (place + 1) * width], held.suppliers[row]
            number = made.get(key)
            if number is None:
                number = made[key] = len(texts)
                heading = self.headings.number(sight.views[view], key[1])
                texts.append(b"[%d,%b," % (heading, orjson.dumps(self.name_of(key[2].decode()))))
            which.append(number)
        return texts, np.array(which, dtype=np.int32)


def _without_numbers(shown: Found, own: Found, places: Mask) -> Found:
    """Texts that may hold long numbers, with these masked, beside the opened values."""
    rows, columns = np.nonzero(places)
    starts, sizes = shown.starts[rows, columns].tolist(), shown.sizes[rows, columns].tolist()
    tokens = [shown.data[start : start + size].tobytes() for start, size in zip(starts, sizes, strict=True)]
    texts = [orjson.dumps(each) for each in mask_numbers_of(orjson.loads(b"[%b]" % b",".join(tokens)))]
    lengths = np.array([len(each) for each in texts], dtype=np.int32)
    own.starts[rows, columns] = len(own.data) + np.cumsum(lengths) - lengths
    own.sizes[rows, columns] = lengths
    return replace(own, data=np.concatenate([own.data, np.frombuffer(b"".join(texts), dtype=np.uint8)]))


def _require_days(days: npt.NDArray[np.int32]) -> None:
    """Raise ValueError for a day that a calendar does not have."""
    if len(days) and not _FIRST_DAY <= int(days.min()) <= int(days.max()) <= _LAST_DAY:
        raise ValueError("a day outside the calendar")


def _by_subject(places: npt.NDArray[np.int32], filled: Mask, out: Bytes, ends: Ints) -> dict[int, Facts]:
    last = np.flatnonzero(np.append(np.diff(places) != 0, True))
    counts = np.cumsum(filled)[last]
    found, whole = {}, out[: int(ends[-1])].tobytes()
    begin, before = 0, 0
    for place, end, count in zip(places[last].tolist(), ends[last].tolist(), counts.tolist(), strict=True):
        if count > before:
            found[place] = Facts(whole[begin : end - 1], count - before)
        begin, before = end, count
    return found
