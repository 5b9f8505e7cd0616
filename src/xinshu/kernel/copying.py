"""PostgreSQL's binary COPY format, rendered column by column.

Each column is a sequence of fields that carry their length already; a row is one join. Source: PostgreSQL manual, COPY,
section "Binary Format".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice, repeat
from typing import TypeVar

NULL = b"\xff\xff\xff\xff"
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ROWS_A_BLOCK = 1_000

Fields = Iterable[bytes]
T = TypeVar("T")


def uuids(values: Iterable[bytes | None]) -> list[bytes]:
    """16 bytes each."""
    return [NULL if value is None else b"\0\0\0\x10" + value for value in values]


def texts(values: Iterable[str | None]) -> list[bytes]:
    """text; NUL characters, which PostgreSQL refuses, must be gone."""
    return [NULL if value is None else len(raw := value.encode()).to_bytes(4, "big") + raw for value in values]


def _each_once(values: Iterable[T], render_all: Callable[[list[T]], list[bytes]]) -> list[bytes]:
    given = list(values)
    different = list(dict.fromkeys(given))
    forms = dict(zip(different, render_all(different), strict=True))
    return [forms[value] for value in given]


def blobs(values: Iterable[bytes | None]) -> list[bytes]:
    """bytea."""
    return [NULL if value is None else len(value).to_bytes(4, "big") + value for value in values]


def dates(values: Iterable[date | None]) -> list[bytes]:
    """date."""
    return _each_once(values, lambda different: [date_field(value) for value in different])


def integers(values: Iterable[int | None]) -> list[bytes]:
    """int4."""
    return [NULL if value is None else b"\0\0\0\x04" + value.to_bytes(4, "big", signed=True) for value in values]


def small_integers(values: Iterable[int | None]) -> list[bytes]:
    """int2."""
    return [NULL if value is None else b"\0\0\0\x02" + value.to_bytes(2, "big", signed=True) for value in values]


def date_field(value: date | None) -> bytes:
    """One date."""
    if value is None:
        return NULL
    return b"\0\0\0\x04" + (value.toordinal() - _EPOCH_DAY).to_bytes(4, "big", signed=True)


def instant_field(value: datetime | None) -> bytes:
    """One timestamptz."""
    if value is None:
        return NULL
    since = value - _EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return b"\0\0\0\x08" + microseconds.to_bytes(8, "big", signed=True)


def same(field: bytes) -> Fields:
    """The same field in every row."""
    return repeat(field)


def render(columns: Sequence[Fields]) -> Iterator[bytes]:
    """The whole COPY stream in blocks. At least one column must be finite; all finite ones are equally long."""
    head = len(columns).to_bytes(2, "big")
    rows = map(b"".join, zip(repeat(head), *columns, strict=False))
    yield _HEADER
    while block := b"".join(islice(rows, _ROWS_A_BLOCK)):
        yield block
    yield _TRAILER
