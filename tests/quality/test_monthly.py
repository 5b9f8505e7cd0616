"""A month's figures against files whose outcome is known."""

from __future__ import annotations

import json
from dataclasses import fields
from itertools import product

import pytest

from xinshu.catalogue.reference import load_divisions
from xinshu.cli.app import run
from xinshu.kernel.clock import parse_as_of
from xinshu.kernel.profiles import open_profile
from xinshu.quality.domain import QualityRow
from xinshu.quality.queries import monthly

COUNTERS = [each.name for each in fields(QualityRow) if each.name not in {"key", "name", "rank", "batches"}]
OTHER = "1199010000000102XM"  # A市行政审批局


@pytest.fixture
def stocked(world):
    """September 2026: three registrations; eight penalties of one unit (one late, three in error of which one twice, one
    doubtful, one sent twice), two late ones of another. October: one of them changed."""
    world.register([world.registration(n) for n in (1, 2, 3)])
    wrong = world.penalty(1, 2, 处罚决定日期="2026.9.3", 处罚类别="没有这种")
    world.penalise(
        [
            world.penalty(1),
            world.penalty(9, 7, 处罚决定日期="2026-09-01"),
            wrong,
            world.penalty(2, 3, 处罚决定日期="2026.9.3"),
            world.penalty(1, 4, 行政相对人名称="A市完全不同贸易有限公司"),
            world.penalty(2, 5, **{"罚款金额（万元）": "20000"}),
            world.penalty(3, 6),
            world.penalty(3, 6),
        ],
        at="2026-09-11",
    )
    world.load(
        "administrative-penalty",
        [world.penalty(n, n + 6, 处罚决定日期="2026-09-02") for n in (2, 3)],
        "2026-09-30T23:59",
        OTHER,
    )
    world.penalise([world.penalty(1, 处罚内容="罚款人民币叁万元")], at="2026-10-01T00:00")
    return world


@pytest.fixture
def figures(stocked):
    divisions = load_divisions(open_profile("demo", stocked.desk.settings.profiles_dir))

    def of(month="2026-09", by=None, **more):
        desk = stocked.desk
        return monthly(month, by, catalogue=desk.catalogue, divisions=divisions, **more)

    return of


def test_the_total_of_a_month(figures):
    total = figures().total
    told = {name: getattr(total, name) for name in COUNTERS}
    assert told == {
        "reported": 13,
        "accepted": 8,
        "updated": 0,
        "doubtful": 4,
        "duplicates": 1,
        "unlinked": 1,
        "in_error": 3,
        "due": 5,
        "late": 3,
    }
    assert total.load_rate == 8 / 13
    assert total.compliance_rate == 10 / 13
    assert total.timeliness_rate == 2 / 5
    assert total.batches == 3


def test_every_figure_is_the_sum_of_its_rows(figures):
    for month, by in product(("2026-09", "2026-10"), ("supplier", "item", "region")):
        found = figures(month, by)
        for name in (*COUNTERS, "batches"):
            assert sum(getattr(each, name) for each in found.rows) == getattr(found.total, name), name
        for each in (*found.rows, found.total):
            assert each.reported == each.accepted + each.doubtful + each.duplicates
            assert each.load_rate <= each.compliance_rate
        assert figures(month).total == found.total


def test_rows_have_names_and_places(figures, stocked):
    suppliers = {each.key: each for each in figures(by="supplier").rows}
    assert suppliers[OTHER].name == "A市行政审批局"
    assert (suppliers[OTHER].rank, suppliers[OTHER].load_rate, suppliers[OTHER].timeliness_rate) == (1, 1.0, 0.0)
    items = {each.key: each for each in figures(by="item").rows}
    assert items["administrative-penalty"].name == "行政处罚"
    assert items["enterprise-registration"].timeliness_rate is None
    (region,) = figures(by="region").rows
    assert (region.key, region.name) == ("990100", "A市")


def test_months_begin_at_midnight_in_shanghai_and_end_at_the_moment_asked_for(figures):
    october = figures("2026-10").total
    assert (october.reported, october.updated) == (1, 1)
    assert figures("2026-08").total.reported == 0
    assert figures(known_at=parse_as_of("2026-09-11")).total.reported == 3
    assert figures(known_at=parse_as_of("2026-08-01")).total.reported == 0
    empty = figures("2025-01", "supplier")
    assert (empty.rows, empty.total.reported, empty.total.load_rate) == ((), 0, None)


def test_the_command_prints_names_and_per_cent(stocked, capsys):
    assert run(["quality", "--month", "2026-09", "--by", "supplier", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["month"], told["by"], told["total"]["load_rate"]) == ("2026-09", "supplier", 8 / 13)
    assert {each["name"] for each in told["rows"]} >= {"A市生态环境局", "A市行政审批局"}
    assert run(["quality", "--month", "2026-09"]) == 0
    assert "61.5%" in capsys.readouterr().out
    assert run(["quality", "--month", "今年", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "time.invalid"
