"""Workbooks (XLSX, XLS, ODS): typed cells, so that a code stored as a number is seen; heading under title rows.

One sheet is read: the visible one whose first rows hold most headings. Others are named in a finding, and left. Error
values (by their names) and formulas without a result (`UNCALCULATED`) arrive as texts that are findings, never as empty
cells. The whole sheet is loaded; its size is bounded by the checks of `safety` and by the memory limit of the process.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl
import python_calamine as calamine

from xinshu.catalogue.checks.inspection import NUMBER_MARK, as_cell_text
from xinshu.catalogue.domain import FieldKind
from xinshu.catalogue.rulebook import Finding, make_finding, printable
from xinshu.catalogue.template import EXAMPLE_SHEET, GUIDE_SHEET, LISTS_SHEET
from xinshu.collection.reading.biff import check_biff
from xinshu.collection.reading.mending import mended_ods, mended_xlsx
from xinshu.collection.reading.opendocument import check_document
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
from xinshu.kernel.cells import Cells

LONG_NUMBER = 10**11  # twelve digits and more: a code stored as a number
_CHUNK_ROWS = 20_000
_FORM_SHEETS = frozenset({EXAMPLE_SHEET, GUIDE_SHEET, LISTS_SHEET})  # of our own form, never read
_NAMES = 10  # sheets named in a finding

Cell = int | float | str | bool | time | date | datetime | timedelta
_Row = list[Cell]
_Errors = Mapping[tuple[int, int], str]  # {(0-based row, column): name of the error value}


@dataclass(frozen=True, slots=True)
class Located:
    """Where a workbook's rows are: sheet name, 0-based row of the heading, code of each column, rows of the sheet."""

    sheet: str
    place: int
    codes: tuple[str | None, ...]
    height: int


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The sheet that is read, and the names of those that are not."""

    sheet: calamine.CalamineSheet
    errors: _Errors
    unread: tuple[str, ...]


@dataclass(slots=True)
class _Book:
    """A workbook that may be parsed. `errors`: error values of each sheet where they are not in the cells."""

    content: BinaryIO
    errors: list[_Errors] = field(default_factory=list)


def open_xlsx(path: Path, plan: ReadPlan) -> OpenedFile:
    """Recognise sheet and heading of an XLSX workbook.

    Raises:
        FileRefused: unsafe or damaged archive, no sheet, or as `read_heading`.
    """
    return _open(_xlsx(path, plan), plan)


def open_ods(path: Path, plan: ReadPlan) -> OpenedFile:
    """As `open_xlsx`, for ODS."""
    check_document(path, plan)
    return _open(_Book(mended_ods(path)), plan)


def open_xls(path: Path, plan: ReadPlan) -> OpenedFile:
    """As `open_xlsx`, for XLS (Excel 97-2003)."""
    if path.stat().st_size > plan.limits.max_unpacked_bytes:
        raise plan.refuse("file.limit", "工作簿过大", "请分成几个文件，或改用 CSV")
    content = path.read_bytes()
    sheets = check_biff(content, plan)
    return _open(_Book(io.BytesIO(content), [each.errors for each in sheets]), plan)


def locate(path: Path, plan: ReadPlan) -> Located:
    """Where the rows of an XLSX workbook are. Raises as `open_xlsx`."""
    chosen, place, heading = _head(_xlsx(path, plan), plan)
    return Located(chosen.sheet.name, place, heading.codes, chosen.sheet.total_height)


def _xlsx(path: Path, plan: ReadPlan) -> _Book:
    check_workbook(path, plan)
    return _Book(mended_xlsx(path))


def _open(book: _Book, plan: ReadPlan) -> OpenedFile:
    chosen, place, heading = _head(book, plan)
    findings = (*heading.findings, *_unread(chosen, plan))
    return OpenedFile(findings, _chunks(chosen, place, heading, plan))


def _head(book: _Book, plan: ReadPlan) -> tuple[_Chosen, int, Heading]:
    with _parsing(plan):
        chosen = _best_sheet(book, plan)
    if chosen is None:
        raise plan.refuse("file.unreadable", "工作簿中没有可见的工作表", "请取消隐藏后重新上传")
    first = [_texts(row) for row in islice(chosen.sheet.iter_rows(), HEADING_ROWS)]
    if not first:
        raise plan.refuse("file.unreadable", "工作表是空的", "请检查导出是否成功后重新上传")
    place = find_heading(first, title_map(plan.item))
    return chosen, place, read_heading(first[place], plan, sheet=chosen.sheet.name)


@contextmanager
def _parsing(plan: ReadPlan) -> Iterator[None]:
    """What the parser says of a workbook it cannot read is a refusal, a fault of its own (Rust's panic) too."""
    try:
        yield
    except calamine.PasswordError as problem:
        raise plan.refuse("file.unsafe", "工作簿已加密", "请去掉密码后上传") from problem
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError, OSError, ValueError) as problem:
        raise plan.refuse("file.unreadable", "工作簿损坏或不完整", "请重新导出后上传") from problem
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":
            raise
        raise plan.refuse("file.unreadable", "工作簿损坏或不完整", "请重新导出后上传") from problem


def _best_sheet(book: _Book, plan: ReadPlan) -> _Chosen | None:
    """The visible sheet with most headings, the first of equals; only it is kept in memory."""
    known = title_map(plan.item)
    best: tuple[int, int, calamine.CalamineSheet] | None = None
    unread: dict[int, str] = {}
    with calamine.load_workbook(book.content) as workbook:  # by content, not by name: calamine would believe the name
        for number, each in enumerate(workbook.sheets_metadata):
            if each.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            if each.visible != calamine.SheetVisibleEnum.Visible:
                if each.name not in _FORM_SHEETS:
                    unread[number] = f"{each.name}（隐藏）"
                continue
            sheet = workbook.get_sheet_by_index(number)
            score = max((count_known(_texts(row), known) for row in islice(sheet.iter_rows(), HEADING_ROWS)), default=0)
            if sheet.total_height and each.name not in _FORM_SHEETS:
                unread[number] = each.name
            if best is None or score > best[0]:
                best = (score, number, sheet)
    if best is None:
        return None
    _, place, sheet = best
    names = tuple(name for number, name in unread.items() if number != place)
    return _Chosen(sheet, book.errors[place] if place < len(book.errors) else {}, names)


def _unread(chosen: _Chosen, plan: ReadPlan) -> tuple[Finding, ...]:
    if not chosen.unread:
        return ()
    names = printable("、".join(name[:40] for name in chosen.unread[:_NAMES]))
    names += f" 等 {len(chosen.unread)} 个" if len(chosen.unread) > _NAMES else ""
    sheet = chosen.sheet.name
    return (make_finding("sheet.unread", row=0, file=plan.file, sheet=sheet, names=names, found=printable(sheet)),)


def _texts(row: _Row) -> list[str]:
    return [as_cell_text(cell) for cell in row]


def cell_text(cell: Cell, kind: FieldKind) -> str:
    """One cell as text. A code stored as a number keeps the mark of it: any in a credit code or id number, elsewhere a
    whole number of twelve digits and more. A date column takes the day of a moment."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, datetime) and kind == "date":
        return cell.date().isoformat()
    if (
        isinstance(cell, (int, float))
        and not isinstance(cell, bool)
        and (kind in ALWAYS_TEXT or abs(cell) >= LONG_NUMBER)
    ):
        return NUMBER_MARK + (f"{cell:.0f}" if float(cell).is_integer() else repr(cell))
    return as_cell_text(cell)


def _chunks(chosen: _Chosen, place: int, heading: Heading, plan: ReadPlan) -> Iterator[RawChunk]:
    sheet = chosen.sheet
    wanted = [
        (column, code, plan.item.field(code).kind) for column, code in enumerate(heading.codes) if code is not None
    ]
    rows = islice(sheet.iter_rows(), place + 1, None)
    start, kept_before, total = place + 1, 0, max(sheet.total_height, 1)
    while part := list(islice(rows, _CHUNK_ROWS)):
        _put_errors(part, start, chosen.errors)
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
        yield RawChunk(Cells.of(frame), numbers, {}, sheet.name, min(start / total, 1.0))


def _put_errors(part: list[_Row], start: int, errors: _Errors) -> None:
    """Error values that the parser read as empty, in their places; `start` is the 0-based row of the first."""
    for (row, column), name in errors.items():
        if start <= row < start + len(part) and column < len(part[row - start]):
            part[row - start][column] = name
