"""The form to fill: opens, has its drop-downs and notes, and reads back as nothing but headings."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from xinshu.catalogue.errors import TemplateNotWritten
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.template import EXAMPLE_SHEET, FILL_SHEET, GUIDE_SHEET, LISTS_SHEET, write_template
from xinshu.kernel.profiles import open_profile

ITEMS = load_catalogue(open_profile("base", Path(__file__).parents[2] / "profiles"))
PENALTY = ITEMS["administrative-penalty"]


@pytest.fixture
def book(tmp_path):
    write_template(PENALTY, tmp_path / "form.xlsx")
    return openpyxl.load_workbook(tmp_path / "form.xlsx")


@pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.item)
def test_the_fill_sheet_holds_the_headings_and_nothing_else(item, tmp_path):
    write_template(item, tmp_path / "form.xlsx")
    sheet = CalamineWorkbook.from_path(str(tmp_path / "form.xlsx")).get_sheet_by_index(0)
    assert sheet.to_python() == [[field.title for field in item.fields]]


def test_sheets_and_the_hidden_list(book):
    assert book.sheetnames == [FILL_SHEET, EXAMPLE_SHEET, GUIDE_SHEET, LISTS_SHEET]
    assert book[LISTS_SHEET].sheet_state == "hidden"
    assert book[FILL_SHEET].freeze_panes == "B2"


def test_every_coded_column_has_a_drop_down_with_its_values(book):
    found = {}
    for each in book[FILL_SHEET].data_validations.dataValidation:
        column = next(iter(each.sqref.ranges)).min_col - 1
        cells = book[LISTS_SHEET][each.formula1.split("!")[1].replace("$", "")]
        found[PENALTY.fields[column].code] = [row[0].value for row in cells]
    assert found == {field.code: [v.value for v in field.values] for field in PENALTY.fields if field.values}


def test_a_drop_down_refuses_other_values_only_where_one_is_asked(book):
    strict = {
        PENALTY.fields[next(iter(each.sqref.ranges)).min_col - 1].code: each.showErrorMessage
        for each in book[FILL_SHEET].data_validations.dataValidation
    }
    assert strict["CF_XDR_LB"]
    assert not strict["CF_CFLB"]


def test_code_columns_are_text_and_dates_are_dates(book):
    sheet = book[FILL_SHEET]
    formats = {
        field.code: sheet.column_dimensions[openpyxl.utils.get_column_letter(number)].number_format
        for number, field in enumerate(PENALTY.fields, start=1)
    }
    assert formats["CF_XDR_SHXYM"] == "@"
    assert formats["CF_WSH"] == "@"
    assert formats["CF_JDRQ"] == "yyyy-mm-dd"
    assert formats["CF_NR_FK"] == "General"


def test_each_heading_has_a_note_that_says_whether_it_is_required(book):
    notes = [cell.comment.text for cell in book[FILL_SHEET][1]]
    assert len(notes) == len(PENALTY.fields)
    assert notes[0].startswith("必填")
    assert "CF_XDR_MC" in notes[0]


def test_the_example_stands_on_its_own_sheet(book):
    marked, headings, row = book[EXAMPLE_SHEET].iter_rows(values_only=True)
    assert "示例" in marked[0]
    assert list(headings) == [field.title for field in PENALTY.fields]
    assert row[headings.index("行政处罚决定书文号")] == "示市监处罚〔2026〕17号"
    assert row[headings.index("罚款金额（万元）")] == 2


def test_the_same_item_gives_the_same_bytes(tmp_path):
    write_template(PENALTY, tmp_path / "a.xlsx")
    write_template(PENALTY, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(TemplateNotWritten):
        write_template(PENALTY, tmp_path / "none" / "form.xlsx")
