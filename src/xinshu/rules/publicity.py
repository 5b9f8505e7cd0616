"""How long a penalty is shown: pure functions of its facts and the dated rule sets.

Source: docs/rules.md section 4: the 2019 mechanism, Order 58, Order 36 [sourced S1 S8 S9 S12]; the transition between
them and the month arithmetic [proposed].
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from xinshu.rules.domain import Judgement, PenaltyFacts, PublicityRule, PublicityVerdict, RuleSet, Transition
from xinshu.rules.errors import NoRuleSet


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later, or that month's last day where it has no such day.

    A result past the year 9999 is the last day of that year. Source: docs/rules.md section 4 [proposed].
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def rule_set_on(day: date, rule_sets: Sequence[RuleSet]) -> RuleSet:
    """The set in force on that day. Raises NoRuleSet when there is none."""
    for rule_set in rule_sets:
        if day in rule_set.period:
            return rule_set
    raise NoRuleSet(day)


def publicity(facts: PenaltyFacts, rule_set: RuleSet) -> PublicityVerdict:
    """The verdict of one rule set, whatever its days of validity.

    A binding judgement first; then the class declared by the authority, if the set has it; then the class of each
    kind, of which the longest period applies (kinds that are hidden do not count beside one that is not).
    """
    lines = [_judgement(facts, kind, rule_set) for kind in facts.kinds or ("",)]
    declared = rule_set.declared(facts.declared_severity)
    if declared is not None:
        if all(line.binding and line.hidden for line in lines):
            return _hidden(rule_set, lines[0].hidden or "")
        return _verdict(facts, rule_set, declared, default=False)
    open_lines = [line for line in lines if line.severity is not None]
    if not open_lines:
        return _hidden(rule_set, lines[0].hidden or "")
    chosen = max(open_lines, key=lambda line: _weight(line, rule_set))
    return _verdict(facts, rule_set, rule_set.classes[chosen.severity or ""], default=chosen.default)


def publicity_on(
    facts: PenaltyFacts, day: date, rule_sets: Sequence[RuleSet], transition: Transition
) -> PublicityVerdict:
    """The verdict about a penalty as judged on a day, by the transition rule of the data.

    A decision dated after the day is judged by the set in force on its own date.

    Raises:
        NoRuleSet: no set is in force on that day (transition `decision`: on the day of the decision).
    """
    judged_on = max(day, facts.decided_on)
    if transition.end == "decision":
        return publicity(facts, rule_set_on(facts.decided_on, rule_sets))
    current_set = rule_set_on(judged_on, rule_sets)
    current = publicity(facts, current_set)
    if transition.end == "current":
        return current
    for rule_set in rule_sets:
        if rule_set.id != current_set.id and rule_set.period.meets(facts.decided_on, judged_on):
            current = _earlier(current, publicity(facts, rule_set), rule_set)
    return current


def _earlier(current: PublicityVerdict, other: PublicityVerdict, other_set: RuleSet) -> PublicityVerdict:
    """`current`, cut short where the other set's verdict ends earlier or shows nothing."""
    if not current.shown:
        return current
    if not other.shown:
        return replace(current, shown=False, shown_from=None, earliest_repair=None, stop_on=None, reason=other.reason)
    if current.stop_on is None or other.stop_on is None or other.stop_on >= current.stop_on:
        return current
    repair = current.earliest_repair
    return replace(
        current,
        stop_on=other.stop_on,
        earliest_repair=repair if repair is not None and repair < other.stop_on else None,
        reason=f"{current.reason}；按{_name(other_set)}公示期先届满，从其规定",
    )


def _judgement(facts: PenaltyFacts, kind: str, rule_set: RuleSet) -> Judgement:
    words = rule_set.vocabulary
    kind = words.kinds.get(kind, kind)
    domain = words.domains.get(facts.domain or "", facts.domain or "")
    procedure = words.procedures.get(facts.procedure or "", facts.procedure or "")
    return next(
        line
        for line in rule_set.judgements
        if (not line.kinds or kind in line.kinds)
        and (not line.domains or domain in line.domains)
        and (not line.procedures or procedure in line.procedures)
        and line.natural_person in (None, facts.natural_person)
    )


def _weight(line: Judgement, rule_set: RuleSet) -> tuple[int, int, bool]:
    """Longest period first, then the later repair, then a class that is no stand-in."""
    rule = rule_set.classes[line.severity or ""]
    repair = rule.max_months if rule.earliest_months is None else rule.earliest_months
    return rule.max_months, repair, not line.default


def _hidden(rule_set: RuleSet, why: str) -> PublicityVerdict:
    return PublicityVerdict(rule_set.id, None, False, False, None, None, None, f"不公示：{why}（{_name(rule_set)}）")


def _verdict(facts: PenaltyFacts, rule_set: RuleSet, rule: PublicityRule, *, default: bool) -> PublicityVerdict:
    basis = f"{_name(rule_set)}“{rule.title}”" + ("，认定单位未确定失信程度，按默认类别" if default else "")
    if not rule.shown:
        return PublicityVerdict(
            rule_set.id, rule.name, default, False, None, None, None, f"不公示：{basis}，原则上不予公示"
        )
    start: date = getattr(facts, rule_set.clock)
    stop = add_months(start, rule.max_months)
    repair = None if rule.earliest_months is None else add_months(start, rule.earliest_months)
    reason = f"按{basis}，自决定之日起最长公示 {rule.max_months} 个月"
    return PublicityVerdict(rule_set.id, rule.name, default, True, start, repair, stop, reason)


def _name(rule_set: RuleSet) -> str:
    return f"《{rule_set.title}》"
