"""Loading the rules of a profile: overriding by key, and faults that name file and key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile
from xinshu.rules.deadlines import due
from xinshu.rules.domain import PenaltyFacts
from xinshu.rules.loading import load_rules
from xinshu.rules.publicity import publicity, publicity_on

DEADLINE = """
deadlines:
  {name}:
    title: 示例
    versions:
      - {{effective_from: 2020-01-01, effective_to: 2025-12-31, working_days: 5, mark: proposed, source: 示例}}
      - {{effective_from: 2026-01-01, effective_to: null, working_days: {days}, mark: proposed, source: 示例}}
"""
CLASS = "{title: 重, earliest_months: 1, max_months: 2, shown: true, mark: proposed, source: 示例}"
RULE_SET = """
rule_sets:
  - id: order36
    classes: {heavy: %s}
    judgements: [{class: heavy, mark: proposed, source: 示例}]
"""


def test_every_value_of_the_base_profile_has_a_mark_and_a_source(rules):
    parts = [rules.transition, *rules.publicity]
    for rule_set in rules.publicity:
        parts += [*rule_set.classes.values(), *rule_set.judgements]
    parts += [version for deadline in rules.deadlines.values() for version in deadline.versions]
    assert len(parts) > 40
    assert all(part.provenance.source and part.provenance.mark in ("sourced", "recalled", "proposed") for part in parts)


def test_a_region_replaces_a_deadline_and_keeps_the_others(make_profile, rules):
    region = load_rules(make_profile({"rules/deadlines.yaml": DEADLINE.format(name="dual-publicity", days=1)}))
    assert due("dual-publicity", date(2026, 7, 1), region.calendar, region.deadlines).day == date(2026, 7, 2)
    assert region.deadlines["monthly"] == rules.deadlines["monthly"]


def test_a_deadline_follows_the_version_of_the_event_day(make_profile):
    region = load_rules(make_profile({"rules/deadlines.yaml": DEADLINE.format(name="local", days=1)}))
    assert due("local", date(2025, 12, 31), region.calendar, region.deadlines).day == date(2026, 1, 8)
    assert due("local", date(2026, 1, 5), region.calendar, region.deadlines).day == date(2026, 1, 6)


def test_a_region_adds_a_calendar_year(make_profile, rules):
    region = load_rules(
        make_profile({"calendar.yaml": "years:\n  2027: {closed: [01-01], make_up: [01-02], source: 示例}"})
    )
    assert region.calendar.years == rules.calendar.years | {2027}
    result = due("dual-publicity", date(2026, 12, 31), region.calendar, region.deadlines)
    assert (result.day, result.provisional) == (date(2027, 1, 11), False)


def test_a_region_replaces_a_calendar_year_as_a_whole(make_profile):
    region = load_rules(make_profile({"calendar.yaml": "years:\n  2026: {closed: [10-01], make_up: [], source: 示例}"}))
    assert {day for day in region.calendar.closed if day.year == 2026} == {date(2026, 10, 1)}
    assert not {day for day in region.calendar.make_up if day.year == 2026}


def test_a_region_replaces_keys_of_a_rule_set(make_profile, rules):
    region = load_rules(make_profile({"rules/publicity.yaml": RULE_SET % CLASS}))
    changed = region.publicity[-1]
    assert [each.id for each in region.publicity] == ["notice2019", "order58", "order36"]
    assert (changed.title, changed.period) == (rules.publicity[-1].title, rules.publicity[-1].period)
    verdict = publicity(PenaltyFacts(date(2026, 6, 1), ("吊销许可证件",)), changed)
    assert (verdict.severity, verdict.stop_on) == ("heavy", date(2026, 8, 1))


def test_a_region_replaces_the_transition_and_adds_a_spelling(make_profile):
    text = "transition: {end: current, mark: proposed, source: 示例}\nvocabulary: {kinds: {警告: [口头警告]}}\n"
    region = load_rules(make_profile({"rules/publicity.yaml": text}))
    verdict = publicity_on(
        PenaltyFacts(date(2026, 6, 1), ("口头警告",)), date(2026, 6, 2), region.publicity, region.transition
    )
    assert region.transition.end == "current"
    assert verdict.severity == "minor"


def judged(line: str) -> str:
    """Order 58 with this one judgement."""
    return f"{ORDER58}judgements: [{{{line}, mark: proposed, source: 示例}}]"


def dated(old: str, new: str) -> str:
    """A good deadline with one change."""
    return DEADLINE.format(name="a", days=1).replace(old, new)


ORDER58 = "rule_sets:\n  - id: order58\n    "
FAULTS = [
    pytest.param("rules/deadlines.yaml", "deadlines: [", "第 1 行", id="broken YAML"),
    pytest.param("rules/deadlines.yaml", "- a", "应为键值表", id="a list instead of a mapping"),
    pytest.param("rules/deadlines.yaml", "deadline: {}", "未知的键 deadline", id="a misspelt key"),
    pytest.param(
        "rules/deadlines.yaml", "deadlines: {a: {title: 甲, versions: []}}", "deadlines.a.versions", id="no version"
    ),
    pytest.param("rules/deadlines.yaml", "deadlines: {a: {title: 甲}, a: {title: 乙}}", "键 a 重复", id="a key twice"),
    pytest.param(
        "rules/deadlines.yaml", DEADLINE.format(name="a", days="七"), "versions[1].working_days", id="not a number"
    ),
    pytest.param(
        "rules/deadlines.yaml", DEADLINE.format(name="a", days="true"), "versions[1].working_days", id="a flag"
    ),
    pytest.param("rules/deadlines.yaml", DEADLINE.format(name="a", days=-1), "0 至 1000", id="negative"),
    pytest.param("rules/deadlines.yaml", DEADLINE.format(name="a", days="1, month_ends: 1"), "之一", id="two limits"),
    pytest.param("rules/deadlines.yaml", dated("2025-12-31", "2026-01-01"), "重叠", id="overlap"),
    pytest.param(
        "rules/deadlines.yaml", dated("2025-12-31", "2019-12-31"), "effective_to 早于", id="ends before it starts"
    ),
    pytest.param("rules/deadlines.yaml", dated("effective_to: null, ", ""), "缺少键 effective_to", id="not dated"),
    pytest.param("rules/deadlines.yaml", dated("2020-01-01", "'2020'"), "effective_from 应为日期", id="not a date"),
    pytest.param("rules/deadlines.yaml", dated("proposed", "guessed"), "mark", id="unknown mark"),
    pytest.param("rules/deadlines.yaml", dated("source: 示例", "source: ''"), "source", id="no source"),
    pytest.param(
        "calendar.yaml", "years: {2026: {closed: [02-30], source: 示例}}", "years.2026.closed[0]", id="no such day"
    ),
    pytest.param("calendar.yaml", "years: {2026: {closed: [10-01, 10-01], source: 示例}}", "重复", id="a day twice"),
    pytest.param(
        "calendar.yaml", "years: {2026: {closed: [10-03], source: 示例}}", "周一至周五", id="closed on a Saturday"
    ),
    pytest.param(
        "calendar.yaml", "years: {2026: {make_up: [10-01], source: 示例}}", "周六或周日", id="made up on a Thursday"
    ),
    pytest.param(
        "calendar.yaml", "years: {2026: {closed: [10-01]}}", "years.2026.source", id="a calendar without source"
    ),
    pytest.param("calendar.yaml", "years: {二〇二六: {source: 示例}}", "四位数字", id="a year in words"),
    pytest.param(
        "rules/publicity.yaml", ORDER58 + "clock: published_on", "rule_sets[order58].clock", id="unknown clock"
    ),
    pytest.param(
        "rules/publicity.yaml",
        ORDER58 + f"classes: {{a: {CLASS}}}".replace("2,", "0,"),
        "earliest_months 不能大于",
        id="repair after the end",
    ),
    pytest.param(
        "rules/publicity.yaml",
        ORDER58 + f"classes: {{a: {CLASS}}}".replace("earliest_months: 1, ", ""),
        "缺少键 earliest_months",
        id="half a class",
    ),
    pytest.param("rules/publicity.yaml", judged("class: lost"), "没有定义的类别 lost", id="a class that is not there"),
    pytest.param("rules/publicity.yaml", judged("kinds: [罚款], hidden: 甲"), "最后一行", id="not every kind judged"),
    pytest.param(
        "rules/publicity.yaml", judged("kinds: [罚金], hidden: 甲"), "罚金 不在 vocabulary", id="a kind nobody knows"
    ),
    pytest.param("rules/publicity.yaml", judged("class: special, hidden: 甲"), "class 或 hidden", id="two outcomes"),
    pytest.param("rules/publicity.yaml", judged("class: special, binding: true"), "binding", id="a binding class"),
    pytest.param("rules/publicity.yaml", ORDER58 + "effective_to: 2026-04-01", "重叠", id="rule sets overlap"),
    pytest.param("rules/publicity.yaml", "rule_sets: [{id: a}, {id: a}]", "id a 重复", id="a rule set twice"),
    pytest.param(
        "rules/publicity.yaml", "vocabulary: {kinds: {罚款: [警告]}}", "警告 已属于 警告", id="a spelling of two kinds"
    ),
    pytest.param(
        "rules/publicity.yaml",
        "transition: {end: latest, mark: proposed, source: 示例}",
        "transition.end",
        id="unknown transition",
    ),
]


@pytest.mark.parametrize(("name", "content", "said"), FAULTS)
def test_a_fault_names_file_and_key(make_profile, name, content, said):
    with pytest.raises(ProfileInvalid) as caught:
        load_rules(make_profile({name: content}))
    assert name in caught.value.message
    assert said in caught.value.message
    assert caught.value.fix


def test_one_folder_may_not_define_a_deadline_in_two_files(make_profile):
    text = DEADLINE.format(name="local", days=1)
    with pytest.raises(ProfileInvalid, match="重复定义"):
        load_rules(make_profile({"rules/deadlines.yaml": text, "rules/repair.yaml": text}))


def test_a_file_that_is_not_utf8_is_refused(make_profile):
    profile = make_profile({})
    (profile.chain[-1] / "calendar.yaml").write_bytes("years: 二〇".encode("gb18030"))
    with pytest.raises(ProfileInvalid, match=r"calendar\.yaml"):
        load_rules(profile)


def test_a_profile_without_rules_is_refused(tmp_path: Path):
    with pytest.raises(ProfileInvalid, match=r"缺少 rules/publicity\.yaml"):
        load_rules(Profile("empty", (tmp_path,)))
