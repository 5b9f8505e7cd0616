"""Limits, counted in subjects under row locks, and what is odd enough to be alarmed.

The counter rows stay locked until the transaction ends: parallel queries of a unit wait for one another here, so their
sum cannot pass a limit. The unit's row is always taken before the person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise

from django.db import connection

from xinshu.disclosure.domain import Limits
from xinshu.disclosure.errors import PersonLimit, UnitLimit
from xinshu.kernel.clock import SHANGHAI

COUNT_UNIT = """
INSERT INTO disclosure_counter AS c (scope, key, day, subjects) VALUES ('unit', %(unit)s, %(day)s, %(count)s)
ON CONFLICT (scope, key, day) DO UPDATE SET subjects = c.subjects + excluded.subjects RETURNING subjects
"""
COUNT_PERSON = """
INSERT INTO disclosure_counter AS c (scope, key, day, subjects) VALUES ('person', %(person)s, %(day)s, %(count)s)
ON CONFLICT (scope, key, day) DO UPDATE SET subjects = c.subjects + excluded.subjects RETURNING subjects
"""
_BODY = slice(8, 16)  # of a credit code: the number the registry gave, without its check character
_NEAR = 3


def count_unit(unit: str, day: date, subjects: int, limits: Limits) -> int:
    """Count subjects for a unit; returns its sum of the day. Raises UnitLimit, which undoes the whole query."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_UNIT, {"unit": unit, "day": day, "count": subjects})
        (total,) = cursor.fetchone()
    require_unit(total, limits)
    return int(total)


def note_person(person: str, day: date, subjects: int) -> None:
    """Count subjects of an approved batch for a person: he asks for fewer by himself on that day."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_PERSON, {"person": person, "day": day, "count": subjects})


def require_unit(total: int, limits: Limits) -> None:
    """Raise UnitLimit above the unit's limit of a day."""
    if total > limits.per_unit_day:
        raise UnitLimit(f"上限 {limits.per_unit_day}")


def require_person(total: int, limits: Limits) -> None:
    """Raise PersonLimit above the person's limit of a day."""
    if total > limits.per_person_day:
        raise PersonLimit(f"上限 {limits.per_person_day}")


def longest_run(codes: Sequence[str]) -> int:
    """How many of the credit codes lie in near sequence: each number at most three after the one before it."""
    numbers = sorted(_number(code[_BODY]) for code in codes if len(code) == 18 and code[_BODY].isalnum())
    longest = current = min(len(numbers), 1)
    for one, other in pairwise(numbers):
        current = current + 1 if other - one <= _NEAR else 1
        longest = max(longest, current)
    return longest


def _number(body: str) -> int:
    """The registry's number: two signs of the series and a decimal count, or a number to the base of 36."""
    if body[2:].isdigit():
        return int(body[:2], 36) * 10**9 + int(body[2:])
    return int(body, 36) * 10**3


def oddities(codes: Sequence[str], total: int, now: datetime, limits: Limits) -> dict[str, str | int]:
    """What to alarm about a query of these codes, `total` being the subjects of the day so far; empty for nothing."""
    found: dict[str, str | int] = {}
    run = longest_run(codes)
    if run >= limits.run:
        found["run"] = run
    if limits.off_hour(now.astimezone(SHANGHAI).hour) and max(len(codes), total) >= limits.off_hours_subjects:
        found["off_hours"] = max(len(codes), total)
    return found
