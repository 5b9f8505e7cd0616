"""Loading the dated rules of a profile: `calendar.yaml` and `rules/*.yaml`, base first.

A later profile replaces a calendar year, a deadline, the transition, a vocabulary word, and single keys of a rule set
(by its id); the rest is kept. Source: architecture.md section 5; the form is described in docs/rules.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, cast

from xinshu.kernel.clock import WorkCalendar
from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile
from xinshu.rules.domain import (
    DeadlineRule,
    Deadlines,
    DeadlineVersion,
    Judgement,
    PublicityRule,
    Rules,
    RuleSet,
    Transition,
    Vocabulary,
)
from xinshu.rules.reading import Node, period_of, provenance_of, read, refuse_overlap

DEADLINE_FILES = ("rules/deadlines.yaml", "rules/repair.yaml", "rules/objection.yaml")
PUBLICITY_FILE = "rules/publicity.yaml"
CALENDAR_FILE = "calendar.yaml"

_DATED = ("effective_from", "effective_to", "mark", "source")
_MAX_MONTHS = 1200
_MAX_WORKING_DAYS = 1000
_SATURDAY = 5


def load_rules(profile: Profile) -> Rules:
    """All dated rules of a profile and what it extends.

    Raises:
        ProfileInvalid: a file is missing or a value cannot be used; the message names file and key.
    """
    sets, transition = _load_publicity(_files(profile, PUBLICITY_FILE))
    return Rules(
        calendar=_load_calendar(_files(profile, CALENDAR_FILE)),
        deadlines=_load_deadlines([node for name in DEADLINE_FILES for node in _files(profile, name)]),
        publicity=sets,
        transition=transition,
    )


def _files(profile: Profile, name: str) -> list[Node]:
    paths = [folder / name for folder in profile.chain if (folder / name).is_file()]
    if not paths:
        raise ProfileInvalid(
            f"区域配置 {profile.name} 缺少 {name}", fix="补充该文件，或在 region.yaml 中 extends: base"
        )
    return [read(path) for path in paths]


def _load_calendar(nodes: Sequence[Node]) -> WorkCalendar:
    closed: dict[int, list[date]] = {}
    make_up: dict[int, list[date]] = {}
    fixed: list[date] = []
    for node in nodes:
        node.only("unpublished_years", "years")
        unpublished = node.child("unpublished_years")
        if unpublished.value is not None:
            unpublished.only("fixed_holidays", "mark", "source")
            provenance_of(unpublished)
            fixed = unpublished.child("fixed_holidays").month_days(2001)  # a year without 29 February
        for year, content in node.child("years").children():
            if not isinstance(year, int) or isinstance(year, bool) or not 1 <= year <= date.max.year:
                raise content.fault("的年份应为四位数字")
            content.only("closed", "make_up", "source")
            content.child("source").text()
            closed[year] = _days(content.child("closed"), year, weekend=False)
            make_up[year] = _days(content.child("make_up"), year, weekend=True)
    return WorkCalendar(
        closed=frozenset(day for days in closed.values() for day in days),
        make_up=frozenset(day for days in make_up.values() for day in days),
        years=frozenset(closed),
        fixed_holidays=frozenset((day.month, day.day) for day in fixed),
    )


def _days(node: Node, year: int, *, weekend: bool) -> list[date]:
    days = node.month_days(year)
    for day in days:
        if (day.weekday() >= _SATURDAY) != weekend:
            raise node.fault(f"中的 {day.isoformat()} 应为{'周六或周日' if weekend else '周一至周五'}")
    return days


def _load_deadlines(nodes: Sequence[Node]) -> Deadlines:
    rules: dict[str, DeadlineRule] = {}
    seen: dict[tuple[Path, str], Path] = {}
    for node in nodes:
        node.only("deadlines")
        for name, content in node.child("deadlines").children():
            folder = node.file.parent
            if (first := seen.setdefault((folder, str(name)), node.file)) != node.file:
                raise content.fault(f"与 {first} 重复定义")
            content.only("title", "versions")
            versions = tuple(_deadline_version(item) for item in content.child("versions").items())
            if not versions:
                raise content.child("versions").fault("至少要有一个版本")
            refuse_overlap(content, [version.period for version in versions])
            rules[str(name)] = DeadlineRule(str(name), content.child("title").text(), versions)
    return rules


def _deadline_version(node: Node) -> DeadlineVersion:
    node.only(*_DATED, "working_days", "month_ends")
    working_days = node.child("working_days").optional_whole(0, _MAX_WORKING_DAYS)
    month_ends = node.child("month_ends").optional_whole(0, _MAX_MONTHS)
    if (working_days is None) == (month_ends is None):
        raise node.fault("应恰好填写 working_days 或 month_ends 之一")
    return DeadlineVersion(period_of(node), provenance_of(node), working_days, month_ends)


def _load_publicity(nodes: Sequence[Node]) -> tuple[tuple[RuleSet, ...], Transition]:
    contents: dict[str, Node] = {}
    words: dict[str, dict[str, str]] = {"kinds": {}, "domains": {}, "procedures": {}}
    transition: Transition | None = None
    for node in nodes:
        node.only("vocabulary", "transition", "rule_sets")
        for item in node.child("rule_sets").items():
            name = item.child("id").text()
            earlier = contents.get(name)
            if earlier is not None and earlier.file == item.file:
                raise item.fault(f"的 id {name} 重复")
            merged = {**(earlier.mapping() if earlier else {}), **item.mapping()}
            contents[name] = Node(item.file, f"rule_sets[{name}]", merged)
        node.child("vocabulary").only(*words)
        for part, table in words.items():
            _read_words(node.child("vocabulary").child(part), table)
        if (declared := node.child("transition")).value is not None:
            transition = _transition(declared)
    vocabulary = Vocabulary(**words)
    sets = sorted(
        (_rule_set(node, vocabulary) for node in contents.values()), key=lambda each: each.period.first or date.min
    )
    if transition is None or not sets:
        raise nodes[-1].fault("缺少 transition 或 rule_sets")
    refuse_overlap(nodes[-1].child("rule_sets"), [each.period for each in sets])
    return tuple(sets), transition


def _read_words(node: Node, table: dict[str, str]) -> None:
    for word, spellings in node.children():
        for spelling in (str(word), *spellings.texts()):
            if table.setdefault(spelling, str(word)) != str(word):
                raise spellings.fault(f"中的 {spelling} 已属于 {table[spelling]}")


def _transition(node: Node) -> Transition:
    node.only("end", "mark", "source")
    end = cast(Literal["earliest", "current", "decision"], node.child("end").one_of("earliest", "current", "decision"))
    return Transition(end, provenance_of(node))


def _rule_set(node: Node, vocabulary: Vocabulary) -> RuleSet:
    node.only("id", "title", "document", "clock", "classes", "judgements", *_DATED)
    classes = {str(name): _class(str(name), content) for name, content in node.child("classes").children()}
    judgements = tuple(_judgement(item, classes, vocabulary) for item in node.child("judgements").items())
    last = judgements[-1] if judgements else None
    if last is None or last.kinds or last.domains or last.procedures or last.natural_person is not None:
        raise node.child("judgements").fault("的最后一行应没有条件，使每种处罚都有结论")
    node.child("clock").one_of("decided_on")
    return RuleSet(
        id=node.child("id").text(),
        title=node.child("title").text(),
        document=node.child("document").text(),
        period=period_of(node),
        clock="decided_on",
        classes=classes,
        judgements=judgements,
        vocabulary=vocabulary,
        provenance=provenance_of(node),
    )


def _class(name: str, node: Node) -> PublicityRule:
    node.only("title", "aliases", "earliest_months", "max_months", "shown", "mark", "source")
    node.needs("earliest_months", "max_months", "shown")
    earliest = node.child("earliest_months").optional_whole(0, _MAX_MONTHS)
    longest = node.child("max_months").whole(0, _MAX_MONTHS)
    if earliest is not None and earliest > longest:
        raise node.child("earliest_months").fault("不能大于 max_months")
    return PublicityRule(
        name=name,
        title=node.child("title").text(),
        earliest_months=earliest,
        max_months=longest,
        shown=node.child("shown").flag(),
        provenance=provenance_of(node),
        aliases=node.child("aliases").texts(),
    )


def _judgement(node: Node, classes: dict[str, PublicityRule], vocabulary: Vocabulary) -> Judgement:
    node.only(
        "kinds", "domains", "procedures", "natural_person", "class", "hidden", "binding", "default", "mark", "source"
    )
    severity, hidden = node.child("class").optional_text(), node.child("hidden").optional_text()
    if (severity is None) == (hidden is None):
        raise node.fault("应恰好填写 class 或 hidden 之一")
    if severity is not None and severity not in classes:
        raise node.child("class").fault(f"指向没有定义的类别 {severity}")
    if node.child("binding").flag() and hidden is None:
        raise node.child("binding").fault("只能与 hidden 同用")
    person = node.child("natural_person")
    return Judgement(
        provenance=provenance_of(node),
        kinds=_canonical(node.child("kinds"), vocabulary.kinds),
        domains=_canonical(node.child("domains"), vocabulary.domains),
        procedures=_canonical(node.child("procedures"), vocabulary.procedures),
        natural_person=None if person.value is None else person.flag(),
        severity=severity,
        hidden=hidden,
        binding=node.child("binding").flag(),
        default=node.child("default").flag(),
    )


def _canonical(node: Node, known: Mapping[str, str]) -> frozenset[str]:
    """The words of a condition; each must be a canonical word, else the line could never hold."""
    found = node.texts()
    for word in found:
        if known.get(word) != word:
            raise node.fault(f"中的 {word} 不在 vocabulary 的标准词中")
    return frozenset(found)
