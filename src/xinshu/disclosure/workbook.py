"""A result as a workbook: a summary and a sheet for each item, the watermark on every sheet and in the properties."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from xinshu.disclosure.domain import Disclosed, Fact, Result
from xinshu.disclosure.tables import HEADINGS, OUTCOMES, Wearer, harmless, rows_of
from xinshu.disclosure.watermark import check_number, in_order_of
from xinshu.security.sealing import Vault

_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_SUMMARY = ("主体代码", "主体名称", "登记状态", "查询结果", "记录数", "未授权的事项", "核对号")
_WIDTHS = (22, 28, 10, 10, 10, 30, 14)
_NAME_LENGTH = 28  # a sheet's name may have 31 characters


def as_workbook(result: Result, wearer: Wearer, vault: Vault) -> bytes:
    """The bytes of an XLSX; every cell is a text, nothing runs as a formula."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        book.set_properties(
            {
                "title": f"公共信用信息查询结果 {wearer.ticket}",
                "author": wearer.unit,
                "keywords": f"{wearer.ticket} {wearer.mark}",
                "comments": wearer.line,
            }
        )
        subjects = in_order_of(vault, wearer.mark, result.subjects)
        sheet = book.add_worksheet("汇总")
        _fill(sheet, _SUMMARY, _summary(subjects, wearer.mark, vault), wearer, _tail(result))
        for place, width in enumerate(_WIDTHS):
            sheet.set_column(place, place, width)
        for title in dict.fromkeys(fact.title for each in subjects for fact in each.facts):
            headings, rows = _of_item(title, subjects, wearer.mark, vault)
            _fill(book.add_worksheet(title[:_NAME_LENGTH]), headings, rows, wearer, ())
        _fill(book.add_worksheet("明细"), HEADINGS, rows_of(result, wearer.mark, vault), wearer, ())
    return buffer.getvalue()


def _fill(
    sheet: Worksheet,
    headings: Sequence[str],
    rows: Iterator[Sequence[str]],
    wearer: Wearer,
    tail: Sequence[str],
) -> None:
    """The watermark above and below, and in header and footer of every printed page."""
    shown = wearer.line.replace("&", "&&")
    sheet.set_header(f"&L&8{shown}", {"margin": 0.3})
    sheet.set_footer(f"&L&8{shown}&R&P / &N")
    sheet.write_string(0, 0, harmless(wearer.line))
    for column, heading in enumerate(headings):
        sheet.write_string(1, column, heading)
    sheet.freeze_panes(2, 0)
    place = 2
    for row in rows:
        for column, cell in enumerate(row):
            sheet.write_string(place, column, cell)
        place += 1
    for line in (*tail, wearer.line):
        sheet.write_string(place, 0, harmless(line))
        place += 1


def _tail(result: Result) -> Sequence[str]:
    return (f"本次核查：{'、'.join(result.checked)}", f"未核查：{'、'.join(result.not_checked)}")


def _summary(subjects: Sequence[Disclosed], mark: str, vault: Vault) -> Iterator[Sequence[str]]:
    for each in subjects:
        cells = [
            harmless(cell)
            for cell in (
                each.code,
                each.name,
                each.status,
                OUTCOMES[each.outcome],
                str(each.count()),
                "、".join(each.withheld),
            )
        ]
        yield [*cells, check_number(vault, mark, cells)]


def _of_item(
    title: str, subjects: Sequence[Disclosed], mark: str, vault: Vault
) -> tuple[Sequence[str], Iterator[Sequence[str]]]:
    """Headings and rows of the sheet of an item; its columns are those that are filled in some record."""
    found = [(each, fact) for each in subjects for fact in each.facts if fact.title == title]
    columns = {cell.code: cell.title for _, fact in found for cell in fact.cells}
    headings = ("主体代码", "主体名称", "来源单位", "入库日期", *columns.values(), "核对号")
    return headings, (_item_row(each, fact, columns, mark, vault) for each, fact in found)


def _item_row(
    subject: Disclosed, fact: Fact, columns: Sequence[str] | dict[str, str], mark: str, vault: Vault
) -> Sequence[str]:
    values = {cell.code: cell.value for cell in fact.cells}
    cells = [
        harmless(cell)
        for cell in (
            subject.code,
            subject.name,
            fact.source,
            fact.received_on.isoformat(),
            *(values.get(code, "") for code in columns),
        )
    ]
    return [*cells, check_number(vault, mark, cells)]
