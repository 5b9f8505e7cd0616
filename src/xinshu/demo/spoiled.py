"""Files that are wrong as a whole: each is refused with one finding on row 0."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random

from xinshu.demo.domain import Table
from xinshu.demo.schedule import Spoiling
from xinshu.demo.writing import csv_line, write_table

RULES: dict[Spoiling, str] = {
    "column.missing": "column.missing",
    "column.duplicate": "column.duplicate",
    "file.unreadable": "file.unreadable",
    "file.unsafe": "file.unsafe",
    "file.locked": "file.unsafe",
    "file.limit": "file.limit",
}
_COLUMNS = 320
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def write_spoiled(table: Table, spoiling: Spoiling, folder: Path, dice: Random) -> str:
    """Write the table so that it is refused; returns the rule it is refused with."""
    if spoiling == "column.missing":
        required = [each for each in table.item.fields if each.required]
        lost = dice.choice(required)
        rest = tuple(each for each in table.item.fields if each.code != lost.code)
        write_table(replace(table, item=replace(table.item, fields=rest)), folder, dice)
        return RULES[spoiling]
    path = write_table(table, folder, dice)
    if spoiling == "column.duplicate":
        _repeat_column(path, table, dice)
    elif spoiling == "file.limit":
        _add_columns(path, table)
    elif spoiling == "file.unreadable":
        content = path.read_bytes()
        path.write_bytes(content[: len(content) * 2 // 3])
    elif spoiling == "file.unsafe":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(zipfile.ZipInfo("xl/vbaProject.bin", _ZIP_TIME), b"\0" * 512)
    else:
        path.write_bytes(_locked())
    return RULES[spoiling]


def _locked() -> bytes:
    """What a workbook with a password is: a compound file with a stream EncryptedPackage ([MS-CFB], [MS-OFFCRYPTO])."""
    free, end, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<5H6x", 62, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)
    entries = [("Root Entry", 5), ("EncryptionInfo", 2), ("EncryptedPackage", 2), ("", 0)]
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HBB3I", 2 * len(name) + 2 if name else 0, kind, 1, free, free, free)
        + bytes(36)
        + struct.pack("<IQ", end, 0)
        for name, kind in entries
    )
    return head + struct.pack("<128I", table, end, *[free] * 126) + directory


def _repeat_column(path: Path, table: Table, dice: Random) -> None:
    """One known column a second time, under its title, empty."""
    title = dice.choice([each for each in table.item.fields if each.required]).title
    _append_cells(path, table, [title], [""])


def _add_columns(path: Path, table: Table) -> None:
    extra = [f"备用{number}" for number in range(1, _COLUMNS + 1)]
    _append_cells(path, table, extra, [""] * len(extra))


def _append_cells(path: Path, table: Table, headings: list[str], cells: list[str]) -> None:
    """More columns at the right; no cell of these small files holds a line break in an unquoted place."""
    style = table.style
    more_heading = csv_line(["", *headings], style.delimiter, "")
    more_cells = csv_line(["", *cells], style.delimiter, "")
    text = path.read_bytes().decode(style.encoding)
    records: list[str] = []
    held = ""
    for line in text.split(style.line_end)[:-1]:
        held = f"{held}{style.line_end}{line}" if held else line
        if held.count('"') % 2 == 0:
            records.append(held)
            held = ""
    lines = [records[0] + more_heading, *(record + more_cells for record in records[1:])]
    path.write_bytes((style.line_end.join(lines) + style.line_end).encode(style.encoding))
