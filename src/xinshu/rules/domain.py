"""The shapes of dated rules and of their answers. Pure and frozen; filled by `xinshu.rules.loading`.

Source: docs/rules.md sections 2 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from xinshu.kernel.clock import WorkCalendar


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value comes from: mark is sourced, recalled or proposed; source names document or key."""

    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included; None = open."""

    first: date | None
    last: date | None

    def __contains__(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def meets(self, start: date, end: date) -> bool:
        """Whether a day from `start` to `end` (both included) lies in the period."""
        return (self.first is None or self.first <= end) and (self.last is None or start <= self.last)


@dataclass(frozen=True, slots=True)
class DeadlineVersion:
    """One value of a limit. Exactly one of the two is set.

    `working_days`: the n-th working day after the event. `month_ends`: the last day of the n-th month after its month.
    """

    period: Period
    provenance: Provenance
    working_days: int | None = None
    month_ends: int | None = None


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """A named limit and its versions; their periods do not overlap."""

    name: str
    title: str
    versions: tuple[DeadlineVersion, ...]


Deadlines = Mapping[str, DeadlineRule]


@dataclass(frozen=True, slots=True)
class PublicityRule:
    """One class of a rule set. Months run from the clock day; `earliest_months` None = no repair before the end.

    `shown` False: not shown in principle.
    """

    name: str
    title: str
    earliest_months: int | None
    max_months: int
    shown: bool
    provenance: Provenance
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """One line of the table that finds the class of a penalty kind; empty conditions hold for everything.

    Exactly one of `severity` (a class of the set) and `hidden` (why it is never shown) is set. `binding` beats a class
    declared by the authority; `default` stands in for a standard the authority has not issued.
    """

    provenance: Provenance
    kinds: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    procedures: frozenset[str] = frozenset()
    natural_person: bool | None = None
    severity: str | None = None
    hidden: str | None = None
    binding: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """{spelling: canonical word} for the values of penalty kind, domain and procedure. Unknown words stay."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    procedures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A publicity regulation in force in `period`. The last judgement has no condition, so every kind finds one."""

    id: str
    title: str
    document: str
    period: Period
    clock: Literal["decided_on"]
    classes: Mapping[str, PublicityRule]
    judgements: tuple[Judgement, ...]
    vocabulary: Vocabulary
    provenance: Provenance

    def declared(self, severity: str | None) -> PublicityRule | None:
        """The class named by the authority: its name, title or alias; None when the set has no such class."""
        if not severity:
            return None
        for rule in self.classes.values():
            if severity in (rule.name, rule.title, *rule.aliases):
                return rule
        return None


@dataclass(frozen=True, slots=True)
class Transition:
    """Which sets decide about a penalty older than the set in force (meaning of the words: profiles/base)."""

    end: Literal["earliest", "current", "decision"]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class PenaltyFacts:
    """What publicity depends on. Texts as in the record; hashable, so verdicts can be kept by facts.

    `decided_on`: day of the decision. `kinds`: penalty kinds. `declared_severity`: 轻微, 一般, 严重 or minor, general,
    serious; None when the authority named none.
    """

    decided_on: date
    kinds: tuple[str, ...] = ()
    declared_severity: str | None = None
    domain: str | None = None
    procedure: str | None = None
    natural_person: bool = False


@dataclass(frozen=True, slots=True)
class PublicityVerdict:
    """Whether and how long a penalty is shown.

    `severity`: class name, None when hidden without a class. `default_class`: the class stands in for a standard the
    authority has not issued. When not shown the three days are None; `earliest_repair` is None too where repair is not
    possible before the end. `stop_on` is the first day no longer shown. `reason`: Chinese, for the person asking why.
    """

    rule_set: str
    severity: str | None
    default_class: bool
    shown: bool
    shown_from: date | None
    earliest_repair: date | None
    stop_on: date | None
    reason: str

    def shown_on(self, day: date) -> bool:
        """Whether it is shown on that (Shanghai) day."""
        if not self.shown or self.shown_from is None:
            return False
        return self.shown_from <= day and (self.stop_on is None or day < self.stop_on)

    def repairable_on(self, day: date) -> bool:
        """Whether the minimum period has run by that day; the other conditions of repair are not judged here."""
        return self.shown and self.earliest_repair is not None and day >= self.earliest_repair


@dataclass(frozen=True, slots=True)
class Rules:
    """All dated rules of a profile. Rule sets stand in order of their periods."""

    calendar: WorkCalendar
    deadlines: Deadlines
    publicity: tuple[RuleSet, ...]
    transition: Transition
