"""What an auditor looks at first: the state of the chain, the figures of a day, and what is odd.

Odd is data of the profile (`audit/anomalies.yaml`), counted per person and Shanghai day from the entries themselves; the
alarms the gate raised while it answered (`disclosure.alarm`: near-sequential codes, off hours) are taken as they are.
Whether the chain is in order is what the last checks said that are on the record.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import yaml
from django.db import connection

from xinshu.kernel.clock import SHANGHAI
from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile
from xinshu.security.audit.actions import ACTIONS, Kind

_FILE = "audit/anomalies.yaml"
_DISCLOSED = [code for code, each in ACTIONS.items() if each.kind is Kind.DISCLOSURE and code != "disclosure.alarm"]
_BATCHES = ["disclosure.batch_query"]
WORDS = {
    "refusals": "多次被拒绝",
    "subjects": "查询主体过多",
    "off_hours": "非工作时间集中查询",
    "burst": "一分钟内密集查询",
    "near": "查询代码相邻（疑似逐号查询）",
    "night": "非工作时间大量查询",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is odd."""

    first: date
    off_from: time
    off_to: time
    off_hours_rows: int
    subjects: int
    refusals: int
    burst_rows: int


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something odd: who, when, how much against which limit."""

    kind: str
    actor: str
    unit: str
    day: date
    count: int
    limit: int

    @property
    def words(self) -> str:
        """What it is called."""
        return WORDS[self.kind]


@dataclass(frozen=True, slots=True)
class ChainState:
    """How far the record is sealed and anchored. `behind`: seconds the oldest unsealed entry has waited, None without one."""

    blocks: int
    sealed: int
    sealed_at: datetime | None
    unsealed: int
    behind: float | None
    anchored_block: int
    checked_at: datetime | None
    fresh_until: datetime | None
    fresh: bool
    purged_blocks: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A check found the record not in order, and no full check since found it in order."""

    entry: int
    at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What happened in a span."""

    disclosures: int
    subjects: int
    refusals: int
    people: int


def limits_on(profile: Profile, day: date) -> Limits:
    """The limits that hold on a day. Raises ProfileInvalid."""
    path = profile.find(_FILE)
    try:
        entries = [] if path is None else yaml.safe_load(path.read_text(encoding="utf-8"))
        limits = [_limits(each) for each in entries]
        return max((each for each in limits if each.first <= day), key=lambda each: each.first)
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as problem:
        raise ProfileInvalid(f"{_FILE} 无法使用：{problem}", fix="对照 profiles/base/audit/anomalies.yaml") from problem


def anomalies(limits: Limits, since: datetime, until: datetime) -> list[Anomaly]:
    """What is odd in a span, the newest day first."""
    span: dict[str, Any] = {
        "since": since,
        "until": until,
        "disclosed": _DISCLOSED,
        "batches": _BATCHES,
        "off_from": limits.off_from,
        "off_to": limits.off_to,
        "refusals": limits.refusals,
        "subjects": limits.subjects,
        "off_hours": limits.off_hours_rows,
        "burst": limits.burst_rows,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ODD, span)
        return [Anomaly(*row) for row in cursor.fetchall()]


def chain_state(now: datetime) -> ChainState:
    """The state of the chain."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        blocks, sealed, sealed_at, unsealed, oldest, anchored, checked_at, fresh_until, purged = cursor.fetchone()
    return ChainState(
        blocks,
        sealed,
        sealed_at,
        unsealed,
        None if oldest is None else max(0.0, (now - oldest).total_seconds()),
        anchored,
        checked_at,
        fresh_until,
        fresh_until is not None and now <= fresh_until,
        purged,
    )


def broken() -> Broken | None:
    """The last check that found something wrong; a full one in order after it clears it."""
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN)
        found = cursor.fetchone()
    return None if found is None else Broken(found[0], found[1], str(json.loads(found[2]).get("said", "")))


def figures(since: datetime, until: datetime) -> DayFigures:
    """What happened in a span."""
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, {"since": since, "until": until, "disclosed": _DISCLOSED})
        return DayFigures(*cursor.fetchone())


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The instants between which a Shanghai day lies."""
    start = datetime.combine(day, time(), SHANGHAI)
    return start, start + timedelta(days=1)


def _limits(facts: dict[str, Any]) -> Limits:
    hours = facts["off_hours"]
    return Limits(
        facts["from"],
        time.fromisoformat(hours["from"]),
        time.fromisoformat(hours["to"]),
        *(int(facts[name]) for name in ("off_hours_rows", "subjects", "refusals", "burst_rows")),
    )


_ODD = """
WITH acts AS (
    SELECT actor, unit, action, outcome, object_ref, at, (at AT TIME ZONE 'Asia/Shanghai') AS here, detail
    FROM security_audit_entry WHERE at >= %(since)s AND at < %(until)s
), days AS (
    SELECT actor, max(unit) AS unit, here::date AS day,
        count(*) FILTER (WHERE outcome = 'refused') AS refused,
        count(DISTINCT object_ref) FILTER (WHERE action = ANY(%(disclosed)s) AND outcome = 'done' AND object_ref <> '') AS subjects,
        count(*) FILTER (WHERE action = ANY(%(disclosed)s) AND outcome = 'done' AND (extract(isodow FROM here) > 5
            OR here::time >= %(off_from)s OR here::time < %(off_to)s)) AS off_hours,
        count(*) FILTER (WHERE action = 'disclosure.alarm' AND detail LIKE '%%"run":%%') AS near,
        count(*) FILTER (WHERE action = 'disclosure.alarm' AND detail LIKE '%%"off_hours":%%') AS night
    FROM acts GROUP BY actor, here::date
), minutes AS (
    SELECT actor, max(unit) AS unit, day, max(rows) AS rows FROM (
        SELECT actor, max(unit) AS unit, here::date AS day, count(*) AS rows FROM acts
        WHERE action = ANY(%(disclosed)s) AND NOT action = ANY(%(batches)s) AND outcome = 'done'
        GROUP BY actor, here::date, date_trunc('minute', here)) each GROUP BY actor, day
)
SELECT 'refusals', actor, unit, day, refused, %(refusals)s FROM days WHERE refused >= %(refusals)s
UNION ALL SELECT 'subjects', actor, unit, day, subjects, %(subjects)s FROM days WHERE subjects >= %(subjects)s
UNION ALL SELECT 'off_hours', actor, unit, day, off_hours, %(off_hours)s FROM days WHERE off_hours >= %(off_hours)s
UNION ALL SELECT 'near', actor, unit, day, near, 1 FROM days WHERE near >= 1
UNION ALL SELECT 'night', actor, unit, day, night, 1 FROM days WHERE night >= 1
UNION ALL SELECT 'burst', actor, unit, day, rows, %(burst)s FROM minutes WHERE rows >= %(burst)s
ORDER BY 4 DESC, 5 DESC, 1, 2
LIMIT 500
"""
_STATE = """
SELECT coalesce(b.number, 0), coalesce(b.last_seq, 0), b.sealed_at, u.count, u.oldest, w.anchored_block, w.checked_at,
    w.fresh_until, (SELECT coalesce(sum(last_block - first_block + 1), 0)::bigint FROM security_audit_stub)
FROM security_audit_watch w
LEFT JOIN (SELECT number, last_seq, sealed_at FROM security_audit_block ORDER BY number DESC LIMIT 1) b ON true
CROSS JOIN (SELECT count(*) AS count, min(e.stored_at) AS oldest FROM security_audit_entry e
    WHERE e.xact >= (SELECT settled_xact FROM security_audit_watch)
      AND NOT EXISTS (SELECT FROM security_audit_link l WHERE l.entry_id = e.id)) u
"""
_BROKEN = """
SELECT id, at, detail FROM security_audit_entry e WHERE action = 'audit.verify' AND detail LIKE '%"ok":0%'
    AND id > coalesce((SELECT max(id) FROM security_audit_entry
        WHERE action = 'audit.verify' AND detail LIKE '%"full":1,%' AND detail LIKE '%"ok":1%'), 0)
ORDER BY id DESC LIMIT 1
"""
_FIGURES = """
SELECT count(*) FILTER (WHERE action = ANY(%(disclosed)s) AND outcome = 'done'),
    count(DISTINCT object_ref) FILTER (WHERE action = ANY(%(disclosed)s) AND outcome = 'done' AND object_ref <> ''),
    count(*) FILTER (WHERE outcome = 'refused'), count(DISTINCT actor)
FROM security_audit_entry WHERE at >= %(since)s AND at < %(until)s
"""
