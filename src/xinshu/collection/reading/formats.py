"""Which reader opens a file: judged by its content first, then by its name."""

from __future__ import annotations

from pathlib import Path

from xinshu.collection.reading.delimited import open_delimited
from xinshu.collection.reading.jsonrows import open_json
from xinshu.collection.reading.safety import check_size
from xinshu.collection.reading.shape import OpenedFile, ReadPlan
from xinshu.collection.reading.workbook import open_workbook

_OTHERS = (
    b"%PDF",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"\x7fELF",
    b"MZ",
    b"PAR1",
    b"SQLite",
)
_WORKBOOKS = {".xlsx", ".xlsm", ".xltx", ".xltm", ".xls", ".ods"}
_TEXTS = {".csv", ".tsv", ".txt", ".tab"}
_JSONS = {".json", ".jsonl", ".ndjson"}


def open_file(path: Path, plan: ReadPlan) -> OpenedFile:
    """Open a file of any supported form.

    Raises:
        FileRefused: too large, unsafe, of an unknown form, or its heading does not fit the item.
    """
    try:
        check_size(path, plan)
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as problem:
        raise plan.refuse("file.unreadable", "打不开文件", "请检查文件是否存在、是否可读") from problem
    suffix = path.suffix.lower()
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        return open_workbook(path, plan)
    if suffix in _WORKBOOKS:
        raise plan.refuse("file.unreadable", "扩展名是工作簿，内容不是", "请重新导出，或改为正确的扩展名")
    if head.startswith(_OTHERS):
        raise plan.refuse("file.unreadable", "不是数据文件", "请上传 CSV、XLSX、JSON 或 JSON Lines")
    if suffix in _JSONS or (suffix not in _TEXTS and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}):
        return open_json(path, plan)
    return open_delimited(path, plan)
