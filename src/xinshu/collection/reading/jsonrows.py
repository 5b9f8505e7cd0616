"""JSON (an array of objects, or an object holding one under rows/data/records) and JSON Lines.

Row numbers are 1-based: the record's place in an array, its line in JSON Lines. A record that is not a flat object, or
has one column twice, gets `row.shape`; the others go on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path

import numpy as np
import polars as pl

from xinshu.catalogue.checks.inspection import NUMBER_MARK, as_cell_text
from xinshu.catalogue.rulebook import printable
from xinshu.collection.reading.encoding import detect_encoding
from xinshu.collection.reading.shape import (
    ALWAYS_TEXT,
    Heading,
    OpenedFile,
    RawChunk,
    ReadPlan,
    read_heading,
    title_key,
    title_map,
)
from xinshu.kernel.cells import Cells

_CHUNK_ROWS = 20_000
_SAMPLE_ROWS = 200
_LONG_NUMBER = 10**11
_HOLDERS = ("rows", "data", "records")
_DEPTH_MESSAGE = "应为一层的键值对"
_SHORT = 11  # digits of a number that is not taken for a code
_LONGEST_PLAIN = 30  # digits of a number with an exponent that is still written out

_Record = tuple[int, dict[str, object] | str]


class _Number(str):
    """A number with a fraction or an exponent, as it is written."""


class _Repeated(dict[str, object]):
    """An object in which a key stands twice."""


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
    return OpenedFile(heading.findings, _chunks(chain(first, source), keys, heading, plan))


def _one_line_object(text: str) -> bool:
    line = text.split("\n", 1)[0].strip()
    try:
        return isinstance(json.loads(line), dict) and not any(holder in json.loads(line) for holder in _HOLDERS)
    except (json.JSONDecodeError, RecursionError):
        return False


def _load(text: str) -> object:
    return json.loads(text, parse_float=_number, parse_constant=str, object_pairs_hook=_object)


def _number(text: str) -> str:
    number = Decimal(text)
    return _Number(format(number, "f") if abs(number.adjusted()) < _LONGEST_PLAIN else text)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated(found)


def _from_lines(path: Path, encoding: str) -> Iterator[_Record]:
    with path.open(encoding=encoding, errors="replace", newline=None) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip("\ufeff \t\r\n"):
                continue
            try:
                record = _load(line.lstrip("\ufeff"))
            except (ValueError, RecursionError):
                yield number, "不是完整的 JSON"
                continue
            yield number, record if isinstance(record, dict) else _DEPTH_MESSAGE


def _from_document(path: Path, encoding: str, plan: ReadPlan) -> Iterator[_Record]:
    if path.stat().st_size > plan.limits.max_unpacked_bytes:
        raise plan.refuse("file.limit", "JSON 文件过大", "请改用 JSON Lines（每行一条）或 CSV")
    try:
        document = _load(path.read_bytes().decode(encoding, errors="replace").lstrip("\ufeff"))
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
    if isinstance(problem, json.JSONDecodeError):
        return f"第 {problem.lineno} 行"
    return "嵌套过深" if isinstance(problem, RecursionError) else "有过长的数字"


def _chunks(source: Iterator[_Record], keys: list[str], heading: Heading, plan: ReadPlan) -> Iterator[RawChunk]:
    titles = title_map(plan.item)
    codes = dict(zip(keys, heading.codes, strict=True))
    total = 0
    while batch := list(islice(source, _CHUNK_ROWS)):
        total += len(batch)
        if total > plan.limits.max_rows:
            raise plan.refuse("file.limit", f"超过 {plan.limits.max_rows} 行", "请分成几个文件报送")
        shape: dict[int, str] = {}
        rows: list[dict[str, str]] = []
        for index, (_, record) in enumerate(batch):
            values = _values(record, codes, titles, plan)
            if isinstance(values, str):
                shape[index] = values
                values = {}
            rows.append(values)
        present = [each.code for each in plan.item.fields if each.code in set(codes.values())]
        frame = pl.DataFrame(
            {code: [row.get(code, "") for row in rows] for code in present}, schema=dict.fromkeys(present, pl.String)
        )
        numbers = np.asarray([number for number, _ in batch], dtype=np.int64)
        yield RawChunk(Cells.of(frame), numbers, shape)


def _values(
    record: dict[str, object] | str, codes: dict[str, str | None], titles: dict[str, str], plan: ReadPlan
) -> dict[str, str] | str:
    """{column code: text} of one record, or what is wrong with it. Keys first met here are added to `codes`."""
    if isinstance(record, str):
        return record
    if isinstance(record, _Repeated):
        return "有键出现多次"
    values: dict[str, str] = {}
    for key, value in record.items():
        if isinstance(value, (dict, list)):
            return _DEPTH_MESSAGE
        if key not in codes:
            if (known := titles.get(title_key(key))) is None:
                return f"有首批记录中没有、目录中也没有的键：{printable(key[:40])}"
            codes[key] = known
        code = codes[key]
        if code is None:
            continue
        if code in values:
            return f"有两个键都是“{plan.item.field(code).title}”"
        values[code] = _text(value, always=plan.item.field(code).kind in ALWAYS_TEXT)
    return values


def _text(value: object, *, always: bool) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and (always or abs(value) >= _LONG_NUMBER):
        return NUMBER_MARK + str(value)
    if isinstance(value, _Number) and (always or len(value.split(".")[0].lstrip("-")) > _SHORT):
        return NUMBER_MARK + value
    return as_cell_text(value)
