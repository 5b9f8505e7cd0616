"""The risk register and the checklists of audits: data of the profile, judged by live figures.

Source: work point 14 (定期开展信息安全审计和风险评估); scores likelihood × effect [proposed].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import yaml

from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile
from xinshu.kernel.settings import Settings
from xinshu.ops.metrics import METRICS

RISKS_FILE, CHECKLIST_FILE = "audit/risks.yaml", "audit/checklist.yaml"
PERIODS = ("quarter", "year")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Bound:
    """A metric and where it stops being good: above (`upper`) or below the limit."""

    metric: str
    limit: float
    upper: bool

    def holds(self, value: float) -> bool:
        """Whether the value is within the bound; the limit itself is."""
        return value <= self.limit if self.upper else value >= self.limit


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk with its score 1-25, who answers for it, what is done about it and when it is looked at again."""

    id: str
    title: str
    likelihood: int
    effect: int
    owner: str
    measures: tuple[str, ...]
    review: date
    bounds: tuple[Bound, ...]

    @property
    def score(self) -> int:
        """Likelihood × effect."""
        return self.likelihood * self.effect


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a scheduled audit; without a bound a person answers it."""

    id: str
    period: str
    clause: str
    text: str
    bound: Bound | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric as it was read. `state`: ok, over (beyond its limit) or unknown (nothing measured)."""

    title: str
    text: str
    limit_text: str
    state: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A risk with its readings; `due`: its review is overdue."""

    risk: Risk
    readings: tuple[Reading, ...]
    due: bool

    @property
    def live(self) -> bool:
        """A figure is beyond its limit."""
        return any(each.state == "over" for each in self.readings)


def load_risks(profile: Profile) -> list[Risk]:
    """The register of a profile. Raises ProfileInvalid: missing, malformed, or a metric that does not exist."""
    return _load(profile, RISKS_FILE, _risk)


def load_checklist(profile: Profile) -> list[Question]:
    """The questions of a profile. Raises ProfileInvalid."""
    return _load(profile, CHECKLIST_FILE, _question)


def read_all(settings: Settings, now: datetime) -> dict[str, float | None]:
    """Every metric, now."""
    return {name: each.read(settings, now) for name, each in METRICS.items()}


def judge(risks: list[Risk], values: Mapping[str, float | None], day: date) -> list[Judged]:
    """The register as it stands: risks with a figure beyond its limit first, then by score."""
    judged = [
        Judged(each, tuple(reading(bound, values[bound.metric]) for bound in each.bounds), each.review < day)
        for each in risks
    ]
    return sorted(judged, key=lambda each: (not each.live, -each.risk.score, each.risk.id))


def reading(bound: Bound, value: float | None) -> Reading:
    """A value with its words."""
    metric = METRICS[bound.metric]
    state = "unknown" if value is None else "ok" if bound.holds(value) else "over"
    limit = f"{'不超过' if bound.upper else '不低于'} {_figure(bound.limit)} {metric.unit}"
    return Reading(metric.title, "—" if value is None else f"{_figure(value)} {metric.unit}", limit, state)


def _figure(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _load(profile: Profile, name: str, make: Callable[[Mapping[str, Any]], _T]) -> list[_T]:
    path = profile.find(name)
    try:
        entries = [] if path is None else yaml.safe_load(path.read_text(encoding="utf-8"))
        made = [make(each) for each in entries]
        if not made or len({each["id"] for each in entries}) != len(entries):
            raise ValueError("没有条目，或编号重复")
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as problem:
        raise ProfileInvalid(f"{name} 无法使用：{problem}", fix=f"对照 profiles/base/{name}") from problem
    return made


def _risk(facts: Mapping[str, Any]) -> Risk:
    likelihood, effect = int(facts["likelihood"]), int(facts["effect"])
    if not (1 <= likelihood <= 5 and 1 <= effect <= 5):
        raise ValueError(f"{facts['id']}：可能性和影响应为 1–5")
    if not isinstance(facts["review"], date) or not facts["measures"] or not facts["metrics"]:
        raise ValueError(f"{facts['id']}：复核日期、措施、指标不可缺")
    return Risk(
        str(facts["id"]),
        str(facts["title"]),
        likelihood,
        effect,
        str(facts["owner"]),
        tuple(map(str, facts["measures"])),
        facts["review"],
        tuple(map(_bound, facts["metrics"])),
    )


def _question(facts: Mapping[str, Any]) -> Question:
    if facts["period"] not in PERIODS:
        raise ValueError(f"{facts['id']}：period 应为 quarter 或 year")
    bound = _bound(facts) if "metric" in facts else None
    return Question(str(facts["id"]), facts["period"], str(facts["clause"]), str(facts["question"]), bound)


def _bound(facts: Mapping[str, Any]) -> Bound:
    if facts["metric"] not in METRICS:
        raise ValueError(f"没有指标 {facts['metric']}")
    if ("at_most" in facts) == ("at_least" in facts):
        raise ValueError(f"{facts['metric']}：写 at_most 或 at_least 之一")
    upper = "at_most" in facts
    return Bound(facts["metric"], float(facts["at_most" if upper else "at_least"]), upper)
