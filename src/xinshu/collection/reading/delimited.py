"""Text tables (CSV, TSV): decoded to UTF-8 with LF, cut into chunks at record ends, taken as cells where they lie.

Memory is bounded by the chunk size whatever the file's size. A chunk whose quoting departs from RFC 4180 is parsed by
the csv module, which is slower and misses nothing.
"""

from __future__ import annotations

import codecs
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from xinshu.collection.reading.encoding import csv_records, detect_delimiter, detect_encoding, first_records
from xinshu.collection.reading.records import Layout, Survey, halve_quotes, is_utf8, lay_out, padded, survey
from xinshu.collection.reading.shape import (
    Heading,
    OpenedFile,
    RawChunk,
    ReadPlan,
    find_heading,
    read_heading,
    title_map,
)
from xinshu.kernel.cells import PADDING, Bytes, Cells

_HEAD_BYTES = 1 << 18
_SMALL_PART = 4  # the first and the last blocks are that much smaller: all who work on them begin soon and end together
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
    text = next(_texts(path, encoding, _HEAD_BYTES))[0][:-PADDING].tobytes().decode("utf-8", errors="replace")
    delimiter = detect_delimiter(text, plan.item)
    records = first_records(text, delimiter)
    place = find_heading(records, title_map(plan.item))
    heading = read_heading(records[place], plan)
    return OpenedFile(heading.findings, _chunks(path, plan, encoding, delimiter, heading, place))


def _texts(path: Path, encoding: str, size: int) -> Iterator[tuple[Bytes, Survey, float]]:
    """The file as UTF-8 with LF line ends, block by block, each padded, with the share read so far; the last share is 1."""
    decoder = None if encoding in {"utf-8", "utf-8-sig"} else codecs.getincrementaldecoder(encoding)(errors="replace")
    total = max(path.stat().st_size, 1)
    held = b""
    for raw, surveyed, done in _blocks(path, 3 if encoding == "utf-8-sig" else 0, size):
        share = min(done / total, 0.999)
        if decoder is None and not held and not surveyed.returns:
            yield raw, surveyed, share
            continue
        block = raw[:-PADDING].tobytes()
        block = held + (decoder.decode(block).encode("utf-8", "replace") if decoder else block)
        held = b"\r" if block.endswith(b"\r") else b""  # it may be the first half of a CR LF
        yield *_surveyed(_line_feeds(block[: len(block) - len(held)])), share
    rest = held + (decoder.decode(b"", True).encode("utf-8", "replace") if decoder else b"")
    yield *_surveyed(_line_feeds(rest) + b"\n"), 1.0


def _surveyed(*parts: bytes) -> tuple[Bytes, Survey]:
    text = padded(*parts)
    return text, Survey.of(text)


def _blocks(path: Path, start: int, size: int) -> Iterator[tuple[Bytes, Survey, int]]:
    """Padded blocks of about `size` bytes, ending after a line feed where one is near, with the place reached."""
    with path.open("rb", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        part = small = max(size // _SMALL_PART, 1)
        while start < end:
            stop = min(start + part, end)
            part = min(size, 2 * part, max((end - stop) // 2, small))
            if stop < end:
                near = max(start, stop - _TAIL_BYTES)
                line = os.pread(file.fileno(), stop - near, near).rfind(b"\n")
                stop = near + line + 1 if line >= 0 else stop
            yield *_block(file.fileno(), start, stop), stop
            start = stop


def _block(file: int, start: int, stop: int) -> tuple[Bytes, Survey]:
    """These bytes of a file; fewer when it has become shorter meanwhile."""
    block = _mapped(file, start, stop)
    if block is None:
        block = np.zeros(stop - start + PADDING, dtype=np.uint8)
        got = os.preadv(file, [block[: stop - start].data], start)
        block = block[: got + PADDING]
    size = len(block) - PADDING
    return block, Survey(*survey(block, 0, size)).ended(block, size)


def _mapped(file: int, start: int, stop: int) -> Bytes | None:
    """The bytes where the system keeps them, with those that follow as padding; None where they cannot be had so. Copying
    a file costs more than most questions about it (docs/decisions/0015). A file that is cut short now ends the process."""
    page = start - start % mmap.ALLOCATIONGRANULARITY
    try:
        kept = mmap.mmap(file, stop + PADDING - page, access=mmap.ACCESS_COPY, offset=page)
    except (OSError, ValueError):  # no such file system; the end of the file
        return None
    return np.frombuffer(kept, dtype=np.uint8)[start - page :]


def _line_feeds(block: bytes) -> bytes:
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in block else block


def _chunks(
    path: Path, plan: ReadPlan, encoding: str, delimiter: str, heading: Heading, place: int
) -> Iterator[RawChunk]:
    rest, seen, kept = b"", 0, 0
    most = max(plan.limits.cell_max_chars * 4, plan.limits.chunk_bytes)
    for block, surveyed, done in _texts(path, encoding, plan.limits.chunk_bytes):
        text, whole = _surveyed(rest, block[:-PADDING].tobytes()) if rest else (block, surveyed)
        layout = _lay_out(text, whole, delimiter, len(heading.codes))
        rest = layout.rest
        if len(rest) > most or (rest.strip() and done >= 1.0):
            raise _unending(layout, plan, seen)
        if not layout.height:
            continue
        chunk = _finish(columns_of(layout, delimiter, heading), seen, place)
        if layout.longest > plan.limits.cell_max_chars:
            _refuse_long_cells(chunk, plan)
        seen += layout.height
        kept += chunk.cells.height
        if kept > plan.limits.max_rows:
            raise plan.refuse("file.limit", f"超过 {plan.limits.max_rows} 行", "请分成几个文件报送")
        yield replace(chunk, done=done)


def _lay_out(buffer: Bytes, surveyed: Survey, delimiter: str, width: int) -> Layout:
    """The records of a text; bytes that are not UTF-8 become U+FFFD first, and then findings."""
    layout = lay_out(buffer, delimiter, width, surveyed)
    if surveyed.well_formed or is_utf8(buffer, layout.cut):
        return layout
    text = buffer[: len(buffer) - PADDING].tobytes()
    mended = text[: layout.cut].decode("utf-8", "replace").encode()
    return lay_out(padded(mended, text[layout.cut :]), delimiter, width)


def _unending(layout: Layout, plan: ReadPlan, seen: int) -> Exception:
    if layout.open_record < 0:
        row = seen + layout.height + 1
        return plan.refuse("file.limit", f"第 {row} 行过长", "请核对换行和分隔符，重新导出")
    row = seen + layout.open_record + 1
    return plan.refuse("file.unreadable", f"第 {row} 行有双引号没有闭合", "请检查该行的双引号")


def _refuse_long_cells(chunk: RawChunk, plan: ReadPlan) -> None:
    most = plan.limits.cell_max_chars
    for values in chunk.frame.get_columns():
        if bool((values.str.len_bytes() > most).any()):
            long = np.flatnonzero((values.str.len_chars() > most).to_numpy())
            if len(long):
                row = int(chunk.rows[long[0]])
                raise plan.refuse("file.limit", f"第 {row} 行有单元格超过 {most} 个字", "请核对引号和换行，重新导出")


@dataclass(frozen=True, slots=True)
class Columns:
    """The records of a chunk by known column, and what is wrong with the number of cells of some, by index."""

    cells: Cells
    shape: dict[int, str]


def columns_of(layout: Layout, delimiter: str, heading: Heading) -> Columns:
    """The known columns of the records; to be asked once of a layout."""
    if not layout.regular:
        return _carefully(layout, delimiter, heading)
    width = len(heading.codes)
    shape = {
        index: _shape(int(layout.counts[index]), width)
        for index in np.flatnonzero(layout.counts != width).tolist()
        if layout.sizes[:, index].any() or _has_text(layout.record(index), delimiter)
    }
    if layout.doubled:
        halve_quotes(layout.buffer, layout.starts, layout.sizes)
    columns = heading.known
    starts, sizes = layout.starts, layout.sizes
    places = list(columns.values())
    if places != list(range(width)):
        starts, sizes = starts[places], sizes[places]
    return Columns(Cells(tuple(columns), layout.buffer, starts, sizes, layout.ends), shape)


def _has_text(record: bytes, delimiter: str) -> bool:
    """Whether any cell of a record is filled, if only with a quote."""
    return bool(record.strip(delimiter.encode() + b'"')) or b'""""' in record


def _shape(found: int, width: int) -> str:
    return f"有 {found} 列，表头有 {width} 列"


def _carefully(layout: Layout, delimiter: str, heading: Heading) -> Columns:
    """The same by the csv module, which takes a stray quote as it stands."""
    text = layout.buffer[: layout.cut].tobytes().decode("utf-8", errors="replace")
    columns, width = heading.known, len(heading.codes)
    values: dict[str, list[str]] = {code: [] for code in columns}
    shape: dict[int, str] = {}
    for index, record in enumerate(csv_records(text, delimiter)):
        if len(record) != width and any(record):
            shape[index] = _shape(len(record), width)
        for code, place in columns.items():
            values[code].append(record[place] if place < len(record) else "")
    return Columns(Cells.of(pl.DataFrame(values, schema=dict.fromkeys(columns, pl.String))), shape)


def _finish(columns: Columns, seen: int, place: int) -> RawChunk:
    """Leave out the heading, what stands above it, and blank rows; number the rest."""
    cells, shape = columns.cells, columns.shape
    numbers = np.arange(seen + 1, seen + cells.height + 1, dtype=np.int64)
    wanted = np.asarray(cells.sizes.any(axis=0))
    wanted[list(shape)] = True
    wanted &= numbers > place + 1
    if wanted.all():
        return RawChunk(cells, numbers, shape)
    kept = np.flatnonzero(wanted)
    where = {int(old): new for new, old in enumerate(kept.tolist()) if old in shape}
    cells = cells.keep(kept)
    shape = {where[old]: why for old, why in shape.items() if old in where}
    return RawChunk(cells, numbers[kept], shape)
