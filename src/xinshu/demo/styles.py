"""How files look: the forms met in practice, and a table turned into headings and cells of one of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from random import Random

from xinshu.catalogue.domain import ItemField
from xinshu.demo.domain import Cell, Columns, Style, Table

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SLASHED, _SHORT, _CHINESE = "{y:04}/{m:02}/{d:02}", "{y}-{m}-{d}", "{y}年{m}月{d}日"
_UNKNOWN_COLUMNS = ("联系人", "内部流水号", "录入时间", "序号")

STYLES: tuple[Style, ...] = (
    Style("csv", "csv", "utf-8", heading="title"),
    Style("xlsx", "xlsx", "", heading="starred", title_rows=2),
    Style("csv", "csv", "gb18030", heading="title", dates=_SLASHED, line_end="\r\n"),
    Style("csv", "csv", "utf-8-sig", heading="code", dates=_SHORT, line_end="\r\n", aliases_of_values=True),
    Style("jsonl", "jsonl", "utf-8", heading="code"),
    Style("csv", "csv", "utf-16", delimiter="\t", heading="alias", dates=_CHINESE, line_end="\r\n"),
    Style("xlsx", "xlsx", "", heading="alias", aliases_of_values=True),
    Style("csv", "csv", "utf-8", heading="alias", dates=_CHINESE, drop_empty=True),
    Style("csv", "csv", "gb18030", heading="code", dates=_SHORT, drop_empty=True),
    Style("jsonl", "jsonl", "utf-8", heading="title", dates=_SLASHED, aliases_of_values=True),
    Style("parquet", "parquet", "", heading="title"),
)


def style_for(number: int, rows: int, most_in_workbook: int) -> Style:
    """The style of the `number`-th file; a text table instead of a workbook that would be too large."""
    style = STYLES[number % len(STYLES)]
    if style.format == "xlsx" and rows > most_in_workbook:
        return STYLES[0]
    return style


def with_unknown_column(style: Style, dice: Random) -> Style:
    """The style with one column that no catalogue has."""
    return replace(style, extra=(dice.choice(_UNKNOWN_COLUMNS),))


def render(table: Table, dice: Random) -> tuple[list[str], Columns, list[str]]:
    """(headings, {column code or extra heading: cells}, their order) as the file will show them, shuffled."""
    style, item = table.style, table.item
    shown: Columns = {}
    headings: dict[str, str] = {}
    for each in item.fields:
        cells = table.columns[each.code]
        if style.drop_empty and not each.required and not any(cells):
            continue
        shown[each.code] = _cells(each, cells, style, dice)
        headings[each.code] = _heading(each, style, dice)
    for name in style.extra:
        shown[name] = [f"{name}{place}" if place % 3 else "" for place in range(table.height)]
        headings[name] = name
    order = list(shown)
    dice.shuffle(order)
    return [headings[code] for code in order], shown, order


def _heading(each: ItemField, style: Style, dice: Random) -> str:
    if style.heading == "code":
        return each.code
    if style.heading == "starred":
        return f"*{each.title}" if each.required else each.title
    if style.heading == "alias" and each.aliases:
        return dice.choice(each.aliases)
    return each.title


def _cells(each: ItemField, cells: list[Cell], style: Style, dice: Random) -> list[Cell]:
    """The cells in the file's spelling of dates and of listed values."""
    if each.kind == "date" and style.format != "xlsx" and style.dates != "{y:04}-{m:02}-{d:02}":
        return [
            _spelled(cell, style.dates) if isinstance(cell, str) and _ISO.fullmatch(cell) else cell for cell in cells
        ]
    if style.aliases_of_values and each.kind == "code":
        spelled: dict[Cell, Cell] = {
            value.value: dice.choice((value.value, *value.aliases)) for value in each.values if value.aliases
        }
        return [spelled.get(cell, cell) for cell in cells]
    return cells


@lru_cache(maxsize=65_536)
def _spelled(text: str, pattern: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:  # 2026-02-30 stays as it is
        return text
    return pattern.format(y=day.year, m=day.month, d=day.day)
