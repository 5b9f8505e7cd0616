"""What a file may be before anybody parses it: size, kind, and the inside of a workbook's archive."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from xinshu.collection.reading.shape import ReadPlan

_MAX_ENTRIES = 5_000
_MAX_RATIO = 200
_RATIO_FROM = 50 << 20
_DECLARATIONS = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_BLOCK = 1 << 20
_OVERLAP = 256  # what is looked for is shorter
_NEAR_COLUMNS, _NEAR_ROWS = 26, 9_999  # as far as cells reach that the two patterns pass by
_FAR_COLUMN = re.compile(rb""" r=["']([A-Za-z]{2,7})[0-9]""")
_FAR_ROW = re.compile(rb""" r=["'][A-Za-z]{1,7}([0-9]{5,20})["']""")
_DENSE_CELLS = 4_000_000
_SPARSE_TIMES = 50
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")

BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class PartWatch(Protocol):
    """Looks at one part of an archive as it is unpacked."""

    def see(self, text: bytes, block: bytes) -> None:
        """Take the next block in; `text` is the block with the end of the last one before it."""


def check_size(path: Path, plan: ReadPlan) -> None:
    """Refuse a file larger than the limit, an empty one, or one that is not a plain file."""
    if path.is_symlink() or not path.is_file():
        raise plan.refuse("file.unreadable", "不是普通文件", "请上传数据文件本身")
    size = path.stat().st_size
    if not size:
        raise plan.refuse("file.unreadable", "文件是空的", "请检查导出是否成功后重新上传")
    if size > plan.limits.max_bytes:
        raise plan.refuse(
            "file.limit",
            f"大小 {size / 2**20:.0f} MB，超过 {plan.limits.max_bytes / 2**20:.0f} MB",
            "请分成几个文件报送",
        )


def check_workbook(path: Path, plan: ReadPlan) -> None:
    """Refuse an XLSX archive that is damaged, encrypted, a bomb, holds macros, names outside itself, or XML with
    entities, or whose cells lie so far apart that a reader would set aside gigabytes."""
    with opened_archive(path, plan) as archive:
        names = check_entries(archive, plan)
        if any("vbaproject" in name or name.startswith("xl/macrosheets/") for name in names):
            raise plan.refuse("file.unsafe", "工作簿含有宏", "请另存为不含宏的 .xlsx")
        if "xl/workbook.xml" not in names:
            raise plan.refuse("file.unreadable", "不是 Excel 工作簿", "请使用下载的模板填报，或另存为 .xlsx")
        sheets: list[Spread] = []

        def watch(name: str) -> PartWatch:
            sheets.append(Spread(is_sheet=name.startswith("xl/worksheets/")))
            return sheets[-1]

        unpack(archive, plan, watch)
        for each in sheets:
            each.refuse_if_strange(plan)


@contextmanager
def opened_archive(path: Path, plan: ReadPlan) -> Iterator[zipfile.ZipFile]:
    """The archive of a workbook; whatever is wrong with its form is a refusal."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except BROKEN_ARCHIVE as problem:
        raise plan.refuse("file.unreadable", "工作簿损坏或不完整", "请重新导出后上传") from problem


def check_entries(archive: zipfile.ZipFile, plan: ReadPlan) -> set[str]:
    """Refuse an archive by its table of contents; the names in lower case."""
    entries = archive.infolist()
    if len(entries) > _MAX_ENTRIES:
        raise plan.refuse("file.limit", f"工作簿内有 {len(entries)} 个部件", "请另存为普通 .xlsx")
    names = {entry.filename.lower() for entry in entries}
    if any(_outside(name) for name in names):
        raise plan.refuse("file.unsafe", "工作簿内有指向外部的路径", "请用办公软件重新另存为 .xlsx")
    if any(entry.flag_bits & 0x1 for entry in entries) or "encryptedpackage" in names:
        raise plan.refuse("file.unsafe", "工作簿已加密", "请去掉密码后上传")
    return names


def unpack(archive: zipfile.ZipFile, plan: ReadPlan, watch: Callable[[str], PartWatch]) -> None:
    """Unpack all parts under the limit and look at each. The declared sizes are not believed."""
    total = 0
    for entry in archive.infolist():
        total += _unpacked(archive, entry, plan, total, watch(entry.filename.lower()))


def _outside(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0] == "" or ":" in parts[0]


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, plan: ReadPlan, before: int, watch: PartWatch) -> int:
    size, tail = 0, b""
    with archive.open(entry) as part:
        while block := part.read(_BLOCK):
            size += len(block)
            if before + size > plan.limits.max_unpacked_bytes:
                raise plan.refuse("file.limit", "工作簿解压后过大", "请分成几个文件，或改用 CSV")
            if size > _RATIO_FROM and size > _MAX_RATIO * max(entry.compress_size, 1):
                raise plan.refuse("file.unsafe", "工作簿压缩比异常", "请用办公软件重新另存为 .xlsx")
            text = tail + block
            if any(declaration in text for declaration in _DECLARATIONS):
                raise plan.refuse("file.unsafe", "工作簿的 XML 含有实体声明", "请用办公软件重新另存为 .xlsx")
            watch.see(text, block)
            tail = text[-_OVERLAP:]
    return size


def far_apart(width: int, height: int, cells: int) -> bool:
    """Whether the rectangle of all cells is far larger than their number: a reader would set all of it aside."""
    return width * height > max(_DENSE_CELLS, _SPARSE_TIMES * cells)


@dataclass(slots=True)
class Spread:
    """How far the cells of an XLSX sheet reach."""

    is_sheet: bool
    number: int = 0
    columns: set[bytes] = field(default_factory=set)
    last_row: int = _NEAR_ROWS
    wide: bool = False

    def see(self, text: bytes, block: bytes) -> None:
        """Count the cells of the block."""
        if len(text) == len(block):  # the first one
            self.wide = self.is_sheet and block.startswith(_WIDE_MARKS)
        self.number += block.count(b"<c ")
        self.columns.update(_FAR_COLUMN.findall(text))
        self.last_row = max(self.last_row, max(map(int, set(_FAR_ROW.findall(text))), default=0))

    def refuse_if_strange(self, plan: ReadPlan) -> None:
        """Refuse cells far apart, and a sheet in an encoding in which nothing above would have been found."""
        width = max(map(column_number, self.columns), default=_NEAR_COLUMNS)
        if far_apart(width, self.last_row, self.number):
            raise plan.refuse("file.unsafe", "工作表的单元格过于分散", "请删去数据区以外的单元格，重新另存为 .xlsx")
        if self.wide:
            raise plan.refuse("file.unreadable", "工作表的文字编码不是 UTF-8", "请用办公软件重新另存为 .xlsx")


def column_number(letters: bytes) -> int:
    """The 1-based number of a column: A is 1, XFD is 16384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
