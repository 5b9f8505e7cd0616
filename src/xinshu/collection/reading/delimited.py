"""Text tables (CSV, TSV): decoded to UTF-8 with LF, cut into chunks at record ends, parsed by Polars.

Memory is bounded by the chunk size whatever the file's size. A chunk whose quoting or number of records Polars cannot
account for is parsed again by the csv module, which is slower and misses nothing.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.collection.reading.encoding import csv_records, detect_delimiter, detect_encoding, first_records
from xinshu.collection.reading.records import Layout, lay_out
from xinshu.collection.reading.shape import (
    Heading,
    OpenedFile,
    RawChunk,
    ReadPlan,
    find_heading,
    read_heading,
    title_map,
)

_HEAD_BYTES = 1 << 18
_TAIL_BYTES = 1 << 16
_FEW = 10  # from this share of doubtful records on all are counted together


def open_delimited(path: Path, plan: ReadPlan) -> OpenedFile:
    """Recognise encoding, delimiter and heading of a text table.

    Raises:
        FileRefused: empty file, no known encoding, or as `read_heading`.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \r\n\t\0"):
        raise plan.refuse("file.unreadable", "文件是空的", "请检查导出是否成功后重新上传")
    encoding = detect_encoding(head, plan.item)
    if encoding is None:
        raise plan.refuse("file.unreadable", "认不出文字编码", "请另存为 UTF-8 或 GB18030 编码的 CSV 后重新上传")
    text = next(_texts(path, encoding, _HEAD_BYTES))[0].decode("utf-8", errors="replace")
    delimiter = detect_delimiter(text, plan.item)
    records = first_records(text, delimiter)
    place = find_heading(records, title_map(plan.item))
    heading = read_heading(records[place], plan)
    return OpenedFile(heading.findings, _chunks(path, plan, encoding, delimiter, heading, place))


def _texts(path: Path, encoding: str, size: int) -> Iterator[tuple[bytes, float]]:
    """The file as UTF-8 with LF line ends, block by block, with the share read so far; the last share is 1."""
    decoder = None if encoding in {"utf-8", "utf-8-sig"} else codecs.getincrementaldecoder(encoding)(errors="replace")
    total = max(path.stat().st_size, 1)
    held = b""
    for raw, done in _blocks(path, 3 if encoding == "utf-8-sig" else 0, size):
        block = decoder.decode(raw).encode("utf-8", "replace") if decoder else raw
        if held:
            block, held = held + block, b""
        if block.endswith(b"\r"):  # it may be the first half of a CR LF
            block, held = block[:-1], b"\r"
        yield _line_feeds(block), min(done / total, 0.999)
    rest = held + (decoder.decode(b"", True).encode("utf-8", "replace") if decoder else b"")
    yield _line_feeds(rest) + b"\n", 1.0


def _blocks(path: Path, start: int, size: int) -> Iterator[tuple[bytes, int]]:
    """Blocks of about `size` bytes, ending after a line feed where one is near, with the place reached."""
    with path.open("rb", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        while start < end:
            stop = min(start + size, end)
            if stop < end:
                near = max(start, stop - _TAIL_BYTES)
                line = os.pread(file.fileno(), stop - near, near).rfind(b"\n")
                stop = near + line + 1 if line >= 0 else stop
            yield os.pread(file.fileno(), stop - start, start), stop
            start = stop


def _line_feeds(block: bytes) -> bytes:
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in block else block


def _chunks(
    path: Path, plan: ReadPlan, encoding: str, delimiter: str, heading: Heading, place: int
) -> Iterator[RawChunk]:
    buffer, seen, kept = b"", 0, 0
    most = max(plan.limits.cell_max_chars * 4, plan.limits.chunk_bytes)
    for block, done in _texts(path, encoding, plan.limits.chunk_bytes):
        parsed = _parse(buffer + block if buffer else block, delimiter, len(heading.codes))
        buffer = parsed.rest
        if len(buffer) > most or (buffer.strip() and done >= 1.0):
            raise _unending(lay_out(buffer, delimiter), plan, seen + parsed.frame.height)
        if not parsed.frame.height:
            continue
        chunk = _finish(parsed.frame, parsed.shape, heading, seen, place)
        if parsed.longest > plan.limits.cell_max_chars:
            _refuse_long_cells(chunk, plan)
        seen += parsed.frame.height
        kept += chunk.frame.height
        if kept > plan.limits.max_rows:
            raise plan.refuse("file.limit", f"超过 {plan.limits.max_rows} 行", "请分成几个文件报送")
        yield RawChunk(chunk.frame, chunk.rows, chunk.shape, "", done)


def _unending(layout: Layout, plan: ReadPlan, seen: int) -> Exception:
    opened = layout.open_record
    if opened is None:
        row = seen + len(layout.ends) + 1
        return plan.refuse("file.limit", f"第 {row} 行过长", "请核对换行和分隔符，重新导出")
    return plan.refuse("file.unreadable", f"第 {seen + opened + 1} 行有双引号没有闭合", "请检查该行的双引号")


def _refuse_long_cells(chunk: RawChunk, plan: ReadPlan) -> None:
    most = plan.limits.cell_max_chars
    for values in chunk.frame.get_columns():
        if bool((values.str.len_bytes() > most).any()):
            long = np.flatnonzero((values.str.len_chars() > most).to_numpy())
            if len(long):
                row = int(chunk.rows[long[0]])
                raise plan.refuse("file.limit", f"第 {row} 行有单元格超过 {most} 个字", "请核对引号和换行，重新导出")


def _finish(frame: pl.DataFrame, shape: dict[int, str], heading: Heading, seen: int, place: int) -> RawChunk:
    """Leave out the heading, what stands above it, and blank rows; number the rest."""
    numbers = np.arange(seen + 1, seen + frame.height + 1, dtype=np.int64)
    selected = heading.select(frame)
    if any(values.null_count() for values in selected.get_columns()):
        selected = selected.fill_null("")
    blank = _blank(selected)
    for index in shape:
        blank[index] = False
    if not blank.any() and seen > place:
        return RawChunk(selected, numbers, shape)
    blank |= numbers <= place + 1
    kept = np.flatnonzero(~blank)
    where = {int(old): new for new, old in enumerate(kept.tolist()) if old in shape}
    return RawChunk(
        selected.filter(~blank), numbers[kept], {where[old]: why for old, why in shape.items() if old in where}
    )


def _blank(frame: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Rows without anything in a known column; most often the first columns settle that there is none."""
    blank = np.ones(frame.height, dtype=np.bool_)
    for values in frame.get_columns():
        blank &= (values == "").to_numpy()
        if not blank.any():
            break
    return blank


@dataclass(frozen=True, slots=True)
class _Parsed:
    """The whole records of a text as columns c0…, those with another number of cells than the heading, the bytes of
    the longest record, and what is left of the text after the last record."""

    frame: pl.DataFrame
    shape: dict[int, str]
    longest: int
    rest: bytes


def _parse(text: bytes, delimiter: str, width: int) -> _Parsed:
    layout = lay_out(text, delimiter)
    frame, shape = by_layout(layout, width)
    return _Parsed(frame, shape, layout.longest, text[layout.cut :])


def by_layout(layout: Layout, width: int) -> tuple[pl.DataFrame, dict[int, str]]:
    """The whole records as text columns c0…, and those whose number of cells is not `width`."""
    body = layout.body[: layout.cut]
    if not body or not layout.regular:
        return _carefully(body, layout.delimiter, width)
    try:
        frame = _polars(body, layout.delimiter, width)
    except pl.exceptions.PolarsError:
        return _carefully(body, layout.delimiter, width)
    if frame.height != len(layout.ends):
        return _carefully(body, layout.delimiter, width)
    empty = layout.delimiter.encode()
    shape = {}
    for index, found in _cell_counts(layout, frame, width).items():
        if found != width and layout.record(index).strip(empty):
            shape[index] = _shape(found, width)
    return frame, shape


def _cell_counts(layout: Layout, frame: pl.DataFrame, width: int) -> dict[int, int]:
    """Cells of those records that may have another number of them than `width`, by index.

    A record without quotes and with the right number of cells is as long as its cells, its delimiters and its line feed.
    """
    sizes = frame.select(pl.sum_horizontal(pl.all().str.len_bytes().cast(pl.Int64))).to_series().to_numpy()
    different = sizes + width != layout.sizes
    different[layout.quoted] = True
    doubtful = np.flatnonzero(different)
    if len(doubtful) * _FEW > frame.height:
        counts = layout.counts()
        return dict(zip(doubtful.tolist(), counts[doubtful].tolist(), strict=True))
    records = {index: layout.record(index).decode("utf-8", errors="replace") for index in doubtful.tolist()}
    return {index: len(next(csv_records(text, layout.delimiter), ())) for index, text in records.items()}


def _shape(found: int, width: int) -> str:
    return f"有 {found} 列，表头有 {width} 列"


def _polars(body: bytes, delimiter: str, width: int) -> pl.DataFrame:
    def parse(encoding: Literal["utf8", "utf8-lossy"]) -> pl.DataFrame:
        return pl.read_csv(
            body,
            has_header=False,
            schema={f"c{place}": pl.String for place in range(width)},
            separator=delimiter,
            encoding=encoding,
            empty_string_is_null=False,
            extra_columns="ignore",
            missing_columns="insert",
        )

    try:
        return parse("utf8")
    except pl.exceptions.ComputeError:  # bytes that are not UTF-8: the damaged cells become findings
        return parse("utf8-lossy")


def _carefully(body: bytes, delimiter: str, width: int) -> tuple[pl.DataFrame, dict[int, str]]:
    """The same by the csv module, which takes a stray quote as it stands."""
    text = body.decode("utf-8", errors="replace")
    columns: list[list[str]] = [[] for _ in range(width)]
    shape: dict[int, str] = {}
    for index, cells in enumerate(csv_records(text, delimiter)):
        if len(cells) != width and any(cells):
            shape[index] = _shape(len(cells), width)
        for place, column in enumerate(columns):
            column.append(cells[place] if place < len(cells) else "")
    return pl.DataFrame(
        {f"c{place}": column for place, column in enumerate(columns)},
        schema={f"c{place}": pl.String for place in range(width)},
    ), shape
