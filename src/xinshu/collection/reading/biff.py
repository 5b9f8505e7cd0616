"""What an XLS workbook (BIFF in an OLE compound file) holds, looked at before it is parsed, and its error cells.

Sources: [MS-CFB] (compound file: header, FAT, directory) and [MS-XLS] (records), the parts that are needed here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from xinshu.collection.reading.safety import far_apart
from xinshu.collection.reading.shape import ReadPlan

OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_FREE = 0xFFFFFFFA  # sector numbers from here on are marks
_ENTRY = 128
_MINI_STREAM_BELOW = 4096
_BOF, _EOF, _FILEPASS, _BOUNDSHEET = (0x0809, 0x000A, 0x002F, 0x0085)
_FORMULA, _BOOLERR = 0x0006, 0x0205
_CELLS = frozenset({0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00BD, 0x00D6, 0x00FD})  # those that hold a value
_ERROR_NAMES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_MACRO_SHEETS = frozenset({1, 6})  # Excel 4 macros, a VBA module


class _Broken(Exception):
    """The container or a record does not hold together."""


@dataclass(slots=True)
class BiffSheet:
    """One sheet: how far its cells reach, and its error values {(0-based row, column): name}."""

    width: int = 0
    height: int = 0
    cells: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)


def check_biff(content: bytes, plan: ReadPlan) -> list[BiffSheet]:
    """The sheets of an XLS workbook in their order.

    Raises:
        FileRefused: encrypted, with macros, no workbook, damaged, or cells too far apart.
    """
    try:
        streams = _streams(content)
        _refuse_dangerous(set(streams), plan)
        name = next((each for each in ("workbook", "book") if each in streams), None)
        if name is None:
            raise plan.refuse("file.unreadable", "不是 Excel 工作簿", "请使用下载的模板填报，或另存为 .xlsx")
        sheets = _sheets(streams[name], plan)
    except (_Broken, struct.error, IndexError) as problem:
        raise plan.refuse("file.unreadable", "工作簿损坏或不完整", "请重新导出后上传") from problem
    if any(far_apart(each.width, each.height, each.cells) for each in sheets):
        raise plan.refuse("file.unsafe", "工作表的单元格过于分散", "请删去数据区以外的单元格，另存为 .xlsx")
    return sheets


def _refuse_dangerous(names: set[str], plan: ReadPlan) -> None:
    if names & {"encryptedpackage", "encryptioninfo"}:
        raise plan.refuse("file.unsafe", "工作簿已加密", "请去掉密码后上传")
    if names & {"_vba_project_cur", "_vba_project", "vba", "macros"}:
        raise plan.refuse("file.unsafe", "工作簿含有宏", "请另存为不含宏的 .xlsx")


# -- the compound file -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Container:
    content: bytes
    size: int  # of a sector
    table: tuple[int, ...]  # the sector after each sector

    def sector(self, number: int) -> bytes:
        start = (number + 1) * self.size
        found = self.content[start : start + self.size]
        if not found:
            raise _Broken
        return found

    def chain(self, first: int) -> bytes:
        return b"".join(map(self.sector, _chain(self.table, first)))


def _chain(table: tuple[int, ...], first: int) -> Iterator[int]:
    number, steps = first, 0
    while number < _FREE:
        if number >= len(table) or (steps := steps + 1) > len(table):
            raise _Broken
        yield number
        number = table[number]


def _streams(content: bytes) -> dict[str, bytes]:
    """{name in lower case: content} of the workbook stream, and of all others the name only."""
    if len(content) < 512 or not content.startswith(OLE_MAGIC):
        raise _Broken
    shift, mini_shift = struct.unpack_from("<HH", content, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise _Broken
    (directory_start,) = struct.unpack_from("<I", content, 48)
    (mini_start,) = struct.unpack_from("<I", content, 60)
    container = _Container(content, 1 << shift, ())
    container = _Container(content, 1 << shift, _allocation(container))
    entries = container.chain(directory_start)
    names: dict[str, bytes] = {}
    root = b""
    for place in range(0, len(entries) - _ENTRY + 1, _ENTRY):
        entry = entries[place : place + _ENTRY]
        length, kind = struct.unpack_from("<H", entry, 64)[0], entry[66]
        name = entry[: max(length - 2, 0)].decode("utf-16-le", "replace").lower()
        first, size = struct.unpack_from("<II", entry, 116)
        if kind == 5:
            root = container.chain(first) if first < _FREE else b""
        elif kind == 2 and name in {"workbook", "book"}:
            names[name] = (
                container.chain(first)[:size]
                if size >= _MINI_STREAM_BELOW
                else _small(container, mini_start, root, first, size)
            )
        elif kind in (1, 2):
            names[name] = b""
    return names


def _allocation(container: _Container) -> tuple[int, ...]:
    """The table of following sectors, from the sectors that hold it."""
    content, size = container.content, container.size
    places = [each for each in struct.unpack_from("<109I", content, 76) if each < _FREE]
    following, _ = struct.unpack_from("<II", content, 68)
    seen = 0
    while following < _FREE:
        part = struct.unpack(f"<{size // 4}I", container.sector(following))
        places += [each for each in part[:-1] if each < _FREE]
        following = part[-1]
        if (seen := seen + 1) > len(content) // size:
            raise _Broken
    if len(places) > len(content) // size:
        raise _Broken
    table: list[int] = []
    for place in places:
        table += struct.unpack(f"<{size // 4}I", container.sector(place))
    return tuple(table)


def _small(container: _Container, mini_start: int, root: bytes, first: int, size: int) -> bytes:
    table = container.chain(mini_start)
    links = struct.unpack(f"<{len(table) // 4}I", table)
    return b"".join(root[each * 64 : each * 64 + 64] for each in _chain(links, first))[:size]


# -- the records -------------------------------------------------------------------------------------------------


def _records(stream: bytes, start: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and length of the records of one substream, its end included."""
    place, depth = start, 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        yield kind, place + 4, length
        depth += (kind & 0xFF) == 0x09
        if kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        place += 4 + length
    raise _Broken


def _sheets(stream: bytes, plan: ReadPlan) -> list[BiffSheet]:
    places: list[int] = []
    for kind, place, length in _records(stream, 0):
        if kind == _FILEPASS:
            raise plan.refuse("file.unsafe", "工作簿已加密", "请去掉密码后上传")
        if kind == _BOUNDSHEET and length >= 6:
            offset, _, sort = struct.unpack_from("<IBB", stream, place)
            if sort in _MACRO_SHEETS:
                raise plan.refuse("file.unsafe", "工作簿含有宏", "请另存为不含宏的 .xlsx")
            places.append(offset)
    return [_sheet(stream, each) for each in places]


def _sheet(stream: bytes, start: int) -> BiffSheet:
    sheet = BiffSheet()
    for kind, place, length in _records(stream, start):
        if kind not in _CELLS or length < 6:
            continue
        row, column = struct.unpack_from("<HH", stream, place)
        last = struct.unpack_from("<H", stream, place + length - 2)[0] if kind == 0x00BD else column
        sheet.cells += 1
        sheet.height, sheet.width = max(sheet.height, row + 1), max(sheet.width, column + 1, last + 1)
        code = _error(stream, kind, place, length)
        if code is not None:
            sheet.errors[row, column] = _ERROR_NAMES.get(code, "#VALUE!")
    return sheet


def _error(stream: bytes, kind: int, place: int, length: int) -> int | None:
    if kind == _BOOLERR and length >= 8 and stream[place + 7]:
        return stream[place + 6]
    if kind == _FORMULA and length >= 14 and stream[place + 12 : place + 14] == b"\xff\xff" and stream[place + 6] == 2:
        return stream[place + 8]
    return None
