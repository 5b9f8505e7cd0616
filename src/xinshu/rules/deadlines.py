"""Until when something is due: pure functions of the event's day, the calendar and the dated limits.

Source: docs/rules.md sections 2.1, 5.3 and 6.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime

from xinshu.kernel.clock import WorkCalendar, WorkdayResult, add_working_days, shanghai_date
from xinshu.rules.domain import Deadlines, DeadlineVersion
from xinshu.rules.errors import DeadlineUnknown
from xinshu.rules.publicity import add_months


def deadline_on(name: str, event_date: date, deadlines: Deadlines) -> DeadlineVersion:
    """The version of a limit that covers the event's day. Raises DeadlineUnknown."""
    rule = deadlines.get(name)
    if rule is None:
        raise DeadlineUnknown(name)
    for version in rule.versions:
        if event_date in version.period:
            return version
    raise DeadlineUnknown(name, event_date)


def due(name: str, event_date: date, calendar: WorkCalendar, deadlines: Deadlines) -> WorkdayResult:
    """The last day on time. Day 0 is the day of the event [proposed reading].

    Provisional when the count passes a year without published calendar. Raises DeadlineUnknown.
    """
    version = deadline_on(name, event_date, deadlines)
    if version.working_days is not None:
        return add_working_days(event_date, version.working_days, calendar)
    month = add_months(event_date.replace(day=1), version.month_ends or 0)
    return WorkdayResult(month.replace(day=monthrange(month.year, month.month)[1]), False)


def on_time(received_at: datetime, name: str, event_date: date, calendar: WorkCalendar, deadlines: Deadlines) -> bool:
    """Whether something received at that instant is on time: its day in Shanghai is not after the due day.

    Raises DeadlineUnknown, and ValueError for an instant without time zone.
    """
    return shanghai_date(received_at) <= due(name, event_date, calendar, deadlines).day
