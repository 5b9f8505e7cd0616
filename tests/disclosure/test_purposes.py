"""The table of purposes × fields: every pair against a reading of the files by other means, and what a query shows."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from tests.disclosure.plain import Row, cut, sight

from xinshu.catalogue.loading import load_catalogue
from xinshu.disclosure.assembling import Column, View, views_of
from xinshu.disclosure.domain import SHUT, Fact, Heading
from xinshu.disclosure.rules import load_gate_rules
from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile, open_profile

PROFILES = Path(__file__).parents[2] / "profiles"
DAY = date(2026, 11, 22)
TABLE = yaml.safe_load((PROFILES / "base/rules/purposes.yaml").read_text(encoding="utf-8"))["purposes"]


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue(open_profile("demo", PROFILES))


@pytest.fixture(scope="module")
def rules(catalogue):
    return load_gate_rules(open_profile("demo", PROFILES), catalogue)


def declared(purpose: str, item: str, name: str, access: str) -> tuple[bool, bool, bool]:
    """(opened, only after review, only by consent), read from the file line by line; the mildest line counts."""
    (version,) = next(each for each in TABLE if each["id"] == purpose)["versions"]
    found = []
    for line in version["opens"]:
        of_item = access in line["access"] and (line["items"] == "any" or item in line["items"])
        if of_item and ("names" not in line or name in line["names"]):
            found.append((line.get("consent", False), line.get("review", False)))
    if access == "barred" or not found:
        return False, False, False
    consent, review = sorted(found)[0]
    return True, review, consent


@pytest.mark.parametrize("purpose", [each["id"] for each in TABLE])
def test_every_pair_of_purpose_and_field_is_as_declared(purpose, rules, catalogue):
    chosen = rules.purpose(purpose, DAY)
    pairs = [(item, field) for item in catalogue.values() for field in item.fields]
    assert len(pairs) > 500
    for item, field in pairs:
        opening = chosen.opening(item, field)
        wanted = declared(purpose, item.item, field.name, field.access)
        assert (opening.open, opening.review, opening.consent) == wanted, (purpose, item.item, field.code)


@pytest.mark.parametrize("purpose", [each["id"] for each in TABLE])
def test_only_opened_fields_leave_the_serializer(purpose, rules, catalogue):
    """A record with every column filled, and one no item declares, comes out as exactly the opened columns."""
    chosen = rules.purpose(purpose, DAY)
    openings = {key: each for key, each in chosen.openings(catalogue).items() if not each.review}
    views = views_of(catalogue, openings)
    items = dict(enumerate(catalogue.values(), 1))
    seen = sight(views, items)
    for number, item in items.items():
        values = {field.code: "值" for field in item.fields} | {"NEW_COLUMN": "漏"}
        found = cut([Row(0, number, json.dumps(values), None, _BESIDE)], {0: seen})
        shown = [cell for facts in found.values() for fact in facts for cell in fact.cells]
        assert [cell.code for cell in shown] == [
            field.code for field in item.fields if (item.item, field.code) in openings
        ]


VIEW = View(
    Heading("i", "事项", (("N", "姓名"), ("Z", "证件"), ("T", "事由"))),
    (Column("N", True, True, False), Column("Z", True, False, False), Column("T", False, False, True)),
)
_ID = "11010118990101001X"
_BESIDE = Fact(Heading("", "", ()), "某局", None, DAY, ())


def a_row(place: int, item: int, values: dict[str, str], whole: dict[str, str] | None = None) -> Row:
    return Row(place, item, json.dumps(values), None if whole is None else json.dumps(whole), _BESIDE)


@pytest.mark.parametrize("others", [0, 1, 50])
def test_each_record_is_masked_by_itself_however_many_are_cut_together(others):
    rows = [
        a_row(0, 1, {"N": "张*", "Z": "1****X", "T": f"当事人{_ID}未按期"}, {"N": "张三", "Z": _ID}),
        a_row(1, 1, {"N": "张*", "T": "1234567890"}, {}),
        a_row(2, 1, {"Z": "1****X", "T": "12345"}, {"N": "漏"}),
        a_row(3, 1, {"N": "李*", "Z": "2****1", "T": f"a\0{_ID}"}, {"N": "李四"}),
        a_row(4, 1, {}, {"N": "漏"}),
        *(a_row(5 + place, 1, {"T": "678901"}) for place in range(others)),
    ]
    seen = sight({"i": VIEW}, {1: SimpleNamespace(item="i")})
    found = cut(rows, dict.fromkeys(range(len(rows)), seen))
    shown = [
        [(cell.code, cell.value, cell.masked) for fact in found.get(row.place, ()) for cell in fact.cells]
        for row in rows
    ]
    assert shown[:5] == [
        [("N", "张三", False), ("Z", "1****X", True), ("T", f"当事人1{'*' * 16}X未按期", False)],
        [("N", "张*", True), ("T", "1234567890", False)],
        [("Z", "1****X", True), ("T", "12345", False)],
        [("N", "李四", False), ("Z", "2****1", True), ("T", f"a\x001{'*' * 16}X", False)],
        [],
    ]
    assert shown[5:] == [[("T", "678901", False)]] * others


def test_consent_only_classes_are_never_open_without_one(rules, catalogue):
    """Class `authorised` goes out by consent, or masked to the platform's own upkeep; nothing else."""
    for purpose in rules.in_force(DAY):
        for (item, column), opening in purpose.openings(catalogue).items():
            if catalogue[item].field(column).access == "authorised":
                assert opening.consent or (purpose.scene == "upkeep" and not opening.unmask)


def test_id_numbers_unmasked_only_after_review(rules, catalogue):
    for purpose in rules.in_force(DAY):
        for (item, column), opening in purpose.openings(catalogue).items():
            if catalogue[item].field(column).mask == "id" and opening.unmask:
                assert opening.review, (purpose.id, item, column)


def test_the_six_scenes_of_government_are_there(rules):
    titles = {each.title for each in rules.in_force(DAY) if each.scene == "government"}
    assert titles >= {"行政审批", "政务服务", "财政资金", "评优评先", "公共资源交易", "公务员录用、调任"}


def test_a_purpose_holds_in_its_period_only(rules):
    assert rules.purpose("administrative-approval", date(2025, 12, 31)) is None
    assert rules.purpose("administrative-approval", date(2026, 1, 1)) is not None
    assert rules.purpose("no-such-purpose", DAY) is None


def test_a_field_of_unknown_class_is_shut(rules, catalogue):
    from dataclasses import replace

    item = catalogue["administrative-penalty"]
    field = replace(item.field("CF_WSH"), access="secret")
    assert rules.purpose("supervision", DAY).opening(item, field) == SHUT


def write(folder: Path, purposes: str) -> Profile:
    (folder / "rules").mkdir()
    (folder / "rules/purposes.yaml").write_text(purposes, encoding="utf-8")
    (folder / "rules/disclosure.yaml").write_text(
        (PROFILES / "base/rules/disclosure.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    return Profile("own", (folder,))


ONE = """
purposes:
  - id: one
    title: 一
    scene: government
    versions:
      - {{effective_from: null, effective_to: null, mark: proposed, source: 测试, legal_basis: [法], units: any,
         subjects: [organisation], approvers: 0, sealed: false, outside: [], opens: [{line}]}}
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("{items: any, access: [barred]}", "access", id="barred"),
        pytest.param("{items: any, access: [authorised]}", "consent", id="consent unsaid"),
        pytest.param("{items: [no-such-item], access: [public]}", "不在目录中", id="unknown item"),
        pytest.param("{items: any, access: [public], names: [nonsense]}", "nonsense", id="unknown column"),
        pytest.param("{items: any, access: [public], extra: 1}", "extra", id="unknown key"),
    ],
)
def test_a_wrong_line_is_a_fault_of_the_file(line, said, tmp_path, catalogue):
    with pytest.raises(ProfileInvalid, match=said):
        load_gate_rules(write(tmp_path, ONE.format(line=line)), catalogue)
