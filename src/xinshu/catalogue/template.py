"""The form a department fills: a workbook made from the item, with drop-downs, notes and an example.

Sheets: 填报 (headings only, so that a reader finds nothing but the header row until rows are filled in), 填写示例,
填写说明, and the hidden 代码表 the drop-downs take their values from. The same item gives the same bytes.
"""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from xinshu.catalogue.domain import CatalogueItem, ItemField
from xinshu.catalogue.errors import TemplateNotWritten
from xinshu.catalogue.wording import (
    ACCESS_WORDS,
    KIND_WORDS,
    key_words,
    publicity_words,
    required_words,
    rule_words,
)

FILL_SHEET = "填报"
EXAMPLE_SHEET = "填写示例"
GUIDE_SHEET = "填写说明"
LISTS_SHEET = "代码表"
LAST_ROW = 200_000
"""Last data row with drop-downs: the row limit of a web upload (architecture.md section 9)."""

_HEADING_COLOURS = {"必填": "#F8D7DA", "条件必填": "#FFF3CD", "选填": "#E9ECEF"}
_MADE_AT = time(0, 0)


def write_template(item: CatalogueItem, path: Path) -> None:
    """Write the form for this version of the item to `path` (.xlsx), replacing what is there.

    Raises:
        TemplateNotWritten: the file cannot be written.
    """
    book = xlsxwriter.Workbook(str(path))
    book.set_properties(
        {
            "title": f"{item.title}（{item.item} {item.version}）",
            "created": datetime.combine(item.effective_from, _MADE_AT),
        }
    )
    fill = book.add_worksheet(FILL_SHEET)
    example = book.add_worksheet(EXAMPLE_SHEET)
    guide = book.add_worksheet(GUIDE_SHEET)
    lists = book.add_worksheet(LISTS_SHEET)
    lists.hide()
    sources = _write_lists(lists, item)
    _write_fill(book, fill, item, sources)
    _write_example(book, example, item)
    _write_guide(book, guide, item)
    try:
        book.close()
    except (FileCreateError, OSError) as error:
        raise TemplateNotWritten(f"无法写入 {path.name}", fix="确认文件夹存在且可写，并关闭已打开的同名文件") from error


def _write_lists(sheet: Any, item: CatalogueItem) -> dict[str, str]:
    """One column per coded field; {column code: range of its values}."""
    sources: dict[str, str] = {}
    for field in item.fields:
        if field.values:
            column = len(sources)
            sheet.write_string(0, column, field.title)
            for row, each in enumerate(field.values, start=1):
                sheet.write_string(row, column, each.value)
            letter = xlsxwriter.utility.xl_col_to_name(column)
            sources[field.code] = f"='{LISTS_SHEET}'!${letter}$2:${letter}${len(field.values) + 1}"
    return sources


def _write_fill(book: Any, sheet: Any, item: CatalogueItem, sources: dict[str, str]) -> None:
    _write_headings(book, sheet, item, row=0)
    sheet.freeze_panes(1, 1)
    for column, field in enumerate(item.fields):
        sheet.write_comment(0, column, _note(item, field), {"author": "信枢", "x_scale": 2, "y_scale": 1.5})
        if field.code in sources:
            several = field.kind == "codes"
            options = {
                "validate": "list",
                "source": sources[field.code],
                "error_type": "stop",
                "show_error": not (several or field.open_values),
                "error_title": "取值不在代码表中",
                "error_message": "请从下拉列表中选择",
            }
            if several:
                options |= {"input_title": "可填多个", "input_message": "多个取值用；连接"}
            sheet.data_validation(1, column, LAST_ROW, column, options)


def _write_headings(book: Any, sheet: Any, item: CatalogueItem, *, row: int) -> None:
    """Headings in the colour of their being required, columns in the format of their kind."""
    for column, field in enumerate(item.fields):
        colour = _HEADING_COLOURS[required_words(item, field)]
        style = book.add_format({"bold": True, "bg_color": colour, "border": 1, "text_wrap": True, "valign": "top"})
        sheet.set_column(column, column, _width(field), book.add_format({"num_format": _number_format(field)}))
        sheet.write_string(row, column, field.title, style)


def _number_format(field: ItemField) -> str:
    """Text for everything but dates and numbers: a code typed into a number column would lose digits."""
    if field.kind == "date":
        return "yyyy-mm-dd"
    return "General" if field.kind in {"amount", "number"} else "@"


def _width(field: ItemField) -> int:
    wide = {"text": 30, "name": 28, "uscc": 22, "id_number": 22, "document_no": 26}
    return max(wide.get(field.kind, 14), min(len(field.title) * 2 + 2, 30))


def _write_example(book: Any, sheet: Any, item: CatalogueItem) -> None:
    sheet.write_string(
        0,
        0,
        f"示例：本页只供参考，不会被读取，请在“{FILL_SHEET}”页填写",
        book.add_format({"bold": True, "font_color": "#B02A37"}),
    )
    _write_headings(book, sheet, item, row=1)
    sheet.freeze_panes(2, 0)
    for column, field in enumerate(item.fields):
        style = book.add_format({"num_format": _number_format(field), "italic": True})
        if field.kind == "date" and field.example:
            sheet.write_datetime(2, column, datetime.fromisoformat(field.example), style)
        elif field.kind in {"amount", "number"} and field.example:
            sheet.write_number(2, column, float(field.example), style)
        else:
            sheet.write_string(2, column, field.example, style)


def _write_guide(book: Any, sheet: Any, item: CatalogueItem) -> None:
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    lines = [
        (item.title, f"事项代码 {item.item}，版本 {item.version}，{item.effective_from.isoformat()} 起适用"),
        ("说明", item.description),
        ("依据", item.legal_basis),
        ("更新周期", item.update_cycle),
        ("判断重复", f"{key_words(item)} 相同的视为同一条"),
        ("公示", publicity_words(item)),
        *((f"规则{number}", rule_words(item, rule)) for number, rule in enumerate(item.rules, start=1)),
    ]
    row = 0
    for label, text in lines:
        if text:
            sheet.write_string(row, 0, label, bold)
            sheet.write_string(row, 1, text, wrap)
            row += 1
    row += 1
    for column, heading in enumerate(("数据项", "填写要求", "必填", "代码")):
        sheet.write_string(row, column, heading, bold)
    for number, field in enumerate(item.fields, start=row + 1):
        for column, text in enumerate((field.title, _requirement(field), required_words(item, field), field.code)):
            sheet.write_string(number, column, text, wrap)
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 80)
    sheet.set_column(2, 3, 16)


def _note(item: CatalogueItem, field: ItemField) -> str:
    access = f"公开属性：{ACCESS_WORDS[field.access]}"
    return f"{required_words(item, field)}；{_requirement(field)}\n{access}\n代码：{field.code}"


def _requirement(field: ItemField) -> str:
    """What may stand in the cell, in one sentence."""
    parts = [KIND_WORDS[field.kind]]
    if field.kind == "date":
        parts.append("写成 2026-04-01，不得晚于报送日" if field.past_only else "写成 2026-04-01")
    if field.max_length is not None and not field.values:
        parts.append(f"不超过{field.max_length}个字")
    if field.values:
        parts.append("可填：" + "、".join(each.value for each in field.values))
    if field.note:
        parts.append(field.note)
    return "；".join(parts)
