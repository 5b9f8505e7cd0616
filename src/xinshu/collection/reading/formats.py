"""Which reader opens a file: judged by its content first, then by its name."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from xinshu.collection.reading.biff import OLE_MAGIC
from xinshu.collection.reading.delimited import open_delimited
from xinshu.collection.reading.jsonrows import open_json
from xinshu.collection.reading.parquet import open_parquet
from xinshu.collection.reading.safety import BROKEN_ARCHIVE, check_size
from xinshu.collection.reading.shape import OpenedFile, ReadPlan
from xinshu.collection.reading.workbook import open_ods, open_xls, open_xlsx

Form = Literal["xlsx", "xls", "ods", "parquet", "json", "text"]

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
    b"SQLite",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"ORC",
    b"Obj\x01",
    b"ARROW1",
    b"{\\rtf",
)
_ACCEPTED = "请上传 CSV、XLSX、XLS、ODS、JSON、JSON Lines 或 Parquet"
_PARQUET = b"PAR1"
_PARQUET_ENCRYPTED = b"PARE"
_WORKBOOKS = {".xlsx", ".xlsm", ".xltx", ".xltm", ".xls", ".ods", ".et"}
_TEXTS = {".csv", ".tsv", ".txt", ".tab"}
_JSONS = {".json", ".jsonl", ".ndjson"}
_OPENERS: dict[Form, Callable[[Path, ReadPlan], OpenedFile]] = {
    "xlsx": open_xlsx,
    "xls": open_xls,
    "ods": open_ods,
    "parquet": open_parquet,
    "json": open_json,
    "text": open_delimited,
}


def open_file(path: Path, plan: ReadPlan) -> OpenedFile:
    """Open a file of any supported form.

    Raises:
        FileRefused: too large, unsafe, of an unknown form, or its heading does not fit the item.
    """
    return _OPENERS[recognise(path, plan)](path, plan)


def recognise(path: Path, plan: ReadPlan) -> Form:
    """Which form a file has. Raises FileRefused: too large, no plain file, or a form that is not read."""
    try:
        check_size(path, plan)
        with path.open("rb") as file:
            head = file.read(64)
    except (OSError, ValueError) as problem:  # ValueError: a NUL in the name
        raise plan.refuse("file.unreadable", "打不开文件", "请检查文件是否存在、是否可读") from problem
    suffix = path.suffix.lower()
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_archive(path, plan)
    if head.startswith(OLE_MAGIC[:4]):
        return "xls"
    if suffix in _WORKBOOKS:
        raise plan.refuse(
            "file.unreadable", "扩展名是工作簿，内容不是", "请在办公软件中另存为 .xlsx，或改为正确的扩展名"
        )
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith(_PARQUET_ENCRYPTED):
        raise plan.refuse("file.unsafe", "Parquet 文件已加密", "请去掉密码后上传")
    if head.startswith(_OTHERS):
        raise plan.refuse("file.unreadable", "不是数据文件", _ACCEPTED)
    if suffix == ".parquet":
        raise plan.refuse("file.unreadable", "扩展名是 Parquet，内容不是", "请重新导出，或改为正确的扩展名")
    if suffix in _JSONS or (suffix not in _TEXTS and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}):
        return "json"
    return "text"


def _in_archive(path: Path, plan: ReadPlan) -> Form:
    """ODS and XLSX are both archives; anything else in an archive is left to the checks of XLSX."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except BROKEN_ARCHIVE:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise plan.refuse("file.unreadable", "是二进制工作簿（XLSB）", "请另存为 .xlsx 后上传")
    if "xl/workbook.xml" not in names and "content.xml" in names:
        return "ods"
    return "xlsx"
