"""Workbooks (XLSX): typed cells, so that a code stored as a number is seen; heading under title rows.

The whole sheet is loaded; its size is bounded by the checks of `safety` and by the memory limit of the process.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
import python_calamine as calamine

from xinshu.catalogue.checks.inspection import NUMBER_MARK, as_cell_text
from xinshu.catalogue.domain import FieldKind
from xinshu.collection.reading.safety import check_workbook
from xinshu.collection.reading.shape import (
    ALWAYS_TEXT,
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

LONG_NUMBER = 10**11  # twelve digits and more: a code stored as a number
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
        sheet = _best_sheet(path, plan)
    except calamine.PasswordError as problem:
        raise plan.refuse("file.unsafe", "工作簿已加密", "请去掉密码后上传") from problem
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError) as problem:
        raise plan.refuse("file.unreadable", "工作簿损坏或不完整", "请重新导出后上传") from problem
    if sheet is None:
        raise plan.refuse("file.unreadable", "工作簿中没有可见的工作表", "请取消隐藏后重新上传")
    first = [_texts(row) for row in islice(sheet.iter_rows(), HEADING_ROWS)]
    if not first:
        raise plan.refuse("file.unreadable", "工作表是空的", "请检查导出是否成功后重新上传")
    place = find_heading(first, title_map(plan.item))
    heading = read_heading(first[place], plan, sheet=sheet.name)
    return OpenedFile(heading.findings, _chunks(sheet, place, heading, plan))


def _best_sheet(path: Path, plan: ReadPlan) -> calamine.CalamineSheet | None:
    """The visible sheet with most headings, the first of equals; only it is kept in memory."""
    known = title_map(plan.item)
    best: tuple[int, calamine.CalamineSheet] | None = None
    # By content, not by name: calamine would believe the name.
    with calamine.load_workbook(io.BytesIO(path.read_bytes())) as workbook:
        for each in workbook.sheets_metadata:
            if each.visible != calamine.SheetVisibleEnum.Visible or each.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(each.name)
            score = max((count_known(_texts(row), known) for row in islice(sheet.iter_rows(), HEADING_ROWS)), default=0)
            if best is None or score > best[0]:
                best = (score, sheet)
    return best[1] if best else None


def _texts(row: _Row) -> list[str]:
    return [as_cell_text(cell) for cell in row]


def cell_text(cell: Cell, kind: FieldKind) -> str:
    """One cell as text. A code stored as a number keeps the mark of it: any in a credit code or id number, elsewhere a
    whole number of twelve digits and more. A date column takes the day of a moment."""
    if isinstance(cell, datetime) and kind == "date":
        return cell.date().isoformat()
    if (
        isinstance(cell, (int, float))
        and not isinstance(cell, bool)
        and (kind in ALWAYS_TEXT or abs(cell) >= LONG_NUMBER)
    ):
        return NUMBER_MARK + (f"{cell:.0f}" if float(cell).is_integer() else repr(cell))
    return as_cell_text(cell)


def _chunks(sheet: calamine.CalamineSheet, place: int, heading: Heading, plan: ReadPlan) -> Iterator[RawChunk]:
    wanted = [
        (column, code, plan.item.field(code).kind) for column, code in enumerate(heading.codes) if code is not None
    ]
    rows = islice(sheet.iter_rows(), place + 1, None)
    start, kept_before, total = place + 1, 0, max(sheet.total_height, 1)
    while part := list(islice(rows, _CHUNK_ROWS)):
        kept = [index for index, row in enumerate(part) if any(cell != "" for cell in row)]
        kept_before += len(kept)
        if kept_before > plan.limits.max_rows:
            raise plan.refuse("file.limit", f"超过 {plan.limits.max_rows} 行", "请分成几个文件报送")
        frame = pl.DataFrame(
            {code: [cell_text(part[index][column], kind) for index in kept] for column, code, kind in wanted},
            schema={code: pl.String for _, code, _ in wanted},
        )
        numbers = np.asarray(kept, dtype=np.int64) + start + 1
        start += len(part)
        yield RawChunk(frame, numbers, {}, sheet.name, min(start / total, 1.0))
