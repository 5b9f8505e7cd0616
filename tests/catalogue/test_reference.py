"""Reference lists: what the shipped ones hold, and wrong ones refused by name and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from xinshu.catalogue.errors import ReferenceInvalid
from xinshu.catalogue.reference import load_divisions, load_industries, load_organisations
from xinshu.kernel.identifiers import Uscc
from xinshu.kernel.profiles import Profile, open_profile

PROFILES = Path(__file__).parents[2] / "profiles"
DEMO = open_profile("demo", PROFILES)
DIVISIONS = load_divisions(DEMO)
DIVISION_HEAD = "code,name,level,parent,status,successors\n"
RIGHT_ENTRY = {"uscc": "11990100000001011X", "name": "甲局", "region": "990100", "level": "city", "kind": "tax"}


def _profile(folder: Path, name: str, content: str) -> Profile:
    (folder / name).write_text(content, encoding="utf-8")
    return Profile("x", (folder,))


def test_the_demo_province_has_thirteen_cities_with_counties():
    cities = [code for code, each in DIVISIONS.by_code.items() if each.parent == "990000"]
    assert cities == [f"99{number:02}00" for number in range(1, 14)]
    for city in cities:
        counties = [code for code, each in DIVISIONS.by_code.items() if each.parent == city]
        assert 3 <= len(counties) <= 5


@pytest.mark.parametrize(
    ("code", "name"),
    [
        pytest.param("320100", "南京市", id="in force"),
        pytest.param("110103", "崇文区", id="retired"),
        pytest.param("100000", "全国", id="nation"),
        pytest.param("123456", "", id="unknown"),
    ],
)
def test_names_of_divisions(code, name):
    assert DIVISIONS.name(code) == name
    assert DIVISIONS.known(code) == bool(name)


@pytest.mark.parametrize(
    ("code", "today"),
    [
        pytest.param("110101", ("110101",), id="in force"),
        pytest.param("110103", ("110101",), id="one step"),
        pytest.param("990199", ("990102", "990103"), id="a chain that splits"),
        pytest.param("123456", (), id="unknown"),
    ],
)
def test_resolve_follows_the_chain_of_successors(code, today):
    assert DIVISIONS.resolve(code) == today


def test_every_successor_ends_in_force_or_nowhere():
    for code in DIVISIONS.retired:
        assert set(DIVISIONS.resolve(code)) <= DIVISIONS.in_force


def test_a_circle_of_successors_ends(tmp_path):
    rows = "110001,甲,3,,retired,110002\n110002,乙,3,,retired,110001\n"
    assert load_divisions(_profile(tmp_path, "divisions.csv", DIVISION_HEAD + rows)).resolve("110001") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("code,name\n110000,甲\n", "列名", id="columns missing"),
        pytest.param(DIVISION_HEAD + "11000,甲,1,,in_force,\n", "第2行", id="five digits"),
        pytest.param(DIVISION_HEAD + "110000,甲,7,,in_force,\n", "第2行", id="level"),
        pytest.param(DIVISION_HEAD + "110000,甲,1,,gone,\n", "第2行", id="status"),
        pytest.param(DIVISION_HEAD + "110000,甲,1\n", "列数", id="short row"),
        pytest.param(DIVISION_HEAD + "110000,甲,1,,retired,110009\n", "110009", id="successor nobody lists"),
        pytest.param("", "列名", id="empty"),
    ],
)
def test_wrong_divisions_are_refused(tmp_path, text, words):
    with pytest.raises(ReferenceInvalid, match=words):
        load_divisions(_profile(tmp_path, "divisions.csv", text))


def test_a_later_folder_renames_a_division(tmp_path):
    (tmp_path / "divisions.csv").write_text(DIVISION_HEAD + "110000,甲市,1,100000,in_force,\n", encoding="utf-8")
    assert load_divisions(Profile("x", (PROFILES / "base", tmp_path))).name("110000") == "甲市"


def test_industries_have_four_levels_under_their_section():
    industries = load_industries(DEMO)
    assert [industries[code].level for code in ("C", "17", "176", "1761")] == [1, 2, 3, 4]
    assert industries["1761"].section == "C"
    assert all(each.parent in industries for each in industries.values() if each.level > 1)


def test_industry_without_a_level_is_refused(tmp_path):
    with pytest.raises(ReferenceInvalid, match="第2行"):
        load_industries(_profile(tmp_path, "industries.csv", "code,name,level,parent,section\n17,纺织业,,C,C\n"))


def test_departments_of_the_demo_province():
    departments = load_organisations(DEMO)
    assert sum(each.level == "province" for each in departments) == 20
    for each in departments:
        assert Uscc.is_valid(each.uscc)
        assert each.uscc[:4] in {"1199", "1299"}  # state bodies and public institutions of nobody's region
        assert each.region == each.uscc[2:8]
        assert each.region in DIVISIONS.in_force
    assert len({each.name for each in departments}) == len(departments)


def test_every_city_has_its_four_departments():
    kinds: dict[str, set[str]] = {}
    for each in load_organisations(DEMO):
        if each.level == "city":
            kinds.setdefault(each.region, set()).add(each.kind)
    assert len(kinds) == 13
    assert all({"market-regulation", "approval", "tax", "ecology"} <= each for each in kinds.values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"uscc": "119901000000010110"}, "有误", id="wrong check character"),
        pytest.param({"region": 990100}, "region 应为文字", id="number without quotes"),
        pytest.param({"level": "town"}, "level", id="unknown level"),
        pytest.param({"phone": "1"}, "应有且只有", id="unknown key"),
        pytest.param({"name": ""}, "name 应为文字", id="no name"),
    ],
)
def test_a_wrong_department_is_refused(tmp_path, change, words):
    entry = {**RIGHT_ENTRY, **change}
    with pytest.raises(ReferenceInvalid, match=words):
        load_organisations(_profile(tmp_path, "organisations.yaml", f"organisations:\n  - {entry!r}\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(f"organisations: [{RIGHT_ENTRY!r}, {RIGHT_ENTRY!r}]", "重复", id="twice"),
        pytest.param("departments: []", "organisations", id="another key"),
        pytest.param("[", "无法读取", id="not YAML"),
    ],
)
def test_a_wrong_list_of_departments_is_refused(tmp_path, text, words):
    with pytest.raises(ReferenceInvalid, match=words):
        load_organisations(_profile(tmp_path, "organisations.yaml", text))
