"""The supplier's own workbook with its bad cells filled and commented and a last column 问题说明 (openpyxl).

What openpyxl cannot keep (pictures in cells, some extensions of newer programs) is lost in the copy; the supplier still
has the original. A text that looks like a formula stays a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from xinshu.collection.findings_file import Reason, Reasons
from xinshu.collection.reading.shape import REASONS_TITLE, title_key
from xinshu.collection.reading.workbook import Located

LEVEL_WORDS = {"error": "错误", "doubt": "疑问", "warning": "提醒"}
LEVEL_COLOURS = {"error": "FFC7CE", "doubt": "FFEB9C", "warning": "DDEBF7"}
LONGEST_TEXT = 32_000  # characters; a cell takes 32 767
_AUTHOR = "信枢"
_MOST_COMMENTS = 5_000  # a spreadsheet program opens a workbook with many more slowly
_WIDTH = 60
_COMMENT_WIDTH, _COMMENT_HEIGHT = 320, 120


def mark_workbook(source: Path, target: Path, where: Located, reasons: Reasons) -> int:
    """Write the marked workbook; the number of rows that have a reason."""
    with source.open("rb") as file:  # by content: openpyxl refuses a name it does not know
        book = load_workbook(file, keep_links=False)
    sheet = book[where.sheet]
    column = _reasons_column(sheet, where)
    _unmark(sheet, where, column)
    _head(sheet, where, column, reasons)
    marker = _Marker(sheet, {code: place for place, code in enumerate(where.codes, start=1) if code is not None})
    for row, found in sorted(reasons.by_row.items()):
        marker.mark(row, found)
        _write(sheet, row, column, explained(found), Alignment(wrap_text=True, vertical="top"))
    book.active = book.index(sheet)
    book.save(target)
    return len(reasons.by_row)


def explained(found: Sequence[Reason]) -> str:
    """The reasons of one row as its cell has them, the graver first."""
    order = list(LEVEL_WORDS)
    ranked = sorted(found, key=lambda each: order.index(each.level))
    text = "\n".join(f"{LEVEL_WORDS[each.level]}：{each.text}" for each in ranked)
    return ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST_TEXT]


def _reasons_column(sheet: Worksheet, where: Located) -> int:
    """The 1-based column of an earlier 问题说明, or the first one after everything that is there."""
    heading = next(sheet.iter_rows(min_row=where.place + 1, max_row=where.place + 1, values_only=True), ())
    for place, text in enumerate(heading, start=1):
        if isinstance(text, str) and title_key(text) == title_key(REASONS_TITLE):
            return place
    filled = [
        place
        for row in sheet.iter_rows(values_only=True)
        for place, value in enumerate(row, start=1)
        if value is not None
    ]
    return max(filled, default=0) + 1


def _unmark(sheet: Worksheet, where: Located, column: int) -> None:
    """Take away what an earlier marking left."""
    for row in sheet.iter_rows(min_row=where.place + 1):
        for cell in row:
            if cell.comment is not None and cell.comment.author == _AUTHOR:
                cell.comment = None
                cell.fill = PatternFill()
    for row in sheet.iter_rows(min_row=where.place + 1, min_col=column, max_col=column):
        for cell in row:
            if not isinstance(cell, MergedCell):
                cell.value = None


def _head(sheet: Worksheet, where: Located, column: int, reasons: Reasons) -> None:
    _write(sheet, where.place + 1, column, REASONS_TITLE, Alignment(vertical="top"))
    cell = sheet.cell(where.place + 1, column)
    cell.font = Font(bold=True)
    sheet.column_dimensions[get_column_letter(column)].width = _WIDTH
    if reasons.of_file:
        cell.comment = _comment(reasons.of_file)


def _write(sheet: Worksheet, row: int, column: int, text: str, alignment: Alignment) -> None:
    cell: Any = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        return
    cell.value = text
    cell.data_type = "s"
    cell.alignment = alignment


def _comment(found: Sequence[Reason], before: str = "") -> Comment:
    text = explained(found)
    text = f"{before}\n{text}" if before else text
    return Comment(text, _AUTHOR, width=_COMMENT_WIDTH, height=_COMMENT_HEIGHT)


@dataclass(slots=True)
class _Marker:
    """Fills and comments cells. `columns`: 1-based column of each column code."""

    sheet: Worksheet
    columns: dict[str, int]
    comments: int = 0

    def mark(self, row: int, found: Sequence[Reason]) -> None:
        """The cells of one row that have a finding; a gravest level gives the colour."""
        by_field: dict[str, list[Reason]] = {}
        for each in found:
            if each.field in self.columns:
                by_field.setdefault(each.field, []).append(each)
        for code, reasons in by_field.items():
            cell: Any = self.sheet.cell(row, self.columns[code])
            level = min((each.level for each in reasons), key=list(LEVEL_WORDS).index)
            cell.fill = PatternFill("solid", fgColor=LEVEL_COLOURS[level])
            if self.comments < _MOST_COMMENTS and not isinstance(cell, MergedCell):
                before = cell.comment.text if cell.comment is not None else ""
                cell.comment = _comment(reasons, before)
                self.comments += 1
