"""Days and working days. Pure arithmetic: the instant and the calendar come in as arguments; `xinshu.rules` owns the
dated calendar.

Every legal day is a day in Shanghai: convert the instant, then compare dates.
Source: docs/rules.md section 2; architecture.md section 9 "Time".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from xinshu.kernel.errors import XinshuError

SHANGHAI = ZoneInfo("Asia/Shanghai")

_AS_OF = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}))?")
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


class InvalidInstant(XinshuError):
    """A date or a moment given by a person cannot be read."""

    code = "time.invalid"


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Which days are worked.

    `closed`: Mondays to Fridays that are not worked; `make_up`: Saturdays and Sundays that are. `years`: those whose
    calendar is published. In other years Monday to Friday are worked except `fixed_holidays` ((month, day) pairs),
    and every answer that rests on such a day is provisional [proposed].
    """

    closed: frozenset[date]
    make_up: frozenset[date]
    years: frozenset[int]
    fixed_holidays: frozenset[tuple[int, int]] = frozenset()

    def covers(self, day: date) -> bool:
        """Whether the calendar of that day's year is published."""
        return day.year in self.years


@dataclass(frozen=True, slots=True)
class WorkdayResult:
    """A day computed over working days; provisional when a year without published calendar was passed through."""

    day: date
    provisional: bool


def shanghai_date(instant: datetime) -> date:
    """The day in Shanghai at that instant. Raises ValueError for an instant without time zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(SHANGHAI).date()


def parse_as_of(text: str) -> datetime:
    """The moment meant by `YYYY-MM-DD` (noon) or `YYYY-MM-DDTHH:MM`, Shanghai time.

    Raises:
        InvalidInstant: any other form, or a day or time that does not exist.
    """
    found = _AS_OF.fullmatch(text.strip())
    if found is not None:
        try:
            return datetime.fromisoformat(f"{found[1]}T{found[2] or '12:00'}").replace(tzinfo=SHANGHAI)
        except ValueError:
            pass
    raise InvalidInstant(f"时间“{text[:40]}”无法识别", fix="写成 2026-04-01 或 2026-04-01T09:30（北京时间）")


def is_working_day(day: date, calendar: WorkCalendar) -> bool:
    """Whether the day is worked; for a year without published calendar the best guess (see `WorkCalendar`)."""
    if day.year not in calendar.years:
        return day.weekday() < _SATURDAY and (day.month, day.day) not in calendar.fixed_holidays
    return day not in calendar.closed if day.weekday() < _SATURDAY else day in calendar.make_up


def add_working_days(start: date, count: int, calendar: WorkCalendar) -> WorkdayResult:
    """The `count`-th working day after `start`; `start` itself is day 0 and is returned for 0, worked or not.

    A result past the year 9999 is the last day of that year, provisional. Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError("count of working days must not be negative")
    day, left, provisional = start, count, False
    while left:
        if day == date.max:
            return WorkdayResult(day, True)
        day += _ONE_DAY
        provisional = provisional or day.year not in calendar.years
        left -= is_working_day(day, calendar)
    return WorkdayResult(day, provisional)


def working_days_between(start: date, end: date, calendar: WorkCalendar) -> int:
    """How many working days lie after `start` up to and including `end`; negative when `end` is before `start`."""
    if end < start:
        return -working_days_between(end, start, calendar)
    days = (start + timedelta(days=offset) for offset in range(1, (end - start).days + 1))
    return sum(is_working_day(day, calendar) for day in days)
