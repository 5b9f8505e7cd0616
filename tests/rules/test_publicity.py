"""Classes, periods and the transition between rule sets, on the base profile's data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.clock import shanghai_date
from xinshu.rules.domain import PenaltyFacts, Rules, RuleSet, Transition
from xinshu.rules.errors import NoRuleSet
from xinshu.rules.publicity import add_months, publicity, publicity_on, rule_set_on

VECTORS = yaml.safe_load((Path(__file__).parent / "vectors.yaml").read_text(encoding="utf-8"))
SHOWN = [row for row in VECTORS["instants"] if row["rule"] == "shown"]
KINDS = ["警告", "罚款", "没收违法所得", "吊销许可证件", "行政拘留", "其他-约谈", ""]
NEW = date(2026, 6, 1)


def the_set(rules: Rules, name: str) -> RuleSet:
    return next(each for each in rules.publicity if each.id == name)


def with_minor_shown(rule_set: RuleSet) -> RuleSet:
    return replace(rule_set, classes={name: replace(each, shown=True) for name, each in rule_set.classes.items()})


def on(rules: Rules, facts: PenaltyFacts, day: date):
    return publicity_on(facts, day, rules.publicity, rules.transition)


@pytest.mark.parametrize("row", VECTORS["publicity"], ids=lambda row: f"{row['rule_set']} {row['decided']}")
def test_each_vector_gets_its_days(rules, row):
    rule_set = the_set(rules, row["rule_set"])
    rule_set = with_minor_shown(rule_set) if row.get("minor_shown") else rule_set
    facts = PenaltyFacts(row["decided"], ("罚款",), row.get("severity"), row.get("domain"))
    verdict = publicity(facts, rule_set)
    assert verdict.shown is row.get("shown", True)
    assert (verdict.earliest_repair, verdict.stop_on) == (row.get("earliest"), row.get("stop"))
    assert verdict.shown_from == (row["decided"] if verdict.shown else None)


@pytest.mark.parametrize("row", SHOWN, ids=lambda row: row["utc"])
def test_the_last_shown_day_is_a_day_in_shanghai(rules, row):
    facts = PenaltyFacts(row["decided"], ("罚款",), row["severity"])
    verdict = publicity(facts, the_set(rules, row["rule_set"]))
    for instant in (row["utc"], row["local"]):
        assert verdict.shown_on(shanghai_date(datetime.fromisoformat(instant))) is row["result"]


@pytest.mark.parametrize(
    ("facts", "severity", "default"),
    [
        pytest.param({"kinds": ("罚款",)}, "general", True, id="a fine without a standard"),
        pytest.param({"kinds": ("罚款", "没收违法所得")}, "general", False, id="confiscation is general by the table"),
        pytest.param({"kinds": ("罚款", "吊销许可证件")}, "serious", False, id="the longest period of several"),
        pytest.param({"kinds": ("吊销营业执照",)}, "serious", False, id="another spelling of a kind"),
        pytest.param({"kinds": ("警告",)}, "minor", False, id="a warning"),
        pytest.param({"kinds": ("警告", "罚款")}, "general", True, id="a warning beside a fine"),
        pytest.param({"kinds": ("行政拘留", "罚款")}, "general", True, id="detention does not count beside a fine"),
        pytest.param({"kinds": ("吊销许可证件",), "procedure": "简易程序"}, "minor", False, id="simplified procedure"),
        pytest.param({"kinds": ("罚款",), "procedure": "01"}, "minor", False, id="simplified procedure by its code"),
        pytest.param({"kinds": ("警告",), "declared_severity": "严重"}, "serious", False, id="declared by its title"),
        pytest.param({"kinds": ("罚款",), "declared_severity": "minor"}, "minor", False, id="declared by its name"),
        pytest.param(
            {"kinds": ("罚款",), "declared_severity": "特定严重"}, "serious", False, id="declared by an alias"
        ),
        pytest.param({"kinds": ("罚款",), "declared_severity": "很重"}, "general", True, id="declared unknown"),
        pytest.param({"kinds": ("其他-约谈",)}, "general", True, id="another kind"),
        pytest.param({}, "general", True, id="no kind"),
    ],
)
def test_class_under_order_36(rules, facts, severity, default):
    verdict = publicity(PenaltyFacts(NEW, **facts), the_set(rules, "order36"))
    assert (verdict.severity, verdict.default_class) == (severity, default)
    assert verdict.shown is (severity != "minor")


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        pytest.param({"kinds": ("罚款",), "domain": "食品"}, "special", id="a field by its Chinese name"),
        pytest.param({"kinds": ("罚款",), "domain": "other"}, "ordinary", id="another field"),
        pytest.param({"kinds": ("罚款",), "declared_severity": "严重"}, "ordinary", id="it knows no declared severity"),
        pytest.param({"kinds": ("警告", "罚款")}, "ordinary", id="a warning beside a fine"),
        pytest.param({"kinds": ("警告", "通报批评")}, None, id="only warnings"),
        pytest.param({"kinds": ("罚款",), "procedure": "简易程序"}, None, id="simplified procedure"),
        pytest.param({"kinds": ("罚款",), "declared_severity": "special", "procedure": "01"}, None, id="binding"),
    ],
)
def test_class_under_order_58(rules, facts, severity):
    verdict = publicity(PenaltyFacts(date(2024, 1, 31), **facts), the_set(rules, "order58"))
    assert (verdict.severity, verdict.shown) == (severity, severity is not None)


def test_specific_serious_of_2019_has_no_repair(rules):
    verdict = publicity(PenaltyFacts(date(2020, 8, 31), ("吊销许可证件",), None, "food"), the_set(rules, "notice2019"))
    assert (verdict.severity, verdict.earliest_repair) == ("specific_serious", None)
    assert verdict.stop_on == date(2023, 8, 31)
    assert not verdict.repairable_on(date(2023, 8, 30))


@pytest.mark.parametrize("name", ["notice2019", "order58", "order36"])
@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"natural_person": True, "kinds": ("罚款",), "declared_severity": "严重"}, "自然人"),
        ({"kinds": ("行政拘留",)}, "行政拘留"),
    ],
    ids=["a natural person, whatever is declared", "detention"],
)
def test_never_shown(rules, name, facts, why):
    verdict = publicity(PenaltyFacts(NEW, **facts), the_set(rules, name))
    assert not verdict.shown
    assert not verdict.shown_on(NEW)
    assert (verdict.shown_from, verdict.earliest_repair, verdict.stop_on) == (None, None, None)
    assert why in verdict.reason


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2019, 7, 1), "notice2019"),
        (date(2023, 4, 30), "notice2019"),
        (date(2023, 5, 1), "order58"),
        (date(2026, 3, 31), "order58"),
        (date(2026, 4, 1), "order36"),
        (date(2099, 1, 1), "order36"),
    ],
    ids=str,
)
def test_the_set_in_force(rules, day, name):
    assert rule_set_on(day, rules.publicity).id == name


def test_no_set_before_the_first(rules):
    with pytest.raises(NoRuleSet, match="2019-06-30"):
        on(rules, PenaltyFacts(date(2018, 1, 1)), date(2019, 6, 30))


@pytest.mark.parametrize(
    ("facts", "day", "expected"),
    [
        pytest.param(
            {"decided_on": date(2025, 6, 10), "kinds": ("罚款",)},
            date(2026, 3, 31),
            ("order58", True, date(2025, 9, 10), date(2028, 6, 10)),
            id="the day before: Order 58 alone",
        ),
        pytest.param(
            {"decided_on": date(2025, 6, 10), "kinds": ("罚款",)},
            date(2026, 4, 1),
            ("order36", True, date(2025, 9, 10), date(2026, 6, 10)),
            id="the day after: Order 36 ends earlier",
        ),
        pytest.param(
            {"decided_on": date(2024, 1, 31), "kinds": ("吊销许可证件",), "domain": "food"},
            date(2026, 7, 1),
            ("order36", True, date(2025, 1, 31), date(2027, 1, 31)),
            id="equal ends",
        ),
        pytest.param(
            {"decided_on": date(2023, 1, 10), "kinds": ("罚款",)},
            date(2023, 6, 1),
            ("order58", True, date(2023, 4, 10), date(2024, 1, 10)),
            id="2019 ends before Order 58",
        ),
        pytest.param(
            {"decided_on": date(2022, 9, 1), "kinds": ("罚款",), "declared_severity": "严重"},
            date(2026, 7, 1),
            ("order36", True, date(2023, 9, 1), date(2025, 9, 1)),
            id="over three sets",
        ),
        pytest.param(
            {
                "decided_on": date(2025, 6, 10),
                "kinds": ("吊销许可证件",),
                "procedure": "简易程序",
                "declared_severity": "严重",
            },
            date(2026, 7, 1),
            ("order36", False, None, None),
            id="hidden by the earlier set stays hidden",
        ),
        pytest.param(
            {"decided_on": date(2026, 7, 2), "kinds": ("罚款",)},
            date(2026, 3, 1),
            ("order36", True, date(2026, 10, 2), date(2027, 7, 2)),
            id="a decision after the day: by its own set",
        ),
    ],
)
def test_transition(rules, facts, day, expected):
    verdict = on(rules, PenaltyFacts(**facts), day)
    assert (verdict.rule_set, verdict.shown, verdict.earliest_repair, verdict.stop_on) == expected


def test_a_shortened_period_says_why_and_offers_no_repair_after_its_end(rules):
    late_repair = replace(
        the_set(rules, "order58"),
        classes={"ordinary": replace(the_set(rules, "order58").classes["ordinary"], earliest_months=24)},
    )
    sets = (the_set(rules, "notice2019"), late_repair)
    verdict = publicity_on(PenaltyFacts(date(2023, 1, 10), ("罚款",)), date(2023, 6, 1), sets, rules.transition)
    assert verdict.stop_on == date(2024, 1, 10)
    assert verdict.earliest_repair is None
    assert "2019" in verdict.reason


@pytest.mark.parametrize(
    ("end", "rule_set", "stop"),
    [("current", "order36", date(2026, 6, 10)), ("decision", "order58", date(2028, 6, 10))],
)
def test_the_transition_is_data(rules, end, rule_set, stop):
    transition = Transition(end, rules.transition.provenance)
    verdict = publicity_on(PenaltyFacts(date(2025, 6, 10), ("罚款",)), NEW, rules.publicity, transition)
    assert (verdict.rule_set, verdict.stop_on) == (rule_set, stop)


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 31), 0, date(2026, 12, 31)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(9999, 6, 30), 36, date.max),
    ],
    ids=str,
)
def test_months_end_within_the_month(day, months, result):
    assert add_months(day, months) == result


@given(day=st.dates(date(1900, 1, 1), date(2900, 1, 1)), months=st.integers(0, 600))
def test_months_land_in_their_month_and_never_after_the_day(day, months):
    result = add_months(day, months)
    assert (result.year * 12 + result.month) - (day.year * 12 + day.month) == months
    assert result.day <= day.day


@given(
    facts=st.builds(
        PenaltyFacts,
        decided_on=st.dates(date(2015, 1, 1), date(2030, 1, 1)),
        kinds=st.lists(st.sampled_from(KINDS), max_size=3).map(tuple),
        declared_severity=st.sampled_from([None, "轻微", "一般", "严重"]),
        domain=st.sampled_from([None, "food", "other"]),
    ),
    days=st.tuples(st.dates(date(2019, 7, 1), date(2031, 1, 1)), st.dates(date(2019, 7, 1), date(2031, 1, 1))),
)
def test_what_has_stopped_never_comes_back(rules, facts, days):
    earlier, later = sorted(days)
    first, second = on(rules, facts, earlier), on(rules, facts, later)
    if facts.decided_on <= earlier and not first.shown_on(earlier):
        assert not second.shown_on(later)
    for verdict in (first, second):
        if verdict.shown:
            assert verdict.shown_from <= (verdict.earliest_repair or verdict.stop_on) <= verdict.stop_on
