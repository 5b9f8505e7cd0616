"""Whose a row is: each way of telling in its turn, and what is said about a subject found. Expectations by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import psycopg
import pytest
from tests.plugins.main_path import make_uscc

from xinshu.kernel.cells import Cells
from xinshu.subjects.domain import Basis, Link
from xinshu.subjects.services import REPORTED, resolve

COMPANY, UNKNOWN = make_uscc(1), make_uscc(90)


@pytest.fixture
def registry(world, database):
    """Enterprises 1 to 6: the second closed, third and fourth of one name, fifth and sixth of one name but one closed, the
    first with a former name and an old registration number. What `resolve` finds for rows, by {column: value}."""
    name, state, former = "企业名称", "登记状态", "曾用名"
    world.register([world.registration(1, **{name: "A市旧名纺织有限公司"})])
    world.register(
        [
            world.registration(1, **{former: "A市更旧纺织有限公司"}),
            world.registration(2, **{state: "注销", "核准日期": "2025-01-31"}),
            *(world.registration(number, **{name: "A市同名有限公司"}) for number in (3, 4)),
            world.registration(5, **{name: "A市独名有限公司"}),
            world.registration(6, **{name: "A市独名有限公司", state: "吊销"}),
        ],
        at="2026-09-02",
    )
    with psycopg.connect(database.conninfo) as connection:
        connection.execute("UPDATE subjects_subject SET reg_no = '320500000000001' WHERE uscc = %s", [COMPANY])
        ids = dict(connection.execute("SELECT id, uscc FROM subjects_subject").fetchall())

        def find(*rows):
            table = pl.DataFrame(
                {name: [row.get(name, "") for row in rows] for name in REPORTED},
                schema=dict.fromkeys(REPORTED, pl.String),
            )
            found = resolve(connection, Cells.of(table))
            links = [found.link(row) for row in range(len(rows))]
            return [link and (next(c for i, c in ids.items() if i.bytes == link.subject), *link[1:]) for link in links]

        yield find


def found(number: int, basis: Basis, name: str | None = None, status: str | None = None, closed: date | None = None):
    return (make_uscc(number), *Link(b"", basis, name, status, closed)[1:])


FIRST = "A市第1纺织有限公司"
CASES = {
    "credit code": ({"uscc": COMPANY, "name_norm": FIRST}, found(1, Basis.USCC)),
    "credit code and former name": ({"uscc": COMPANY, "name_norm": "A市旧名纺织有限公司"}, found(1, Basis.USCC)),
    "credit code and older name": ({"uscc": COMPANY, "name_norm": "A市更旧纺织有限公司"}, found(1, Basis.USCC)),
    "credit code, name of somebody else": ({"uscc": COMPANY, "name_norm": "别家"}, found(1, Basis.USCC, FIRST)),
    "closed": (
        {"uscc": make_uscc(2), "name_norm": "A市第2纺织有限公司"},
        found(2, Basis.USCC, None, "注销", date(2025, 1, 31)),
    ),
    "closed, name of somebody else": (
        {"uscc": make_uscc(2), "name_norm": "别家"},
        found(2, Basis.USCC, "A市第2纺织有限公司", "注销", date(2025, 1, 31)),
    ),
    "the code decides, whatever else is said": (
        {"uscc": COMPANY, "org_code": make_uscc(3)[8:17], "name_norm": FIRST},
        found(1, Basis.USCC),
    ),
    "organisation code": ({"org_code": COMPANY[8:17], "name_norm": "别家"}, found(1, Basis.ORG_CODE, FIRST)),
    "code issued anew, known name": (
        {"uscc": make_uscc(1, region="990103"), "name_norm": "A市旧名纺织有限公司"},
        found(1, Basis.ORG_CODE),
    ),
    "code issued anew, unknown name": ({"uscc": make_uscc(1, region="990103"), "name_norm": "别家"}, None),
    "registration number and name": (
        {"reg_no": "320500000000001", "name_norm": FIRST, "uscc": UNKNOWN},
        found(1, Basis.REG_NO_AND_NAME),
    ),
    "registration number, other name": ({"reg_no": "320500000000001", "name_norm": "别家"}, None),
    "name of one": ({"name_norm": FIRST}, found(1, Basis.UNIQUE_NAME)),
    "name of two": ({"name_norm": "A市同名有限公司"}, None),
    "name of two, one closed": ({"name_norm": "A市独名有限公司"}, found(5, Basis.UNIQUE_NAME)),
    "name of one closed": ({"name_norm": "A市第2纺织有限公司"}, None),
    "name with an unknown code": ({"uscc": UNKNOWN, "name_norm": FIRST}, None),
    "name with an unknown organisation code": ({"org_code": UNKNOWN[8:17], "name_norm": FIRST}, None),
    "nothing": ({}, None),
}


def test_each_row_is_whose_the_rules_say(registry):
    rows = [row for row, _ in CASES.values()]
    assert dict(zip(CASES, registry(*rows), strict=True)) == {name: link for name, (_, link) in CASES.items()}


def test_an_organisation_code_of_two_is_nobodys(registry, world):
    world.register([world.registration(7, 统一社会信用代码=make_uscc(1, region="990103"))], at="2026-09-03")
    assert registry({"org_code": COMPANY[8:17], "name_norm": FIRST}) == [None]


def test_no_rows_are_nobodys(registry):
    assert registry() == []
