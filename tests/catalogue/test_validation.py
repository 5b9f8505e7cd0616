"""A whole profile judged: every shipped one is right, and each kind of contradiction is found by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from xinshu.catalogue.validation import validate_profile
from xinshu.kernel.profiles import open_profile

PROFILES = Path(__file__).parents[2] / "profiles"
DIVISIONS = "code,name,level,parent,status,successors,since,mark\n"


@pytest.fixture
def region(tmp_path):
    """Files of a region over base, as {name: text}; gives its report."""

    def report(**files: str):
        shutil.copytree(PROFILES / "base", tmp_path / "base")
        own = tmp_path / "own"
        own.mkdir()
        for name, text in ({"region.yaml": "extends: base\n"} | files).items():
            (own / name).write_text(text, encoding="utf-8")
        return validate_profile(open_profile("own", tmp_path))

    return report


@pytest.mark.parametrize("name", ["base", "demo", "jiangsu"])
def test_every_shipped_profile_is_right(name):
    report = validate_profile(open_profile(name, PROFILES))
    assert report.faults == ()
    assert report.items == 33


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        pytest.param("divisions.csv", DIVISIONS + "990000,甲,1,880000,in_force,,,\n", "880000", id="parent nobody lists"),
        pytest.param("divisions.csv", DIVISIONS + "990000,甲,1,100000,in_force,,2013,\n", "2013", id="since, but in force"),
        pytest.param("divisions.csv", DIVISIONS + "990000,甲,1,,retired,,2013-2,\n", "2013-2", id="since is no month"),
        pytest.param(
            "organisations.yaml",
            'organisations: [{uscc: "", name: 甲局, region: "320103", level: city, kind: tax}]',
            "320103",
            id="department in a retired division",
        ),
        pytest.param(
            "organisations.yaml",
            'organisations: [{uscc: "11990100000001011Y", name: 甲局, region: "320100", level: city, kind: tax}]',
            "11990100000001011Y",
            id="wrong credit code",
        ),
        pytest.param("industries.csv", "code,name\n", "列名", id="industries without columns"),
    ],
)  # fmt: skip
def test_a_contradiction_is_found(region, file, text, words):
    (fault,) = region(**{file: text}).faults
    assert words in str(fault)


def test_a_deadline_nobody_defined_is_found(tmp_path):
    shutil.copytree(PROFILES / "base", tmp_path / "base")
    path = tmp_path / "base/catalogue/administrative-reward.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("extended-publicity", "no-such"), encoding="utf-8")
    (fault,) = validate_profile(open_profile("base", tmp_path)).faults
    assert (fault.file, fault.key) == ("administrative-reward.yaml", "xinshu.deadline.rule")


def test_departments_without_a_code_are_counted_and_one_name_stands_once(region):
    entry = '{uscc: "", name: 甲局, region: "320100", level: city, kind: tax}'
    (fault,) = region(**{"organisations.yaml": f"organisations: [{entry}, {entry}]"}).faults
    assert "甲局 重复" in fault.message


def test_faults_of_items_keep_their_lines(tmp_path):
    shutil.copytree(PROFILES / "base", tmp_path / "base")
    path = tmp_path / "base/catalogue/honor.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("mask: none", "mask: nobody", 1), encoding="utf-8")
    report = validate_profile(open_profile("base", tmp_path))
    assert [each.line > 1 and each.file for each in report.faults] == ["base/catalogue/honor.yaml"]
    assert report.items == 0
