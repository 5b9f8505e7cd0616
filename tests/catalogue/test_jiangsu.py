"""The profile of Jiangsu: divisions in force and retired, departments by their public names, the site's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from xinshu.catalogue.reference import awaiting_code, load_divisions, load_organisations
from xinshu.kernel.profiles import open_profile
from xinshu.web.portal.site import Site

JIANGSU = open_profile("jiangsu", Path(__file__).parents[2] / "profiles")
DIVISIONS = load_divisions(JIANGSU)
OURS = {code: each for code, each in DIVISIONS.by_code.items() if code.startswith("32")}


def test_thirteen_cities_and_ninety_five_counties():
    in_force = [each for each in OURS.values() if not each.retired]
    cities = {each.code for each in in_force if each.parent == "320000"}
    assert len(cities) == 13
    counties = [each for each in in_force if each.level == 3]
    assert len(counties) == 95
    assert {each.parent for each in counties} == cities


@pytest.mark.parametrize(
    ("code", "name", "today", "since"),
    [
        pytest.param("320103", "白下区", ("320104",), "2013-02", id="merged into a neighbour"),
        pytest.param("320502", "沧浪区", ("320508",), "2012", id="three districts made one"),
        pytest.param("320683", "通州市", ("320612",), "2009", id="city made a district"),
        pytest.param("320586", "吴县市", ("320506", "320507"), "2000", id="split in two"),
        pytest.param("320212", "马山区", ("320211",), "2000-12", id="successor of the national list corrected"),
        pytest.param("322224", "沭阳县", ("321322",), "1983", id="prefecture of before 1983"),
        pytest.param("329001", "泰州市", ("321200",), "", id="nobody has said since when"),
    ],
)
def test_a_retired_code_is_known_with_name_successors_and_since_when(code, name, today, since):
    former = DIVISIONS.former(code)
    assert former is not None
    assert (former.name, former.since, DIVISIONS.resolve(code)) == (name, since, today)
    assert DIVISIONS.known(code)


@pytest.mark.parametrize("code", [pytest.param("320104", id="in force"), pytest.param("329999", id="never given")])
def test_other_codes_are_no_former_divisions(code):
    assert DIVISIONS.former(code) is None


def test_retired_codes_of_jiangsu_end_in_jiangsu():
    retired = [each for each in OURS.values() if each.retired]
    assert len(retired) == 203
    for each in retired:
        assert all(code.startswith("32") for code in DIVISIONS.resolve(each.code)), each.code


def test_what_was_recalled_says_so():
    for each in OURS.values():
        assert ("since recalled" in each.mark) == bool(each.since), each.code


def test_departments_are_named_and_no_credit_code_is_invented():
    assert load_organisations(JIANGSU) == ()
    waiting = awaiting_code(JIANGSU)
    assert len(waiting) == len({each.name for each in waiting}) > 20
    assert {each.region for each in waiting} == {"320000"}
    assert {"development-reform", "credit-centre", "market-regulation", "tax"} <= {each.kind for each in waiting}


def test_the_site_prints_names_and_no_invented_numbers():
    site = Site.load(JIANGSU)
    assert (site.title, site.host) == ("信用江苏", "江苏省发展和改革委员会")
    assert (site.phone, site.site_code, site.icp, site.police) == ("", "", "", "")
