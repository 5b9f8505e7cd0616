"""Text tables (CSV, TSV): decoded to UTF-8 with LF, cut into chunks at record ends, parsed by Polars.

Memory is bounded by the chunk size whatever the file's size. A chunk whose quoting or number of records Polars cannot
account for is parsed again by the csv module, which is slower and misses nothing.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np
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
    longest = max(plan.limits.cell_max_chars * 4, plan.limits.chunk_bytes)
    for block, done in _texts(path, encoding, plan.limits.chunk_bytes):
        layout = lay_out(buffer + block if buffer else block, delimiter)
        cut = layout.cut
        buffer = layout.body[cut:]
        if len(buffer) > longest or (buffer.strip() and done >= 1.0):
            raise _unending(layout, plan, seen)
        if not cut:
            continue
        frame, shape = _parse(layout, len(heading.codes))
        chunk = _finish(frame, shape, heading, seen, place)
        _refuse_long_cells(chunk, plan)
        seen += frame.height
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
    selected = heading.select(frame).fill_null("")
    blank = selected.select(pl.all_horizontal(pl.all().str.len_bytes() == 0)).to_series().to_numpy().copy()
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


def _parse(layout: Layout, width: int) -> tuple[pl.DataFrame, dict[int, str]]:
    """The whole records as text columns c0…, and those whose number of cells is not `width`."""
    body = layout.body[: layout.cut]
    if not layout.regular:
        return _carefully(body, layout.delimiter, width)
    with ThreadPoolExecutor(1) as other:
        counting = other.submit(layout.counts)
        try:
            frame = _polars(body, layout.delimiter, width)
        except pl.exceptions.PolarsError:
            return _carefully(body, layout.delimiter, width)
        counts = counting.result()
    if frame.height != len(counts):
        return _carefully(body, layout.delimiter, width)
    wrong = np.flatnonzero(counts != width).tolist()
    empty = layout.delimiter.encode()
    return frame, {index: _shape(int(counts[index]), width) for index in wrong if layout.record(index).strip(empty)}


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
