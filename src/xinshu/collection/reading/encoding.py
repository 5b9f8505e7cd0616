"""Which encoding and which delimiter a text file has, judged by its first part."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice

from xinshu.catalogue.domain import CatalogueItem
from xinshu.collection.reading.shape import HEADING_ROWS, count_known, title_map

DELIMITERS = (",", "\t", ";", "|")
_BOMS = (  # those of UTF-32 first: one begins like that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NUL_SHARE = 20  # more than one NUL in so many characters: another encoding
_SURE_BYTES = (
    400  # continuation bytes of 200 Chinese characters, each of which another encoding would have to hit by chance
)
_CANDIDATES = ("utf-8", "gb18030", "big5hkscs", "utf-16-le", "utf-16-be")
# The most frequent characters of such texts, simplified and traditional: they tell encodings apart that both decode.
_COMMON = frozenset(
    "的一是在有人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形"
    "市公司有限省县区处罚许可决定书号名称统信用代码企业法定表局关单位登记类别日期金额内容違這為來個們時國學說產後經電體製機當從業與統"
    "號處罰許決書稱縣區額營執照關單設機關類別據實際證備註"
)


def detect_encoding(head: bytes, item: CatalogueItem) -> str | None:
    """The encoding of a text file, or None when no candidate fits. `head` is its first part, cut anywhere.

    A byte-order mark decides; else the candidate that decodes and reads most like a heading and Chinese text.
    """
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    if _surely_utf8(head):
        return "utf-8"
    best: tuple[float, str] | None = None
    for place, encoding in enumerate(_CANDIDATES):
        text = _decode(head, encoding)
        if text is None:
            continue
        score = _likeness(text, item) - place * 1e-6
        if best is None or score > best[0]:
            best = (score, encoding)
    return best[1] if best else None


def detect_delimiter(text: str, item: CatalogueItem) -> str:
    """The delimiter under which the first rows hold most of the item's headings; a comma when all are equal."""
    known = title_map(item)
    scores = {
        mark: max((count_known(row, known) for row in first_records(text, mark)), default=0) for mark in DELIMITERS
    }
    return max(DELIMITERS, key=lambda mark: scores[mark])


def first_records(text: str, delimiter: str) -> list[list[str]]:
    """The first records of a text, at most `HEADING_ROWS`; the last one may be cut off."""
    return list(islice(csv_records(text, delimiter), HEADING_ROWS))


def csv_records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The records of a text (LF line ends) as the csv module reads them, cells of any length."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # the module's one limit for all readers
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _surely_utf8(head: bytes) -> bool:
    """Whether it decodes as UTF-8 with so many characters beyond ASCII that no other encoding can look like it."""
    try:
        text = codecs.getincrementaldecoder("utf-8")(errors="strict").decode(head)
    except UnicodeDecodeError:
        return False
    return "\0" not in text and len(head) - len(text) >= _SURE_BYTES


def _decode(head: bytes, encoding: str) -> str | None:
    """The text, allowing for a last character cut in two; None when it does not decode or holds NUL characters."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    try:
        text = decoder.decode(head)
    except UnicodeDecodeError as problem:
        if encoding != "utf-8" or problem.start < len(head) // 2:
            return _damaged(head) if encoding == "utf-8" else None
        text = head.decode(encoding, errors="replace")
    return None if text.count("\0") * _NUL_SHARE > len(text) else text


def _damaged(head: bytes) -> str | None:
    """UTF-8 with a few bad bytes is still UTF-8: its damaged cells become findings."""
    text = head.decode("utf-8", errors="replace")
    return text if text.count("\ufffd") * 50 <= sum(char > "\x7f" for char in text) else None


def _likeness(text: str, item: CatalogueItem) -> float:
    wide = [char for char in text[:20_000] if char > "\x7f"]
    common = sum(char in _COMMON for char in wide) / len(wide) if wide else 0.5
    known = title_map(item)
    titles = max(
        (count_known(row, known) for mark in DELIMITERS for row in first_records(text[:20_000], mark)), default=0
    )
    strange = sum("\ue000" <= char <= "\uf8ff" or char == "\ufffd" for char in wide) / len(wide) if wide else 0.0
    return titles + 5 * common - 5 * strange
