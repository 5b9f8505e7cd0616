"""Live figures of the running system, by name: what the risk register and the scheduled audits go by.

Each is read when asked; none is an estimate. None: nothing to measure yet (no batch this month, no key, no check).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from xinshu.collection.queries import TallyRow, sum_tallies
from xinshu.disclosure.queries import overdue_destructions
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.quality.domain import month_bounds
from xinshu.security.audit.queries import last_full_check, refusals_since
from xinshu.security.audit.services import anchor_state
from xinshu.security.audit.watching import anomalies, broken, limits_on
from xinshu.security.crypto.keyring import Keyring, KeyState
from xinshu.security.identity.accounts import idle_accounts

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure: its Chinese title with what it counts over, its unit, and how it is read."""

    title: str
    unit: str
    read: Callable[[Settings, datetime], float | None]


def _share(now: datetime, part: Callable[[TallyRow], int], whole: Callable[[TallyRow], int]) -> float | None:
    """Per cent of this Shanghai month's batches."""
    since, until = month_bounds(f"{shanghai_date(now):%Y-%m}")
    found = sum_tallies(since, until, None)
    total = sum(map(whole, found))
    return 100 * sum(map(part, found)) / total if total else None


def _doubtful(_settings: Settings, now: datetime) -> float | None:
    return _share(now, lambda each: each.doubtful, lambda each: each.rows)


def _unlinked(_settings: Settings, now: datetime) -> float | None:
    return _share(now, lambda each: each.unlinked, lambda each: each.new + each.updated + each.unchanged)


def _anchor_minutes(_settings: Settings, now: datetime) -> float | None:
    checked = anchor_state(now).checked_at
    return None if checked is None else max(0.0, (now - checked) / timedelta(minutes=1))


def _full_check_days(_settings: Settings, now: datetime) -> float | None:
    found = last_full_check()
    return None if found is None else max(0.0, (now - found) / _DAY)


def _anomalies(settings: Settings, now: datetime) -> float:
    limits = limits_on(open_profile(settings.profile, settings.profiles_dir), shanghai_date(now))
    return len(anomalies(limits, now - _WEEK, now))


def _key_days(settings: Settings, now: datetime) -> float | None:
    active = [each.created_at for each in Keyring(settings.home).facts() if each.state is KeyState.ACTIVE]
    return (now - min(active)) / _DAY if active else None


def _disk_free(settings: Settings, _now: datetime) -> float:
    """Of the state folder and of the anchors, whichever is fuller."""
    places = [each for each in (settings.home, settings.audit_anchors) if each.is_dir()]
    found = [shutil.disk_usage(each) for each in places]
    return min((100 * each.free / each.total for each in found), default=0.0)


def _failed_tasks(_settings: Settings, now: datetime) -> float:
    return _count(
        "SELECT count(DISTINCT j.id) FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id"
        " WHERE j.status = 'failed' AND e.type = 'failed' AND e.at >= %s",
        now - _WEEK,
    )


def _late_tasks(_settings: Settings, now: datetime) -> float:
    return _count(
        "SELECT count(DISTINCT j.id) FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id"
        " WHERE j.status = 'todo' AND e.type = 'deferred' AND greatest(e.at, j.scheduled_at) < %s",
        now - _LATE,
    )


def _count(statement: str, moment: datetime) -> float:
    with connection.cursor() as cursor:
        cursor.execute(statement, [moment])
        return float(cursor.fetchone()[0])


METRICS: dict[str, Metric] = {
    "doubtful_rate": Metric("本月疑问率", "%", _doubtful),
    "unlinked_share": Metric("本月未关联率", "%", _unlinked),
    "refused_sign_ins": Metric(
        "24 小时内被拒绝的登录", "次", lambda _settings, now: refusals_since(now - _DAY, action="identity.sign_in")
    ),
    "refused_requests": Metric("24 小时内被拒绝的操作", "次", lambda _settings, now: refusals_since(now - _DAY)),
    "anomalies": Metric("7 日内异常", "项", _anomalies),
    "anchor_minutes": Metric("距上次完整存证", "分钟", _anchor_minutes),
    "chain_broken": Metric("审计链未消除的问题", "项", lambda _settings, _now: int(broken() is not None)),
    "full_check_days": Metric("距上次全部校验", "天", _full_check_days),
    "key_days": Metric("在用密钥最长已用", "天", _key_days),
    "idle_accounts": Metric("超期闲置仍可登录的账户", "个", lambda _settings, now: idle_accounts(now)),
    "failed_tasks": Metric("7 日内失败的后台任务", "个", _failed_tasks),
    "late_tasks": Metric("等待超过 1 小时的后台任务", "个", _late_tasks),
    "overdue_destructions": Metric("到期未确认销毁的查询结果", "件", lambda _settings, now: overdue_destructions(now)),
    "disk_free": Metric("存储空余", "%", _disk_free),
}
