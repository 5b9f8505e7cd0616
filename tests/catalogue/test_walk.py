"""The walk: every item of the catalogue goes the way a department goes with it.

Its form opens in a spreadsheet program, is filled in and saved there; what was saved, and the example as CSV, passes the
item's own checks through the real reader; schema, page and declaration say the same; nothing it names is missing.
LibreOffice converts all forms in one call; without it those tests skip, naming the package.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import yaml

from xinshu.catalogue.checks import CheckContext, ItemChecker
from xinshu.catalogue.checks.findings import as_findings
from xinshu.catalogue.checks.inspection import Facts
from xinshu.catalogue.document import item_page
from xinshu.catalogue.domain import CatalogueItem, ItemField
from xinshu.catalogue.export import FIELD_TYPES
from xinshu.catalogue.jsonschema import row_schema
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.reference import load_divisions, load_industries
from xinshu.catalogue.rulebook import Finding
from xinshu.catalogue.template import EXAMPLE_SHEET, FILL_SHEET, write_template
from xinshu.catalogue.wording import ACCESS_WORDS, KIND_WORDS, mask_words, required_words
from xinshu.collection.reading import ReadLimits, ReadPlan, open_file
from xinshu.kernel.profiles import open_profile
from xinshu.rules.deadlines import due
from xinshu.rules.loading import load_rules

ROOT = Path(__file__).parents[2]
DEMO = open_profile("demo", ROOT / "profiles")
ITEMS = load_catalogue(DEMO)
RULES = load_rules(DEMO)
RECEIVED = date(2026, 11, 23)
LIMITS = ReadLimits(1 << 30, 200_000, 300, 100_000, 1 << 30, 1 << 20)

every_item = pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.item)
Judge = Callable[[Path, CatalogueItem], tuple[list[dict[str, str]], list[Finding]]]


@pytest.fixture(scope="module")
def judge() -> Judge:
    """Reads a file as the item; gives its rows as they would be kept, and every finding (none about lateness: no deadline is set)."""
    facts = Facts.of(RECEIVED, load_divisions(DEMO), load_industries(DEMO))

    def run(path: Path, item: CatalogueItem) -> tuple[list[dict[str, str]], list[Finding]]:
        checker = ItemChecker(item, CheckContext(facts, path.name))
        opened = open_file(path, ReadPlan(item, path.name, LIMITS))
        rows: list[dict[str, str]] = []
        found = list(opened.findings)
        for chunk in opened.chunks:
            result = checker.check(chunk.cells, chunk.rows, sheet=chunk.sheet, shape=chunk.shape)
            rows += result.frame.select([field.code for field in item.fields]).to_dicts()
            found += as_findings(result.findings)
        return rows, found

    return run


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, need: Callable[[bool, str], None]) -> Path:
    """The folder with every form, its example filled in, as the spreadsheet program saved it."""
    office = shutil.which("soffice")
    need(office is not None, "libreoffice-calc")
    folder = tmp_path_factory.mktemp("forms")
    for item in ITEMS.values():
        _filled_form(item, folder / f"{item.item}.xlsx")
    home = (folder / "office").as_uri()
    forms = [str(path) for path in sorted(folder.glob("*.xlsx"))]
    order = [str(office), f"-env:UserInstallation={home}", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*order, "--outdir", str(folder / "saved"), *forms], check=True, capture_output=True, timeout=300)
    return folder / "saved"


def _filled_form(item: CatalogueItem, path: Path) -> None:
    """The form with the row of its example sheet written where a department would write it."""
    write_template(item, path)
    book = openpyxl.load_workbook(path)
    for column, cell in enumerate(book[EXAMPLE_SHEET][3], start=1):
        if cell.value is not None:
            book[FILL_SHEET].cell(2, column, cell.value)
    book.save(path)


def _example(item: CatalogueItem) -> dict[str, str]:
    return {field.code: field.example for field in item.fields}


@every_item
def test_the_form_comes_back_from_a_spreadsheet_program_and_passes_its_checks(item, saved, judge):
    rows, found = judge(saved / f"{item.item}.xlsx", item)
    assert found == []
    assert rows == [_example(item)]


@every_item
def test_the_saved_form_still_has_its_drop_downs(item, saved):
    sheet = openpyxl.load_workbook(saved / f"{item.item}.xlsx")[FILL_SHEET]
    assert [cell.value for cell in sheet[1]][: len(item.fields)] == [field.title for field in item.fields]
    listed = {next(iter(each.sqref.ranges)).min_col for each in sheet.data_validations.dataValidation}
    assert listed == {number for number, field in enumerate(item.fields, start=1) if field.values}


@every_item
def test_the_example_as_csv_passes_its_checks(item, judge, tmp_path):
    path = tmp_path / f"{item.item}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.title for field in item.fields])
        writer.writerow([field.example for field in item.fields])
    rows, found = judge(path, item)
    assert (rows, found) == ([_example(item)], [])


@every_item
def test_an_example_with_something_required_left_out_does_not_pass(item, judge, tmp_path):
    empty = next(field for field in item.fields if field.required)
    path = tmp_path / f"{item.item}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.code for field in item.fields])
        writer.writerow(["" if field is empty else field.example for field in item.fields])
    _, found = judge(path, item)
    assert (empty.code, "required") in {(each.field, each.rule) for each in found}


@every_item
def test_every_field_has_class_and_mask_in_its_file(item):
    path = DEMO.find(f"catalogue/{item.item}.yaml")
    assert path is not None
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["fields"]:
        assert entry["xinshu"]["access"] in {"public", "authorised", "gov", "barred"}
        assert entry["xinshu"]["mask"] in {"none", "name", "id", "phone", "address", "account"}
        assert entry["xinshu"]["mark"]


@every_item
def test_schema_page_and_declaration_agree(item):
    schema = row_schema(item)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert list(properties) == [field.code for field in item.fields]
    assert schema["required"] == [field.code for field in item.fields if field.required]
    page = item_page(item)
    assert (ROOT / f"docs/items/{item.item}.md").read_text(encoding="utf-8") == page
    for field in item.fields:
        assert (properties[field.code]["title"], properties[field.code]["x-xinshu-access"]) == (
            field.title,
            field.access,
        )
        assert _page_row(page, field)[2:7] == [
            KIND_WORDS[field.kind],
            required_words(item, field),
            str(field.max_length or ""),
            ACCESS_WORDS[field.access],
            mask_words(item, field),
        ]


def _page_row(page: str, field: ItemField) -> list[str]:
    (line,) = [each for each in page.splitlines() if f"| `{field.code}` |" in each]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


@every_item
def test_what_frictionless_reads_is_what_we_declare(item):
    path = DEMO.find(f"catalogue/{item.item}.yaml")
    assert path is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from frictionless import Schema

        schema = Schema.from_descriptor(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert {each.name: (each.type, each.title, each.required) for each in schema.fields} == {
        field.code: (FIELD_TYPES.get(field.kind, "string"), field.title, field.required) for field in item.fields
    }


@every_item
def test_publicity_and_deadline_resolve(item):
    publicity = item.publicity
    if publicity.by == "none":
        assert publicity.when == ()
    else:
        assert item.access == "public"
    if publicity.by in {"permit", "until-removal"}:
        assert item.roles.ends_on
    if publicity.by == "penalty":
        assert RULES.publicity
        assert publicity.kinds_field
    if item.deadline:
        assert item.roles.event_date
        assert due(item.deadline.rule, RECEIVED, RULES.calendar, RULES.deadlines).day > RECEIVED


@every_item
def test_a_public_record_has_a_public_title(item):
    if item.publicity.by != "none":
        assert item.roles.headline
        assert item.field(item.roles.headline).access == "public"
        assert item.field(item.roles.counterpart_name).access == "public"
