"""JSON (an array of objects, or an object holding one under rows/data/records) and JSON Lines.

Row numbers are 1-based record numbers. A record that is not a flat object gets `row.shape`; the others go on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from xinshu.catalogue.checks.inspection import NUMBER_MARK, as_cell_text
from xinshu.collection.reading.encoding import detect_encoding
from xinshu.collection.reading.shape import Heading, OpenedFile, RawChunk, ReadPlan, read_heading

_CHUNK_ROWS = 20_000
_SAMPLE_ROWS = 200
_LONG_NUMBER = 10**11
_HOLDERS = ("rows", "data", "records")
_DEPTH_MESSAGE = "应为一层的键值对"

_Record = tuple[int, dict[str, object] | str]


def open_json(path: Path, plan: ReadPlan) -> OpenedFile:
    """Recognise form and keys. The keys of the first 200 records are the heading.

    Raises:
        FileRefused: not JSON at all, no records, or as `read_heading`.
    """
    with path.open("rb") as file:
        head = file.read(1 << 18)
    encoding = detect_encoding(head, plan.item) or "utf-8"
    start = head.decode(encoding, errors="replace").lstrip("\ufeff \t\r\n")
    lines = path.suffix.lower() in {".jsonl", ".ndjson"} or (start.startswith("{") and _one_line_object(start))
    source = _from_lines(path, encoding) if lines else _from_document(path, encoding, plan)
    first = list(islice(source, _SAMPLE_ROWS))
    keys = list(dict.fromkeys(key for _, record in first if isinstance(record, dict) for key in record))
    if not keys:
        raise plan.refuse(
            "file.unreadable", "没有可读的 JSON 记录", '每条记录写成 {"列名": "值"}，每行一条或放在数组中'
        )
    heading = read_heading(keys, plan)
    return OpenedFile(heading.findings, _chunks(first, source, keys, heading, plan))


def _one_line_object(text: str) -> bool:
    line = text.split("\n", 1)[0].strip()
    try:
        return isinstance(json.loads(line), dict) and not any(holder in json.loads(line) for holder in _HOLDERS)
    except (json.JSONDecodeError, RecursionError):
        return False


def _from_lines(path: Path, encoding: str) -> Iterator[_Record]:
    with path.open(encoding=encoding, errors="replace", newline=None) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip("\ufeff \t\r\n"):
                continue
            try:
                record = json.loads(line.lstrip("\ufeff"), parse_float=str, parse_constant=str)
            except (ValueError, RecursionError):
                yield number, "不是完整的 JSON"
                continue
            yield number, record if isinstance(record, dict) else _DEPTH_MESSAGE


def _from_document(path: Path, encoding: str, plan: ReadPlan) -> Iterator[_Record]:
    if path.stat().st_size > plan.limits.max_unpacked_bytes:
        raise plan.refuse("file.limit", "JSON 文件过大", "请改用 JSON Lines（每行一条）或 CSV")
    try:
        document = json.loads(
            path.read_bytes().decode(encoding, errors="replace").lstrip("\ufeff"), parse_float=str, parse_constant=str
        )
    except (ValueError, RecursionError) as problem:
        raise plan.refuse("file.unreadable", f"不是完整的 JSON（{_where(problem)}）", "请检查导出是否完整") from problem
    if isinstance(document, dict):
        document = next((document[holder] for holder in _HOLDERS if isinstance(document.get(holder), list)), None)
    if not isinstance(document, list):
        raise plan.refuse("file.unreadable", "JSON 中没有记录数组", "请把记录放在数组中，或每行一条")
    return (
        (number, record if isinstance(record, dict) else _DEPTH_MESSAGE) for number, record in enumerate(document, 1)
    )


def _where(problem: Exception) -> str:
    return f"第 {problem.lineno} 行" if isinstance(problem, json.JSONDecodeError) else "嵌套过深"


def _chunks(
    first: list[_Record], rest: Iterable[_Record], keys: list[str], heading: Heading, plan: ReadPlan
) -> Iterator[RawChunk]:
    source = iter([*first, *rest]) if isinstance(rest, list) else _chain(first, rest)
    total = 0
    while batch := list(islice(source, _CHUNK_ROWS)):
        total += len(batch)
        if total > plan.limits.max_rows:
            raise plan.refuse("file.limit", f"超过 {plan.limits.max_rows} 行", "请分成几个文件报送")
        yield _chunk(batch, keys, heading)


def _chain(first: list[_Record], rest: Iterable[_Record]) -> Iterator[_Record]:
    yield from first
    yield from rest


def _chunk(batch: list[_Record], keys: list[str], heading: Heading) -> RawChunk:
    wanted = [(key, code) for key, code in zip(keys, heading.codes, strict=True) if code is not None]
    columns: dict[str, list[str]] = {code: [] for _, code in wanted}
    shape: dict[int, str] = {}
    known = set(keys)
    for index, (_, record) in enumerate(batch):
        values: dict[str, object] = {}
        if isinstance(record, str):
            shape[index] = record
        elif any(isinstance(value, (dict, list)) for value in record.values()):
            shape[index] = _DEPTH_MESSAGE
        elif not known.issuperset(record):
            shape[index] = f"有首批记录中没有的键：{'、'.join(sorted(set(record) - known))[:80]}"
        else:
            values = record
        for key, code in wanted:
            columns[code].append(_text(values.get(key)))
    numbers = np.asarray([number for number, _ in batch], dtype=np.int64)
    return RawChunk(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)), numbers, shape)


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LONG_NUMBER:
        return NUMBER_MARK + str(value)
    return as_cell_text(value)
