"""What a file may be before anybody parses it: size, kind, and the inside of a workbook's archive."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from xinshu.collection.reading.shape import ReadPlan

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_MAX_ENTRIES = 5_000
_MAX_RATIO = 200
_RATIO_FROM = 50 << 20
_DECLARATIONS = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_BLOCK = 1 << 20
_OVERLAP = 64  # what is looked for is shorter
_NEAR_COLUMNS, _NEAR_ROWS = 26, 9_999  # as far as cells reach that the two patterns pass by
_FAR_COLUMN = re.compile(rb""" r=["']([A-Za-z]{2,7})[0-9]""")
_FAR_ROW = re.compile(rb""" r=["'][A-Za-z]{1,7}([0-9]{5,20})["']""")
_DENSE_CELLS = 4_000_000
_SPARSE_TIMES = 50


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
    """Refuse an archive that is damaged, encrypted, a bomb, holds macros, names outside itself, or XML with entities.

    The declared sizes are not believed: each part is unpacked under the limit and counted, and so are its cells.
    """
    with path.open("rb") as file:
        if file.read(8) == _OLE:
            raise plan.refuse("file.unsafe", "工作簿已加密或为旧格式", "请去掉密码并另存为 .xlsx")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive, plan)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as problem:
        raise plan.refuse("file.unreadable", "工作簿损坏或不完整", "请重新导出后上传") from problem


def _check_archive(archive: zipfile.ZipFile, plan: ReadPlan) -> None:
    entries = archive.infolist()
    if len(entries) > _MAX_ENTRIES:
        raise plan.refuse("file.limit", f"工作簿内有 {len(entries)} 个部件", "请另存为普通 .xlsx")
    names = {entry.filename.lower() for entry in entries}
    if any(_outside(name) for name in names):
        raise plan.refuse("file.unsafe", "工作簿内有指向外部的路径", "请用办公软件重新另存为 .xlsx")
    if any("vbaproject" in name or name.startswith("xl/macrosheets/") for name in names):
        raise plan.refuse("file.unsafe", "工作簿含有宏", "请另存为不含宏的 .xlsx")
    if any(entry.flag_bits & 0x1 for entry in entries) or "encryptedpackage" in names:
        raise plan.refuse("file.unsafe", "工作簿已加密", "请去掉密码后上传")
    if "xl/workbook.xml" not in names:
        raise plan.refuse("file.unreadable", "不是 Excel 工作簿", "请使用下载的模板填报，或另存为 .xlsx")
    total = 0
    for entry in entries:
        total += _unpacked(archive, entry, plan, total)


def _outside(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0] == "" or ":" in parts[0]


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, plan: ReadPlan, before: int) -> int:
    size, tail, cells = 0, b"", _Cells()
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
            cells.count(text, block)
            tail = text[-_OVERLAP:]
    if cells.sparse:
        raise plan.refuse("file.unsafe", "工作表的单元格过于分散", "请删去数据区以外的单元格，重新另存为 .xlsx")
    return size


@dataclass(slots=True)
class _Cells:
    """How far the cells of a sheet reach: two cells far apart would make a reader set aside all between them."""

    number: int = 0
    columns: set[bytes] = field(default_factory=set)
    last_row: int = _NEAR_ROWS

    def count(self, text: bytes, block: bytes) -> None:
        """Take the next part of the XML in; `text` is the block with the end of the last one before it."""
        self.number += block.count(b"<c ")
        self.columns.update(_FAR_COLUMN.findall(text))
        self.last_row = max(self.last_row, max(map(int, set(_FAR_ROW.findall(text))), default=0))

    @property
    def sparse(self) -> bool:
        """Whether the rectangle of all cells is far larger than their number."""
        width = max(map(_column_number, self.columns), default=_NEAR_COLUMNS)
        return width * self.last_row > max(_DENSE_CELLS, _SPARSE_TIMES * self.number)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
