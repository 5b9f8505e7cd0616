"""Where the records of a delimited text end, and how many cells each has, told from the places of its quotes.

Quoting as RFC 4180 has it, and for text that departs from it as Python's csv module reads it: a quote opens a quoted
cell only at the cell's beginning; anywhere else it is a character like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.intp]
_QUOTE, _LINE_FEED = ord('"'), ord("\n")
_BLOCK = 1 << 19


@dataclass(frozen=True, slots=True)
class Layout:
    """The structure of a text (LF line ends) that begins where a record begins.

    `ends`: places of the line feeds that end a record. `toggles`: places of the quotes that open or close a quoted cell;
    an odd number of them means that the text ends inside one. `regular`: all quotes stand where RFC 4180 has them.
    """

    body: bytes
    delimiter: str
    ends: Places
    toggles: Places
    regular: bool

    @property
    def cut(self) -> int:
        """The place after the last whole record."""
        return int(self.ends[-1]) + 1 if len(self.ends) else 0

    @property
    def open_record(self) -> int | None:
        """The 0-based number of the record in which a quoted cell is still open; None when all are closed."""
        return int(np.searchsorted(self.ends, self.toggles[-1])) if len(self.toggles) % 2 else None

    def counts(self) -> npt.NDArray[np.int64]:
        """Cells of each whole record."""
        cells = _outside(_places(np.frombuffer(self.body, dtype=np.uint8), ord(self.delimiter)), self.toggles)
        before = np.searchsorted(cells, self.ends)
        return np.diff(before, prepend=0).astype(np.int64) + 1

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Bytes of each whole record, its line feed included."""
        return np.diff(self.ends, prepend=-1).astype(np.int64)

    @property
    def quoted(self) -> Places:
        """The 0-based numbers of the whole records that have a quoted cell."""
        numbers = np.unique(np.searchsorted(self.ends, self.toggles))
        return numbers[numbers < len(self.ends)]

    @property
    def longest(self) -> int:
        """Bytes of the longest whole record, its line feed included."""
        return int(self.sizes.max(initial=0))

    def record(self, number: int) -> bytes:
        """The bytes of one whole record, without its line feed."""
        start = int(self.ends[number - 1]) + 1 if number else 0
        return self.body[start : int(self.ends[number])]


def lay_out(body: bytes, delimiter: str) -> Layout:
    """Find the records of a text."""
    array = np.frombuffer(body, dtype=np.uint8)
    feeds = _places(array, _LINE_FEED)
    if b'"' not in body:
        return Layout(body, delimiter, feeds, feeds[:0], True)
    quotes = _places(array, _QUOTE)
    regular = _regular(array, quotes, ord(delimiter))
    toggles = quotes if regular else _toggles(body, quotes, ord(delimiter))
    return Layout(body, delimiter, _outside(feeds, toggles), toggles, regular)


def _places(array: npt.NDArray[np.uint8], mark: int) -> Places:
    """Where a byte stands, looked for block by block: a block stays in the processor's cache between two steps."""
    found = [np.flatnonzero(array[start : start + _BLOCK] == mark) + start for start in range(0, len(array), _BLOCK)]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.intp)


def _outside(places: Places, toggles: Places) -> Places:
    """Those of the places that lie in no quoted cell."""
    return places[np.searchsorted(toggles, places) % 2 == 0] if len(toggles) else places


def _regular(array: npt.NDArray[np.uint8], quotes: Places, delimiter: int) -> bool:
    """Whether quotes, taken in turn as opening and closing, stand at the edges of cells or next to another (a quote
    inside a quoted cell is written twice)."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = array[np.maximum(opening - 1, 0)]
    if not bool(((opening == 0) | _edge(before, delimiter)).all()):
        return False
    after = array[np.minimum(closing + 1, len(array) - 1)]
    return bool(((closing == len(array) - 1) | _edge(after, delimiter)).all())


def _edge(neighbours: npt.NDArray[np.uint8], delimiter: int) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isin(neighbours, (delimiter, _LINE_FEED, _QUOTE)))


def _toggles(body: bytes, quotes: Places, delimiter: int) -> Places:
    """The quotes that open or close a cell, one by one."""
    found: list[int] = []
    inside, skip = False, -1
    for place in quotes.tolist():
        if place == skip:
            continue
        if not inside:
            if place == 0 or body[place - 1] in (delimiter, _LINE_FEED):
                found.append(place)
                inside = True
        elif body[place + 1 : place + 2] == b'"':
            skip = place + 1
        else:
            found.append(place)
            inside = False
    return np.asarray(found, dtype=np.intp)
