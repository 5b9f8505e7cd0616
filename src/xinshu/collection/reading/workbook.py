"""Workbooks (XLSX): typed cells, so that a code stored as a number is seen; heading under title rows.

The whole sheet is loaded; its size is bounded by the checks of `safety` and by the memory limit of the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import python_calamine as calamine

from xinshu.catalogue.checks.inspection import NUMBER_MARK, as_cell_text
from xinshu.collection.reading.safety import check_workbook
from xinshu.collection.reading.shape import (
    HEADING_ROWS,
    Heading,
    OpenedFile,
    RawChunk,
    ReadPlan,
    count_known,
    find_heading,
    read_heading,
    title_map,
)

LONG_NUMBER = 1e11  # twelve digits and more: a code stored as a number
_CHUNK_ROWS = 20_000

Cell = int | float | str | bool | time | date | datetime | timedelta
_Row = list[Cell]


def open_workbook(path: Path, plan: ReadPlan) -> OpenedFile:
    """Recognise sheet and heading of a workbook: the visible sheet whose first rows hold most headings.

    Raises:
        FileRefused: unsafe or damaged archive, no sheet, or as `read_heading`.
    """
    check_workbook(path, plan)
    try:
        with calamine.load_workbook(str(path)) as workbook:
            visible = [
                each.name
                for each in workbook.sheets_metadata
                if each.visible == calamine.SheetVisibleEnum.Visible and each.typ == calamine.SheetTypeEnum.WorkSheet
            ]
            sheets = {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in visible}
    except calamine.PasswordError as problem:
        raise plan.refuse("file.unsafe", "工作簿已加密", "请去掉密码后上传") from problem
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError) as problem:
        raise plan.refuse("file.unreadable", "工作簿损坏或不完整", "请重新导出后上传") from problem
    known = title_map(plan.item)
    scores = {
        name: max((count_known(_texts(row), known) for row in rows[:HEADING_ROWS]), default=0)
        for name, rows in sheets.items()
    }
    if not scores:
        raise plan.refuse("file.unreadable", "工作簿中没有可见的工作表", "请取消隐藏后重新上传")
    name = max(scores, key=lambda each: scores[each])
    rows = sheets[name]
    if not rows:
        raise plan.refuse("file.unreadable", "工作表是空的", "请检查导出是否成功后重新上传")
    place = find_heading([_texts(row) for row in rows[:HEADING_ROWS]], known)
    heading = read_heading(_texts(rows[place]), plan, sheet=name)
    if len(rows) - place - 1 > plan.limits.max_rows:
        raise plan.refuse("file.limit", f"超过 {plan.limits.max_rows} 行", "请分成几个文件报送")
    return OpenedFile(heading.findings, _chunks(rows, place, heading, name))


def _texts(row: _Row) -> list[str]:
    return [as_cell_text(cell) for cell in row]


def cell_text(cell: Cell) -> str:
    """One cell as text; a whole number of twelve digits and more keeps the mark of having been a number."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) >= LONG_NUMBER:
        return NUMBER_MARK + (f"{cell:.0f}" if float(cell).is_integer() else repr(cell))
    return as_cell_text(cell)


def _chunks(rows: list[_Row], place: int, heading: Heading, sheet: str) -> Iterator[RawChunk]:
    wanted = [(column, code) for column, code in enumerate(heading.codes) if code is not None]
    for start in range(place + 1, len(rows), _CHUNK_ROWS):
        part = rows[start : start + _CHUNK_ROWS]
        kept = [index for index, row in enumerate(part) if any(cell != "" for cell in row)]
        frame = pl.DataFrame(
            {code: [cell_text(part[index][column]) for index in kept] for column, code in wanted},
            schema={code: pl.String for _, code in wanted},
        )
        numbers = np.asarray(kept, dtype=np.int64) + start + 1
        yield RawChunk(frame, numbers, {}, sheet, min((start + len(part)) / len(rows), 1.0))
