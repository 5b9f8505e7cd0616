"""Makes files nobody should send: damaged, dangerous and oversized ones. Each function returns the file's bytes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from xml.sax.saxutils import escape

import polars as pl
import xlsxwriter
import xlwt

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


def xls(
    rows: Iterable[Sequence[object]], *, hidden: str = "", errors: Mapping[tuple[int, int], str] | None = None
) -> bytes:
    """An XLS workbook. `hidden`: name of a hidden second sheet; `errors`: error values by row and column."""
    book = xlwt.Workbook(encoding="utf-8")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    sheet = book.add_sheet("数据")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(number, column, value, *([day] if isinstance(value, (date, datetime)) else []))
    for (number, column), name in (errors or {}).items():
        sheet.row(number).set_cell_error(column, name)
    if hidden:
        other = book.add_sheet(hidden)
        other.write(0, 0, "旧")
        other.visibility = 1
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


_ODS_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)
_ODS_ERRORS = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def ods_cell(value: object) -> str:
    """One cell of an ODS table, as LibreOffice writes it."""
    if value is None:
        return "<table:table-cell/>"
    kind, given = "string", ""
    if isinstance(value, bool):
        kind, given = "boolean", f' office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, (int, float)):
        kind, given = "float", f' office:value="{value!r}"'
    elif isinstance(value, (date, datetime)):
        kind, given = "date", f' office:date-value="{value.isoformat()}"'
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in str(value).split("\n"))
    return f'<table:table-cell office:value-type="{kind}"{given}>{lines}</table:table-cell>'


def ods(rows: Iterable[Sequence[object]], *, inside: str = "", parts: Mapping[str, bytes] | None = None) -> bytes:
    """An ODS document. `inside`: XML of further rows; `parts`: further parts of the archive."""
    table = "".join(
        f"<table:table-row>{''.join(map(ods_cell, row)) or ods_cell(None)}</table:table-row>" for row in rows
    )
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_ODS_SPACES} {_ODS_ERRORS}><office:body>'
        f'<office:spreadsheet><table:table table:name="数据">{table}{inside}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(zipfile.ZipInfo("META-INF/manifest.xml"), "<manifest/>")
        archive.writestr(zipfile.ZipInfo("content.xml"), text, zipfile.ZIP_DEFLATED)
        for name, content in (parts or {}).items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def parquet(table: pl.DataFrame) -> bytes:
    """A Parquet file."""
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


def compound_file(*names: str) -> bytes:
    """A compound file (OLE) with empty streams of these names."""
    free, end, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    head = OLE_HEADER + bytes(16) + struct.pack("<5H6x", 62, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)
    entries = [("Root Entry", 5), *((name, 2) for name in names)]
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HBB3I", 2 * len(name) + 2, kind, 1, free, free, free)
        + bytes(36)
        + struct.pack("<IQ", end, 0)
        for name, kind in entries
    )
    return head + struct.pack("<128I", table, end, *[free] * 126) + directory.ljust(512, b"\0")


def part(archive: bytes, name: str) -> bytes:
    """One part of an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read(name)


def encrypted_xls(book: bytes) -> bytes:
    """An XLS whose second record says that the rest is encrypted."""
    place = book.index(struct.pack("<HH", 0x0809, 16)) + 20
    return book[:place] + struct.pack("<H", 0x002F) + book[place + 2 :]


def macro_sheet(book: bytes) -> bytes:
    """An XLS whose sheet calls itself a sheet of Excel 4 macros."""
    place = book.index(struct.pack("<H", 0x0085), 512)
    return book[: place + 9] + b"\x01" + book[place + 10 :]


def looping(book: bytes) -> bytes:
    """An XLS each of whose sectors is followed by the first one."""
    (table,) = struct.unpack_from("<I", book, 76)
    start = (table + 1) * 512
    return book[:start] + bytes(512) + book[start + 512 :]
