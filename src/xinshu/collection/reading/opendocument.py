"""What an ODS document may be before it is parsed: repeated cells and rows are a few bytes that unfold to gigabytes."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from xinshu.collection.reading.safety import PartWatch, check_entries, far_apart, opened_archive, unpack
from xinshu.collection.reading.shape import ReadPlan

_TAG = re.compile(rb"<(/?)table:(table-row|table-cell|covered-table-cell|table)\b([^<>]*)>")
_REPEATED = re.compile(rb"""table:number-(?:columns|rows)-repeated\s*=\s*["']\s*\+?([0-9]+)\s*["']""")
_FILLED = (b"office:value-type", b"table:formula", b"office:value", b"office:string-value", b"office:date-value")
_MOST_COLUMNS, _MOST_ROWS = 16_384, 1_048_576
_ENCRYPTED = b"manifest:encryption-data"


def check_document(path: Path, plan: ReadPlan) -> None:
    """As `safety.check_workbook`, for ODS."""
    with opened_archive(path, plan) as archive:
        names = check_entries(archive, plan)
        if any(name.startswith(("basic/", "scripts/")) for name in names):
            raise plan.refuse("file.unsafe", "工作簿含有宏", "请另存为不含宏的 .ods 或 .xlsx")
        if _encrypted(archive):
            raise plan.refuse("file.unsafe", "工作簿已加密", "请去掉密码后上传")
        extent = _Extent()
        unpack(archive, plan, lambda name: extent if name == "content.xml" else _Uninteresting())
        if extent.wide or far_apart(extent.width, extent.height, extent.cells):
            raise plan.refuse("file.unsafe", "工作表的单元格过于分散", "请删去数据区以外的单元格，重新另存")


def _encrypted(archive: zipfile.ZipFile) -> bool:
    if "META-INF/manifest.xml" not in archive.namelist():
        return False
    with archive.open("META-INF/manifest.xml") as manifest:
        return _ENCRYPTED in manifest.read(1 << 20)


class _Uninteresting(PartWatch):
    def see(self, text: bytes, block: bytes) -> None:
        """Nothing to look for."""


@dataclass(slots=True)
class _Extent:
    """The largest rectangle a table of the document unfolds to, and the cells that are written out."""

    width: int = 0
    height: int = 0
    cells: int = 0
    wide: bool = False  # a number of repetitions that no spreadsheet has
    _held: bytes = b""
    _row: int = 0
    _column: int = 0
    _repeat: int = 1
    _filled: bool = False

    def see(self, text: bytes, block: bytes) -> None:
        """Follow the tags of the next block; one that is cut waits for its end."""
        del text
        piece = self._held + block if self._held else block
        cut = piece.rfind(b"<") if piece.rfind(b"<") > piece.rfind(b">") else len(piece)
        self._held = piece[cut:]
        for found in _TAG.finditer(piece, 0, cut):
            self._tag(found[1] == b"/", found[2], found[3])

    def _tag(self, closing: bool, name: bytes, attributes: bytes) -> None:
        if name == b"table":
            self._row = 0
        elif name == b"table-row":
            if not closing:
                self._column, self._filled, self._repeat = 0, False, self._times(attributes, _MOST_ROWS)
            if closing or attributes.endswith(b"/"):
                self._row += self._repeat
                if self._filled:
                    self.height = max(self.height, self._row)
        elif not closing:
            self._column += self._times(attributes, _MOST_COLUMNS)
            if not attributes.endswith(b"/") or any(word in attributes for word in _FILLED):
                self._filled = True
                self.cells += 1
                self.width = max(self.width, self._column)

    def _times(self, attributes: bytes, most: int) -> int:
        found = _REPEATED.search(attributes)
        number = int(found[1][:12]) if found else 1
        self.wide = self.wide or number > most
        return number
