"""Parquet: typed columns turned back into the text a department would have written.

Dates as ISO, numbers in plain digits without `.0`, booleans as 是/否, moments of a time zone as Shanghai time. Nested
and binary columns of the item are refused. Row numbers are 1-based places in the file: it has no heading row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

from xinshu.catalogue.checks.inspection import NUMBER_MARK
from xinshu.catalogue.domain import FieldKind
from xinshu.collection.reading.shape import (
    ALWAYS_TEXT,
    Heading,
    OpenedFile,
    RawChunk,
    ReadPlan,
    read_heading,
)
from xinshu.collection.reading.workbook import LONG_NUMBER, cell_text
from xinshu.kernel.cells import Cells

_CHUNK_ROWS = 100_000
_SHANGHAI = "Asia/Shanghai"


def open_parquet(path: Path, plan: ReadPlan) -> OpenedFile:
    """Recognise the columns of a Parquet file.

    Raises:
        FileRefused: damaged, encrypted, too many rows, a nested or binary column, or as `read_heading`.
    """
    with _parsing(plan):
        table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema = table.collect_schema()
        rows = int(table.select(pl.len()).collect().item())
    if rows > plan.limits.max_rows:
        raise plan.refuse("file.limit", f"超过 {plan.limits.max_rows} 行", "请分成几个文件报送")
    if not rows:
        raise plan.refuse("file.unreadable", "文件中没有记录", "请检查导出是否成功后重新上传")
    heading = read_heading(list(schema), plan)
    for (name, kind), code in zip(schema.items(), heading.codes, strict=True):
        if code is not None and (kind.is_nested() or kind in (pl.Binary, pl.Object)):
            raise plan.refuse(
                "file.unreadable",
                f"列“{plan.item.field(code).title}”是嵌套或二进制类型（{name[:40]}）",
                "请改为文本、数字或日期列后重新导出",
            )
    return OpenedFile(heading.findings, _chunks(table, heading, rows, plan))


@contextmanager
def _parsing(plan: ReadPlan) -> Iterator[None]:
    """What Polars says of a file it cannot read is a refusal, a fault of its own (Rust's panic) too."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError, ValueError) as problem:
        raise _broken(plan) from problem
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":
            raise
        raise _broken(plan) from problem


def _broken(plan: ReadPlan) -> Exception:
    return plan.refuse("file.unreadable", "Parquet 文件损坏、加密或不完整", "请重新导出后上传")


def _chunks(table: pl.LazyFrame, heading: Heading, rows: int, plan: ReadPlan) -> Iterator[RawChunk]:
    names = table.collect_schema().names()
    wanted = {name: code for name, code in zip(names, heading.codes, strict=True) if code is not None}
    kinds = {code: plan.item.field(code).kind for code in wanted.values()}
    size = 0
    for start in range(0, rows, _CHUNK_ROWS):
        with _parsing(plan):
            part = table.select(list(wanted)).slice(start, _CHUNK_ROWS).collect()
            frame = pl.DataFrame([_text(each, kinds[wanted[each.name]]).alias(wanted[each.name]) for each in part])
        numbers = np.arange(start + 1, start + frame.height + 1, dtype=np.int64)
        size += _measured(frame, numbers, plan)
        if size > plan.limits.max_unpacked_bytes:
            raise plan.refuse("file.limit", "Parquet 文件解压后过大", "请分成几个文件")
        filled = frame.select(pl.any_horizontal(pl.all() != "")).to_series()
        kept = frame if filled.all() else frame.filter(filled)
        yield RawChunk(Cells.of(kept), numbers[filled.to_numpy()], {}, "", min((start + part.height) / rows, 1.0))


def _measured(frame: pl.DataFrame, numbers: np.ndarray, plan: ReadPlan) -> int:
    """Bytes of all texts. Raises FileRefused for a cell that is too long."""
    most, size = plan.limits.cell_max_chars, 0
    for values in frame.get_columns():
        lengths = values.str.len_bytes()
        size += int(lengths.sum())
        if int(lengths.max() or 0) > most:  # type: ignore[arg-type]
            long = np.flatnonzero((values.str.len_chars() > most).to_numpy())
            if len(long):
                row = int(numbers[long[0]])
                raise plan.refuse("file.limit", f"第 {row} 行有单元格超过 {most} 个字", "请核对该单元格，重新导出")
    return size


def _text(values: pl.Series, kind: FieldKind) -> pl.Series:
    """One column as text, empty for null."""
    given = values.dtype
    if given == pl.Null:
        return pl.repeat("", len(values), dtype=pl.String, eager=True)
    if given in (pl.Categorical, pl.Enum, pl.String):
        return values.cast(pl.String).fill_null("")
    if given.is_integer():
        marked = (
            pl.Series([kind in ALWAYS_TEXT]) if kind in ALWAYS_TEXT else values.cast(pl.Int128).abs() >= LONG_NUMBER
        )
        text = values.cast(pl.String)
        return pl.select(pl.when(marked).then(NUMBER_MARK + text).otherwise(text).fill_null("")).to_series()
    if given == pl.Date:
        return values.cast(pl.String).fill_null("")
    if isinstance(given, pl.Datetime) and given.time_zone:
        values = values.dt.convert_time_zone(_SHANGHAI).dt.replace_time_zone(None)
    texts = ["" if each is None else cell_text(each, kind) for each in values.to_list()]
    return pl.Series(texts, dtype=pl.String)
