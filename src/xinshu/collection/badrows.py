"""A workbook of the rows that were held back, each with its reasons (xlsxwriter, constant memory).

Every cell is written as text, so that no code loses digits and nothing runs as a formula; column titles are those of
the catalogue. It can be corrected and sent in again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xlsxwriter

from xinshu.catalogue.checks.inspection import NUMBER_MARK, UNCALCULATED
from xinshu.catalogue.domain import CatalogueItem
from xinshu.collection.findings_file import Reasons
from xinshu.collection.marking import LEVEL_COLOURS, LEVEL_WORDS, LONGEST_TEXT, explained
from xinshu.collection.reading import ReadPlan, open_file
from xinshu.collection.reading.shape import REASONS_TITLE, ROW_TITLE

_MOST_ROWS = 1_000_000  # a sheet has 1 048 576
_SHEET = "疑问行"


def write_bad_rows(source: Path, target: Path, plan: ReadPlan, reasons: Reasons) -> tuple[int, int]:
    """Write the workbook: rows written, and rows left out because the sheet was full.

    Raises:
        FileRefused: as `reading.open_file`.
    """
    opened = open_file(source, plan)
    book = xlsxwriter.Workbook(str(target), {"constant_memory": True, "tmpdir": str(target.parent)})
    page = _Page(book, plan.item, reasons)
    try:
        for chunk in opened.chunks:
            wanted = [index for index, row in enumerate(chunk.rows.tolist()) if row in reasons.blocked]
            for index in wanted:
                page.write(int(chunk.rows[index]), chunk.frame.row(index, named=True))
        return page.rows, page.left_out
    finally:
        book.close()


class _Page:
    """The one sheet; its columns are the item's, in the item's order, so that any file's rows fit."""

    def __init__(self, book: Any, item: CatalogueItem, reasons: Reasons) -> None:
        self._reasons = reasons
        self._sheet = book.add_worksheet(_SHEET)
        self._codes = [each.code for each in item.fields]
        text = {"num_format": "@", "quote_prefix": True}
        self._plain = book.add_format(text)
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._filled = {name: book.add_format(text | {"bg_color": f"#{code}"}) for name, code in LEVEL_COLOURS.items()}
        self.rows = self.left_out = 0
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(self._codes), 18, self._plain)
        self._sheet.set_column(len(self._codes) + 1, len(self._codes) + 1, 60)
        titles = [*(each.title for each in item.fields), ROW_TITLE, REASONS_TITLE]
        for column, title in enumerate(titles):
            self._sheet.write_string(0, column, title, bold)

    def write(self, row: int, values: dict[str, str]) -> None:
        """One bad row as it was delivered."""
        if self.rows >= _MOST_ROWS:
            self.left_out += 1
            return
        self.rows += 1
        found = self._reasons.by_row[row]
        levels = {code: [each.level for each in found if each.field == code] for code in {each.field for each in found}}
        for column, code in enumerate(self._codes):
            level = min(levels.get(code, []), key=list(LEVEL_WORDS).index, default="")
            text = values.get(code, "")
            text = "" if text == UNCALCULATED else text.removeprefix(NUMBER_MARK)
            if text or level:
                self._sheet.write_string(self.rows, column, text[:LONGEST_TEXT], self._filled.get(level, self._plain))
        self._sheet.write_number(self.rows, len(self._codes), row)
        self._sheet.write_string(self.rows, len(self._codes) + 1, explained(found), self._wrapped)
