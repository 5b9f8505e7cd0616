"""Results of batches at rest: one sealed file each, in a private folder of the state folder, gone when its days are over."""

from __future__ import annotations

import io
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from xinshu.disclosure.domain import Disclosed, Fact, Heading, Outcome, Result
from xinshu.disclosure.errors import FileExpired
from xinshu.disclosure.gate import Gate

_HEAD = ("ticket", "purpose", "unit", "person", "at", "checked", "not_checked")


def keep_result(gate: Gate, ticket: UUID, result: Result) -> None:
    """Seal a result away; it is whole on disk when this returns."""
    path = _path(gate, ticket)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    text = orjson.dumps(_content(result), default=tuple)
    with part.open("wb") as file:
        gate.vault.seal_file(io.BytesIO(text), file, result_place(ticket))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


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


def _content(result: Result) -> dict[str, Any]:
    """Facts as lists, in the order of their fields, with the number of their heading; the rest by name."""
    whole = {name: getattr(result, name) for name in _HEAD}
    facts = [fact for each in result.subjects for fact in each.facts]
    headings = list({id(fact.heading): fact.heading for fact in facts}.values())  # to hash each anew would cost
    numbers = {id(heading): number for number, heading in enumerate(headings)}
    days: dict[date | None, str | None] = {None: None}
    for fact in facts:
        for day in (fact.event_date, fact.received_on):
            if day not in days:
                days[day] = str(day)
    whole["headings"] = headings
    whole["subjects"] = [
        [
            each.code,
            each.name,
            each.outcome.value,
            each.status,
            each.withheld,
            [
                (numbers[id(heading)], source, days[event], days[received], values, masked)
                for heading, source, event, received, values, masked in each.facts
            ],
        ]
        for each in result.subjects
    ]
    return whole


def _headings(content: dict[str, Any]) -> list[Heading]:
    return [
        Heading(item, title, tuple((code, name) for code, name in columns))
        for item, title, columns in content["headings"]
    ]


def _subject(content: list[Any], headings: list[Heading]) -> Disclosed:
    code, name, outcome, status, withheld, facts = content
    found = tuple(_fact(headings[each[0]], *each[1:]) for each in facts)
    return Disclosed(code, name, Outcome(outcome), found, status, tuple(withheld))


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
