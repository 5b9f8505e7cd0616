"""The shipped items: what every one of them must keep, and what single ones were asked to say."""

from __future__ import annotations

import warnings
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from xinshu.catalogue.checks import CheckContext, ItemChecker
from xinshu.catalogue.checks.inspection import Facts
from xinshu.catalogue.document import index_page, item_page
from xinshu.catalogue.domain import CatalogueItem, Condition, heading_key
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.reference import load_divisions, load_industries, load_organisations
from xinshu.kernel.cells import Cells
from xinshu.kernel.identifiers import OrgCode, RegNo, Uscc
from xinshu.kernel.profiles import open_profile

ROOT = Path(__file__).parents[2]
DEMO = open_profile("demo", ROOT / "profiles")
ITEMS = load_catalogue(DEMO)
FILES = sorted((ROOT / "profiles/base/catalogue").glob("[a-z]*.yaml"))

every_item = pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.item)


TABLES = [
    "administrative-license",
    "administrative-penalty",
    "administrative-coercion",
    "administrative-reward",
    "administrative-confirmation",
    "administrative-adjudication",
    "supervision-inspection",
    "credit-commitment",
    "contract-performance",
    "serious-dishonesty-list",
    "abnormal-operation-list",
    "tax-credit-a",
    "customs-credit",
    "dishonest-judgment-debtor",
    "court-judgment",
    "credit-rating-by-authority",
    "utility-payment",
    "social-insurance",
    "housing-fund",
    "real-estate",
    "tech-rnd",
    "agri-entity",
    "self-declaration",
    "honor",
]
OURS = [
    "person-registration",
    "environment-credit-rating",
    "environment-permit",
    "tax-credit-rating",
    "tax-arrears",
    "administrative-collection",
    "administrative-grant",
    "administrative-compensation",
]


def test_every_table_of_the_domain_paper_our_eight_and_the_registration_are_there():
    assert (len(TABLES), len(OURS)) == (24, 8)
    assert set(ITEMS) == {*TABLES, *OURS, "enterprise-registration"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_item_file_is_a_table_schema_for_frictionless(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from frictionless import Schema

        schema = Schema.from_descriptor(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [field.name for field in schema.fields] == [field.code for field in ITEMS[path.stem].fields]
    assert schema.field_names


def test_frictionless_would_refuse_a_schema_that_is_none():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from frictionless import FrictionlessException, Schema

        with pytest.raises(FrictionlessException):
            Schema.from_descriptor({"fields": [{"name": "CF_WSH", "type": "no such type"}]})


@every_item
def test_example_codes_are_right_and_nobodys(item: CatalogueItem):
    classes = {"uscc": Uscc, "org_code": OrgCode, "reg_no": RegNo}
    for field in item.fields:
        if field.example and field.kind in classes:
            assert classes[field.kind].is_valid(field.example), field.code
        if field.example and field.kind == "uscc":
            assert field.example[2:8] >= "990000", field.code


@every_item
def test_example_row_is_whole(item: CatalogueItem):
    given = {field.code: field.example for field in item.fields}
    assert [field.code for field in item.fields if field.required and not field.example] == []
    for rule in item.rules:
        applies = all(_holds(given, each) for each in rule.when)
        filled = [code for code in rule.fields if given[code]]
        if applies and rule.rule in {"conditional.required", "amount.required"}:
            assert filled == list(rule.fields)
        if applies and rule.rule == "conditional.forbidden":
            assert filled == []
        if rule.rule == "date.order" and len(filled) == 2:
            start, end = (date.fromisoformat(given[code]) for code in rule.fields)
            assert start <= end


def _holds(given: dict[str, str], condition: Condition) -> bool:
    value = given[condition.field]
    if condition.present or condition.absent:
        return bool(value) == condition.present
    return bool(value) and (value in condition.any_of or bool(condition.none_of and value not in condition.none_of))


@every_item
def test_example_row_passes_every_check(item: CatalogueItem):
    facts = Facts.of(date(2026, 11, 23), load_divisions(DEMO), load_industries(DEMO))
    row = pl.DataFrame({field.code: [field.example] for field in item.fields})
    assert ItemChecker(item, CheckContext(facts, "example.csv")).check(Cells.of(row), np.array([2])).findings.is_empty()


@every_item
def test_example_codes_of_lists_and_regions_are_known(item: CatalogueItem):
    divisions, industries = load_divisions(DEMO), load_industries(DEMO)
    departments = {each.uscc for each in load_organisations(DEMO)}
    for field in item.fields:
        if field.kind == "region":
            assert field.example in divisions.in_force
        if field.kind == "industry":
            assert field.example in industries
    if item.roles.source_code:
        assert item.field(item.roles.source_code).example in departments


@every_item
def test_no_heading_means_two_columns(item: CatalogueItem):
    words = [heading_key(word) for field in item.fields for word in (field.code, field.title, *field.aliases)]
    assert len(words) == len(set(words))


@every_item
def test_persons_are_masked_and_id_numbers_not_public(item: CatalogueItem):
    for field in item.fields:
        if field.kind == "id_number":
            assert (field.mask, field.access) == ("id", "gov")
        if field.name in {"applicant", "respondent"}:
            assert (field.mask, field.access) == ("name", "authorised")
        if field.name in {"legal_rep_name", "handler"}:
            assert field.mask == "name"
    if "natural_person" in item.subject_kinds:
        assert item.field(item.roles.counterpart_name).personal


@every_item
def test_every_field_and_item_says_where_it_comes_from(item: CatalogueItem):
    words = ("sourced", "recalled", "proposed")
    assert all(any(word in field.mark for word in words) for field in item.fields)
    assert any(word in item.mark for word in words)


@pytest.mark.parametrize(
    ("item", "key"),
    [
        pytest.param("administrative-penalty", ("CF_CFJGDM", "CF_WSH", "counterpart"), id="penalty"),
        pytest.param("administrative-license", ("XK_XKJGDM", "XK_WSH", "XK_XKBH", "counterpart"), id="permit"),
        pytest.param("enterprise-registration", ("TYSHXYDM",), id="registration"),
    ],
)
def test_fixed_natural_keys(item, key):
    assert ITEMS[item].key == key


@pytest.mark.parametrize(
    ("item", "way", "deadline"),
    [
        pytest.param("administrative-penalty", "penalty", "dual-publicity", id="penalty"),
        pytest.param("administrative-license", "permit", "dual-publicity", id="permit"),
        pytest.param("serious-dishonesty-list", "until-removal", None, id="serious list"),
        pytest.param("abnormal-operation-list", "until-removal", None, id="abnormal list"),
        pytest.param("tax-credit-a", "always", None, id="tax"),
        pytest.param("enterprise-registration", "always", None, id="registration"),
        pytest.param("environment-permit", "permit", "dual-publicity", id="environment permit"),
        pytest.param("administrative-coercion", "until-removal", "extended-publicity", id="coercion"),
        pytest.param("supervision-inspection", "always", "extended-publicity", id="inspection"),
        pytest.param("administrative-grant", "always", "extended-publicity", id="grant"),
        pytest.param("dishonest-judgment-debtor", "until-removal", None, id="judgment debtor"),
        pytest.param("person-registration", "none", None, id="person"),
        pytest.param("tax-arrears", "none", None, id="arrears"),
        pytest.param("real-estate", "none", None, id="real estate"),
    ],
)
def test_publicity_and_deadline(item, way, deadline):
    declared = ITEMS[item].deadline
    assert ITEMS[item].publicity.by == way
    assert (declared.rule if declared else None) == deadline


@pytest.mark.parametrize(
    ("item", "when"),
    [
        pytest.param("tax-credit-a", Condition("PJDJ", any_of=("A",)), id="taxpayers of level A"),
        pytest.param("customs-credit", Condition("XYDJ", any_of=("高级认证企业",)), id="certified enterprises"),
        pytest.param("tech-rnd", Condition("ZZLX", none_of=("研发投入",)), id="no spending on research"),
        pytest.param("self-declaration", Condition("SHZT", any_of=("通过",)), id="reviewed declarations"),
    ],
)
def test_what_is_public_of_an_item(item, when):
    assert ITEMS[item].publicity.when == (when,)


def test_only_two_lists_show_natural_persons():
    shown = {name for name, item in ITEMS.items() if item.publicity.natural_persons}
    assert shown == {"serious-dishonesty-list", "dishonest-judgment-debtor"}


def test_an_item_about_persons_alone_holds_the_least_and_shows_none_of_it():
    person = ITEMS["person-registration"]
    assert [field.name for field in person.fields if field.personal] == ["subject_name", "person_id_no"]
    assert "public" not in {field.access for field in person.fields}
    assert person.publicity.by == "none"


def test_the_end_of_publicity_a_supplier_reports_is_not_public():
    """It may contradict the end computed by the rules, which is the one the public page shows."""
    assert ITEMS["administrative-penalty"].field("CF_GSJZQ").access == "gov"


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        pytest.param("存续（在营、开业、在册）", "存续", id="long form"),
        pytest.param("在业", "存续", id="in business"),
        pytest.param("开业", "存续", id="open"),
        pytest.param("吊销未注销", "吊销", id="revoked, not cancelled"),
        pytest.param("已注销", "注销", id="cancelled"),
    ],
)
def test_common_spellings_of_the_registration_status(spelling, value):
    values = ITEMS["enterprise-registration"].field("DJZT").values
    assert [each.value for each in values if spelling in (each.value, *each.aliases)] == [value]


def test_only_registration_creates_subjects():
    assert [name for name, item in ITEMS.items() if item.creates_subjects] == ["enterprise-registration"]


def test_generated_pages_are_up_to_date():
    """After a change of the items run the command in docs/catalogue.md."""
    base = load_catalogue(open_profile("base", ROOT / "profiles"))
    for item in base.values():
        assert (ROOT / f"docs/items/{item.item}.md").read_text(encoding="utf-8") == item_page(item)
    assert (ROOT / "docs/items/README.md").read_text(encoding="utf-8") == index_page(base.values())
