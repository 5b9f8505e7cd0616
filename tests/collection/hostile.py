"""Makes files nobody should send: damaged, dangerous and oversized ones. Each function returns the file's bytes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence

import xlsxwriter

OLE_HEADER = bytes.fromhex("d0cf11e0a1b11ae1")
SHEET = "xl/worksheets/sheet1.xml"


def workbook(
    rows: Iterable[Sequence[object]], *, date_1904: bool = False, sheets: Mapping[str, str] | None = None
) -> bytes:
    """A workbook with one sheet of typed cells. `sheets`: further sheets, {name: state}, each with the same rows."""
    buffer, kept = io.BytesIO(), [list(row) for row in rows]
    book = xlsxwriter.Workbook(buffer, {"date_1904": date_1904, "default_date_format": "yyyy-mm-dd"})
    for name in ("数据", *(sheets or {})):
        sheet = book.add_worksheet(name)
        for number, row in enumerate(kept):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value)
        if (sheets or {}).get(name) == "hidden":
            sheet.hide()
    book.close()
    return buffer.getvalue()


def altered(archive: bytes, changes: Mapping[str, bytes | Callable[[bytes], bytes]]) -> bytes:
    """The archive with parts replaced, changed or added."""
    buffer, left = io.BytesIO(), dict(changes)
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            change = left.pop(entry.filename, None)
            content = old.read(entry)
            new.writestr(entry.filename, change(content) if callable(change) else content if change is None else change)
        for name, content in left.items():
            assert isinstance(content, bytes)
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def with_macros(archive: bytes) -> bytes:
    """A workbook with a VBA project."""
    return altered(archive, {"xl/vbaProject.bin": b"\0" * 64})


def with_old_macros(archive: bytes) -> bytes:
    """A workbook with an Excel 4 macro sheet."""
    return altered(archive, {"xl/macrosheets/sheet1.xml": b"<macrosheet/>"})


def with_entities(archive: bytes, *, before: bytes = b"") -> bytes:
    """A workbook whose sheet declares entities that expand a billion times; `before` stands in front of the declaration."""
    levels = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 9))
    declaration = b'<!DOCTYPE x [<!ENTITY l0 "lol">' + levels + b"]>"
    return altered(archive, {SHEET: lambda xml: xml.replace(b"<worksheet", before + declaration + b"<worksheet", 1)})


def with_utf16_entities(archive: bytes) -> bytes:
    """The same in UTF-16, where the declaration is not found byte by byte."""
    xml = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><worksheet/>'
    return altered(archive, {SHEET: xml.encode("utf-16")})


def zip_bomb(archive: bytes, size: int) -> bytes:
    """A workbook with a part of `size` equal bytes."""
    return altered(archive, {"xl/media/image1.bin": b"\0" * size})


def many_parts(archive: bytes, number: int) -> bytes:
    """A workbook of a great many parts."""
    return altered(archive, {f"xl/media/{n}": b"" for n in range(number)})


def far_cells(archive: bytes, far: str) -> bytes:
    """A sheet with one more cell, far away: a reader that sets aside everything between needs gigabytes."""
    row = "".join(char for char in far if char.isdigit())
    cell = f'<row r="{row}"><c r="{far}"><v>1</v></c></row></sheetData>'.encode()
    return altered(archive, {SHEET: lambda xml: xml.replace(b"</sheetData>", cell)})


def encrypted_entries(archive: bytes) -> bytes:
    """A workbook whose parts say they are encrypted."""
    data = bytearray(archive)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            flags = struct.unpack_from("<H", data, place + offset)[0]
            struct.pack_into("<H", data, place + offset, flags | 1)
            place = data.find(signature, place + 4)
    return bytes(data)
