"""What a file may be before anybody parses it: size, kind, and the inside of a workbook's archive."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from xinshu.collection.reading.shape import ReadPlan

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_MAX_ENTRIES = 5_000
_MAX_RATIO = 200
_RATIO_FROM = 50 << 20
_ENTITY = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_PROLOGUE = 4_096


def check_size(path: Path, plan: ReadPlan) -> None:
    """Refuse a file larger than the limit, or one that is not a plain file."""
    if not path.is_file() or path.is_symlink():
        raise plan.refuse("file.unreadable", "不是普通文件", "请上传数据文件本身")
    size = path.stat().st_size
    if size > plan.limits.max_bytes:
        raise plan.refuse(
            "file.limit",
            f"大小 {size / 2**20:.0f} MB，超过 {plan.limits.max_bytes / 2**20:.0f} MB",
            "请分成几个文件报送",
        )


def check_workbook(path: Path, plan: ReadPlan) -> None:
    """Refuse an archive that is damaged, encrypted, a bomb, holds macros, or XML with entities.

    The declared sizes are not believed: each part is unpacked under the limit and counted.
    """
    with path.open("rb") as file:
        if file.read(8) == _OLE:
            raise plan.refuse("file.unsafe", "工作簿已加密或为旧格式", "请去掉密码并另存为 .xlsx")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive, plan)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as problem:
        raise plan.refuse("file.unreadable", "工作簿损坏或不完整", "请重新导出后上传") from problem


def _check_archive(archive: zipfile.ZipFile, plan: ReadPlan) -> None:
    entries = archive.infolist()
    if len(entries) > _MAX_ENTRIES:
        raise plan.refuse("file.limit", f"工作簿内有 {len(entries)} 个部件", "请另存为普通 .xlsx")
    names = {entry.filename.lower() for entry in entries}
    if any("vbaproject" in name for name in names):
        raise plan.refuse("file.unsafe", "工作簿含有宏", "请另存为不含宏的 .xlsx")
    if any(entry.flag_bits & 0x1 for entry in entries) or "encryptedpackage" in names:
        raise plan.refuse("file.unsafe", "工作簿已加密", "请去掉密码后上传")
    if not any(name.startswith("xl/") for name in names):
        raise plan.refuse("file.unreadable", "不是 Excel 工作簿", "请使用下载的模板填报，或另存为 .xlsx")
    total = 0
    for entry in entries:
        total += _unpacked(archive, entry, plan, total)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, plan: ReadPlan, before: int) -> int:
    size = 0
    with archive.open(entry) as part:
        start = part.read(_PROLOGUE)
        if _ENTITY.search(start.replace(b"\0", b"")):
            raise plan.refuse("file.unsafe", "工作簿的 XML 含有实体声明", "请用办公软件重新另存为 .xlsx")
        size = len(start)
        while block := part.read(1 << 20):
            size += len(block)
            if before + size > plan.limits.max_unpacked_bytes:
                raise plan.refuse("file.limit", "工作簿解压后过大", "请分成几个文件，或改用 CSV")
    if size > _RATIO_FROM and size > _MAX_RATIO * max(entry.compress_size, 1):
        raise plan.refuse("file.unsafe", "工作簿压缩比异常", "请用办公软件重新另存为 .xlsx")
    return size
