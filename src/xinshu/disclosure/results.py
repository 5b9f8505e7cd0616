"""Results of batches at rest: one sealed file each, in a private folder of the state folder, gone when its days are over."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from xinshu.disclosure.assembling import Facts
from xinshu.disclosure.domain import Disclosed, Fact, Head, Heading, Outcome, Result, Told
from xinshu.disclosure.errors import FileExpired
from xinshu.disclosure.gate import Gate
from xinshu.security.sealing import FileSealer

Line = tuple[Told, Facts]
"""A subject of a result: what is said of it, and its facts."""


class Sheet:
    """The file of a result while it is made: first subject after subject, then the rest."""

    def __init__(self, file: FileSealer) -> None:
        self._file, self._begun = file, False

    def take(self, subjects: Sequence[Line]) -> None:
        """The next subjects and their facts."""
        lines = [_line(*each) for each in subjects]
        self._file.write((b"," if self._begun else b'{"subjects":[') + b",".join(lines))
        self._begun = True

    def close(self, head: Head, headings: Sequence[Heading]) -> None:
        """Everything else, once there was a subject."""
        rest = head._asdict() | {"headings": headings}
        self._file.write(b"]," + orjson.dumps(rest, default=tuple)[1:])
        self._file.close()


def _line(told: Told, facts: Facts) -> bytes:
    known = orjson.dumps((told.code, told.name, told.outcome.value, told.status, told.withheld))
    return b"%b,[%b]]" % (known[:-1], facts.text)


@contextmanager
def keeping_result(gate: Gate, ticket: UUID) -> Iterator[Sheet]:
    """A file for a result, sealed; it is whole on disk when the block ends, and not there when the block fails."""
    path = _path(gate, ticket)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield Sheet(gate.vault.file_sealer(file, result_place(ticket)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def open_result(gate: Gate, ticket: UUID) -> Result:
    """The result of a batch. Raises FileExpired when it is gone, SealBroken."""
    path = _path(gate, ticket)
    if not path.exists():
        raise FileExpired
    with path.open("rb") as file:
        content = orjson.loads(b"".join(gate.vault.open_file(file, result_place(ticket))))
    headings = _headings(content)
    return Result(
        content["ticket"],
        content["purpose"],
        content["unit"],
        content["person"],
        datetime.fromisoformat(content["at"]),
        tuple(_subject(each, headings) for each in content["subjects"]),
        tuple(content["checked"]),
        tuple(content["not_checked"]),
    )


def drop_result(gate: Gate, ticket: UUID) -> None:
    """Destroy the file; nothing happens when there is none."""
    _path(gate, ticket).unlink(missing_ok=True)


def kept_results(gate: Gate) -> list[UUID]:
    """The queries that have a file."""
    return [UUID(path.stem) for path in sorted(_folder(gate).glob("*.sealed"))]


def _headings(content: dict[str, Any]) -> list[Heading]:
    return [
        Heading(item, title, tuple((code, name) for code, name in columns))
        for item, title, columns in content["headings"]
    ]


def _subject(content: list[Any], headings: list[Heading]) -> Disclosed:
    code, name, outcome, status, withheld, facts = content
    found = tuple(_fact(headings[each[0]], *each[1:]) for each in facts)
    return Disclosed(code, name, Outcome(outcome), found, status, tuple(withheld))


def read_facts(facts: Facts, headings: Sequence[Heading]) -> tuple[Fact, ...]:
    """The facts of a subject that is answered at once."""
    return tuple(_fact(headings[each[0]], *each[1:]) for each in orjson.loads(b"[%b]" % facts.text))


def _fact(
    heading: Heading, source: str, event: str | None, received: str, values: list[str], masked: list[int]
) -> Fact:
    day = None if event is None else date.fromisoformat(event)
    return Fact(heading, source, day, date.fromisoformat(received), tuple(values), tuple(masked))


def _folder(gate: Gate) -> Path:
    return gate.settings.home / "disclosed"


def _path(gate: Gate, ticket: UUID) -> Path:
    return _folder(gate) / f"{ticket}.sealed"


def result_place(ticket: UUID) -> str:
    """What the pieces of a result are bound to."""
    return f"disclosed\0{ticket}"


def as_json(result: Result) -> dict[str, Any]:
    """A result for the interface: by names, days as ISO text."""
    subjects = [
        {
            "code": each.code,
            "name": each.name,
            "outcome": each.outcome.value,
            "status": each.status,
            "withheld": list(each.withheld),
            "facts": [
                {
                    "item": fact.item,
                    "title": fact.title,
                    "source": fact.source,
                    "event_date": None if fact.event_date is None else fact.event_date.isoformat(),
                    "received_on": fact.received_on.isoformat(),
                    "values": [cell._asdict() for cell in fact.cells],
                }
                for fact in each.facts
            ],
        }
        for each in result.subjects
    ]
    return {
        "purpose": result.purpose,
        "at": result.at.isoformat(),
        "subjects": subjects,
        "checked": list(result.checked),
        "not_checked": list(result.not_checked),
    }
