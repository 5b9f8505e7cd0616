"""Tables into files: CSV in several encodings, workbooks with typed cells, JSON Lines, Parquet. The same table, the same bytes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from random import Random

import polars as pl
import xlsxwriter

from xinshu.demo.domain import Cell, Columns, Table
from xinshu.demo.styles import render

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CREATED = datetime(2026, 1, 1)  # noqa: DTZ001 - workbooks know no time zones; fixed, so that bytes repeat
_BOMS = {"utf-16": b"\xff\xfe", "utf-8-sig": b"\xef\xbb\xbf"}


def write_table(table: Table, folder: Path, dice: Random) -> Path:
    """Write one table in its style and return the path."""
    headings, columns, order = render(table, dice)
    path = folder / table.file
    if table.style.format == "csv":
        _write_csv(path, table, headings, columns, order)
    elif table.style.format == "xlsx":
        _write_workbook(path, table, headings, columns, order)
    elif table.style.format == "parquet":
        _write_parquet(path, table, headings, columns, order)
    else:
        _write_json_lines(path, table, headings, columns, order)
    return path


def _write_csv(path: Path, table: Table, headings: list[str], columns: Columns, order: list[str]) -> None:
    style = table.style
    parts = [csv_line(headings, style.delimiter, style.line_end), *csv_records(replace(table, columns=columns), order)]
    codec = "utf-16-le" if style.encoding == "utf-16" else style.encoding.removesuffix("-sig")
    with path.open("wb") as file:
        file.write(_BOMS.get(style.encoding, b""))
        for part in parts:
            file.write(part.encode(codec))


def csv_records(table: Table, order: list[str]) -> Iterator[str]:
    """The records of a text table as text, piece by piece; misshapen rows with a cell more or less."""
    style = table.style
    frame = pl.DataFrame(
        {str(place): pl.Series(table.columns[code], dtype=pl.String) for place, code in enumerate(order)}
    ).select(pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep())
    start = 0
    for index in sorted(table.misshapen):
        yield _body(frame[start:index], style.delimiter, style.line_end)
        cells = [cell or "" for cell in frame.row(index)]
        cells = [*cells, ""] if table.misshapen[index] > 0 else cells[:-1]
        yield csv_line(cells, style.delimiter, style.line_end)
        start = index + 1
    yield _body(frame[start:], style.delimiter, style.line_end)


def csv_line(cells: list[str], delimiter: str, line_end: str) -> str:
    """One record of a text table."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator=line_end).writerow(cells)
    return line.getvalue()


def _body(frame: pl.DataFrame, delimiter: str, line_end: str) -> str:
    if not frame.height:
        return ""
    return frame.write_csv(include_header=False, separator=delimiter, line_terminator=line_end)


def _write_workbook(path: Path, table: Table, headings: list[str], columns: Columns, order: list[str]) -> None:
    style, item = table.style, table.item
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as workbook:
        workbook.set_properties({"title": item.title, "author": table.supplier.name, "created": _CREATED})
        day = workbook.add_format({"num_format": "yyyy/m/d"})
        sheet = workbook.add_worksheet(item.title[:31])
        for place, title in enumerate(
            (f"{item.title}信息报送表", f"填报单位：{table.supplier.name}")[: style.title_rows]
        ):
            sheet.write_string(place, 0, title)
        for place, heading in enumerate(headings):
            sheet.write_string(style.title_rows, place, heading)
        typed = [_typed(columns[code], item.by_code[code].kind if code in item.by_code else "text") for code in order]
        string, number, moment = sheet.write_string, sheet.write_number, sheet.write_datetime
        for row, cells in enumerate(zip(*typed, strict=True), start=style.title_rows + 1):
            for place, cell in enumerate(cells):
                if cell.__class__ is str:
                    if cell:
                        string(row, place, cell)
                elif isinstance(cell, date):
                    moment(row, place, cell, day)
                else:
                    number(row, place, cell)


def _typed(cells: list[Cell], kind: str) -> list[Cell | float | date]:
    """Cells of a workbook: real dates and numbers where the text is a good one; everything else stays text."""
    if kind == "date":
        days = {cell: _day(cell) for cell in set(cells) if isinstance(cell, str)}
        return [days[cell] if isinstance(cell, str) else cell for cell in cells]
    if kind in ("amount", "number", "year"):
        return [float(cell) if isinstance(cell, str) and _NUMBER.fullmatch(cell) else cell for cell in cells]
    return list(cells)


def _day(text: str) -> str | date:
    if not _ISO.fullmatch(text):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _write_parquet(path: Path, table: Table, headings: list[str], columns: Columns, order: list[str]) -> None:
    """Dates and numbers typed where the whole column is good, as a database exports them; text elsewhere."""
    item = table.item
    series = []
    for heading, code in zip(headings, order, strict=True):
        typed = _typed(columns[code], item.by_code[code].kind if code in item.by_code else "text")
        cells = [None if cell == "" else cell for cell in typed]
        if any(isinstance(cell, str) for cell in cells):
            cells = [None if cell == "" else str(cell) for cell in columns[code]]
        series.append(pl.Series(heading, cells, dtype=None if any(cell is not None for cell in cells) else pl.String))
    pl.DataFrame(series).write_parquet(path)


def _write_json_lines(path: Path, table: Table, headings: list[str], columns: Columns, order: list[str]) -> None:
    item = table.item
    numeric = {code for code in order if code in item.by_code and item.field(code).kind in ("amount", "number")}
    shown = [
        [_json_number(cell) for cell in columns[code]] if code in numeric else [cell or None for cell in columns[code]]
        for code in order
    ]
    encode = json.JSONEncoder(ensure_ascii=False).encode
    lines = []
    for place, cells in enumerate(zip(*shown, strict=True)):
        record: dict[str, object] = dict(zip(headings, cells, strict=True))
        if place in table.misshapen:
            record[headings[0]] = {"值": record[headings[0]]}
        lines.append(encode(record))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _json_number(cell: Cell) -> Cell | float | None:
    if not isinstance(cell, str) or not cell:
        return cell or None
    if not _NUMBER.fullmatch(cell):
        return cell
    return float(cell) if "." in cell else int(cell)
