"""Cells that a workbook parser would pass by in silence, given a text: error values, and formulas without a result.

Calamine reads both as empty. Here the XML of the sheets that have such cells is rewritten before it is parsed, so that
an error arrives as its name (#DIV/0!) and a formula that was never calculated as `UNCALCULATED`. One parser stays in
charge of where a cell lies. The archive has passed `safety` before.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from xinshu.catalogue.checks.inspection import UNCALCULATED

_BLOCK = 1 << 20
_MARK = UNCALCULATED.encode()
_PREFIX = rb"(?:[A-Za-z_][\w.-]*:)?"

_XLSX_ERROR = re.compile(rb"""(<%sc\b[^<>]*?\st\s*=\s*)(["'])e\2""" % _PREFIX)
_XLSX_FORMULA = re.compile(
    rb"<(?P<prefix>%s)c\b(?P<attributes>[^<>]*)>\s*<%sf\b(?:[^<>]*/>|[^<>]*>[^<]*</%sf\s*>)\s*"
    rb"(?P<value><%sv\b[^<>]*/>|<%sv\b[^<>]*>\s*</%sv\s*>)?\s*</%sc\s*>" % ((_PREFIX,) * 7)
)
_XLSX_TYPE = re.compile(rb"""\st\s*=\s*(?:"([^"]*)"|'([^']*)')""")

_ODS_CELL = re.compile(rb"<table:table-cell\b[^<>]*>")
_ODS_ERROR = re.compile(rb"""calcext:value-type\s*=\s*["']error["']""")
_ODS_STRING_VALUE = re.compile(rb"""\soffice:string-value\s*=\s*(?:"[^"]*"|'[^']*')""")

Rewrite = Callable[[bytes], bytes]


def mended_xlsx(path: Path) -> BinaryIO:
    """The workbook, with the cells above given a text."""
    return _mended(path, lambda name: name.startswith("xl/worksheets/"), _xlsx, b"row>")


def mended_ods(path: Path) -> BinaryIO:
    """The document, with the cells above given a text."""
    return _mended(path, lambda name: name == "content.xml", _ods, b"table-row>")


def _mended(path: Path, is_sheet: Callable[[str], bool], rewrite: Rewrite, end: bytes) -> BinaryIO:
    """A copy in memory with its sheets rewritten; the file's own bytes when there is nothing to rewrite."""
    with zipfile.ZipFile(path) as archive:
        sheets = {each.filename for each in archive.infolist() if is_sheet(each.filename.lower())}
        strange = {
            each for each in sheets if any(rewrite(piece) is not piece for piece in _rows(_blocks(archive, each), end))
        }
        if not strange:
            return io.BytesIO(path.read_bytes())
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
            for name in dict.fromkeys(archive.namelist()):
                blocks = _blocks(archive, name)
                entry = zipfile.ZipInfo(name)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with copy.open(entry, "w", force_zip64=True) as target:
                    for piece in map(rewrite, _rows(blocks, end)) if name in strange else blocks:
                        target.write(piece)
    buffer.seek(0)
    return buffer


def _blocks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as part:
        while block := part.read(_BLOCK):
            yield block


def _rows(blocks: Iterator[bytes], end: bytes) -> Iterator[bytes]:
    """The same bytes in pieces that each stop after a row's end, so that no cell is cut in two."""
    held: list[bytes] = []
    for block in blocks:
        held.append(block)
        if end in block:
            piece = b"".join(held)
            cut = piece.rindex(end) + len(end)
            held = [piece[cut:]]
            yield piece[:cut]
    yield b"".join(held)


def _xlsx(piece: bytes) -> bytes:
    changed = _XLSX_ERROR.sub(rb'\1"str"', piece) if b'"e"' in piece or b"'e'" in piece else piece
    changed = _XLSX_FORMULA.sub(_uncalculated, changed) if b"<f" in piece or b":f" in piece else changed
    return changed if changed != piece else piece


def _uncalculated(found: re.Match[bytes]) -> bytes:
    attributes = found["attributes"]
    kind = _XLSX_TYPE.search(attributes)
    if kind and b"str" in (kind[1], kind[2]) and found["value"]:
        return found[0]  # a formula whose result is an empty text
    rest, prefix = _XLSX_TYPE.sub(b"", attributes), found["prefix"]
    return b'<%sc%s t="str"><%sv>%s</%sv></%sc>' % (prefix, rest, prefix, _MARK, prefix, prefix)


def _ods(piece: bytes) -> bytes:
    if b"table:formula" not in piece and b"calcext:value-type" not in piece:
        return piece
    changed = _ODS_CELL.sub(_ods_cell, piece)
    return changed if changed != piece else piece


def _ods_cell(found: re.Match[bytes]) -> bytes:
    tag = found[0]
    if _ODS_ERROR.search(tag):
        return _ODS_STRING_VALUE.sub(b"", tag)  # then the text shown in the cell counts
    if b"table:formula" in tag and b"office:value-type" not in tag:
        close = b"/>" if tag.endswith(b"/>") else b">"
        return tag[: -len(close)] + b' office:value-type="string" office:string-value="' + _MARK + b'"' + close
    return tag
