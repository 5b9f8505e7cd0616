"""Cleaning text cells and comparing names.

Everything a columnar checker needs is exported as data, so that it and these functions share one source:
one-character replacement tables (`CELL_CHARACTERS`, `NAME_CHARACTERS`: apply with `str.translate` or Polars
`replace_many`), `WHITE_SPACE` (a set of characters to strip at both ends) and patterns without look-around or
back references, written in the syntax that Python `re` and Rust `regex` share.

Source: docs/checks.md "Before checking" and "One cell" [proposed].
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""Stripped at both ends of a cell: every Unicode white space; the separators U+001C-001F are control characters."""

_INVISIBLE_CODES: tuple[int, ...] = (
    0x00AD,  # soft hyphen
    0x034F,  # combining grapheme joiner
    0x061C,  # Arabic letter mark (bidi)
    0x180E,  # Mongolian vowel separator
    *range(0x200B, 0x2010),  # zero-width space, joiners, left-to-right and right-to-left marks
    *range(0x202A, 0x202F),  # bidi embeddings and overrides
    *range(0x2060, 0x2070),  # word joiner, invisible operators, bidi isolates
    0xFEFF,  # byte order mark
)
INVISIBLE = "".join(map(chr, _INVISIBLE_CODES))
"""Characters without width: dropped wherever they stand in a cell."""

_FULL_WIDTH_ALNUM: Mapping[str, str] = {
    chr(code): chr(code - 0xFEE0) for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
FULL_WIDTH_ALNUM_PATTERN = "[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]"

CELL_CHARACTERS: Mapping[str, str] = {**dict.fromkeys(INVISIBLE, ""), **_FULL_WIDTH_ALNUM}
"""{character: replacement} of `normalise_cell`; strip `WHITE_SPACE` afterwards."""

_OPENING = "（(〔［[【〈《｛{「『〖﹙﹝⟨⦅｟"
_CLOSING = "）)〕］]】〉》｝}」』〗﹚﹞⟩⦆｠"
_MIDDLE_DOTS = "·•‧・∙⋅･⸱\u0387ᐧ●"
_ASCII_LOWER = "abcdefghijklmnopqrstuvwxyz"


def _name_characters() -> dict[str, str]:
    table = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    compatibility = (*range(0x2E80, 0x2FD6), *range(0xF900, 0xFB00), *range(0x2F800, 0x2FA1E))
    for char in map(chr, compatibility):  # radicals and compatibility ideographs: look-alikes of ordinary ones
        plain = unicodedata.normalize("NFKC", char)
        if len(plain) == 1 and plain != char:
            table[char] = plain
    table |= dict.fromkeys(INVISIBLE + WHITE_SPACE, "")
    table |= dict.fromkeys(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))), "")  # variation selectors
    table |= {char: char.upper() for char in _ASCII_LOWER}
    table |= {chr(ord(char) + 0xFEE0): char.upper() for char in _ASCII_LOWER}
    table |= dict.fromkeys(_OPENING, "(") | dict.fromkeys(_CLOSING, ")") | dict.fromkeys(_MIDDLE_DOTS, "·")
    return {key: value for key, value in table.items() if key != value}


NAME_CHARACTERS: Mapping[str, str] = _name_characters()
"""{character: replacement} of `normalise_name`: one pass, nothing else to do; no replacement is itself replaced."""

DOCUMENT_CHARACTERS: Mapping[str, str] = {
    **{char: "" if other in {"(", ")"} else other for char, other in NAME_CHARACTERS.items()},
    **dict.fromkeys("()第號号", ""),
}
"""{character: replacement} of `document_key`."""

_C1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # what Windows-1252 shows for the bytes 80-9F
_TAIL = f"[\u0080-\u00bf{_C1252}]"  # a UTF-8 continuation byte read as Latin-1 or Windows-1252
GARBLED_PATTERN = "|".join(
    (
        "[\ufffd\ufffe\uffff]",  # replacement character, non-characters
        "[\ue000-\uf8ff\U000f0000-\U0010ffff]",  # private use
        "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0080-\u0084\u0086-\u009f]",  # control characters but tab, line ends, NEL
        "锟斤|斤拷|烫烫烫|屯屯屯",  # U+FFFD read as GBK; uninitialised memory read as GBK
        "鏈夐檺|鍏徃|涓浗|浜烘皯|琛屾斂",  # 有限, 公司, 中国, 人民, 行政 in UTF-8 read as GBK
        f"[ÂÃ]{_TAIL}",  # a two-byte UTF-8 character read as Latin-1
        f"[\u00e0-\u00ef]{_TAIL}{{2}}",  # a three-byte one
        f"(?:[\u00c2-\u00d6\u00d8-\u00f4]{_TAIL}{{1,3}}){{2,}}",  # several, some having lost a soft hyphen
        # GBK read as Latin-1: two or more pairs; × and · are left out of the lead, people write ×× for a hidden part
        "(?:[\u00b0-\u00b6\u00b8-\u00d6\u00d8-\u00f6\u00f8-\u00fe][\u00a1-\u00fe]){2,}",
    )
)

PLACEHOLDER_PATTERN = (
    r"(?i)^(?:无+|没有|暂无(?:数据|信息)?|无(?:数据|内容|信息)|未知|不详|不明|不清楚|不适用|空白?|待[定补填查](?:充|写)?|待完善|待核实"
    r"|测试(?:数据|单位|企业|公司)?[0-9]*|test[0-9]*|null|none|nil|nan|n[/／]?a|undefined|0+|x+|×+"
    r"|[-－—–_/／\\＼|｜.．。、，,;；:：*＊?？#＃~～…·+=]+)$"
)

_CELL_TABLE = str.maketrans(dict(CELL_CHARACTERS))
_NAME_TABLE = str.maketrans(dict(NAME_CHARACTERS))
_DOCUMENT_TABLE = str.maketrans(dict(DOCUMENT_CHARACTERS))
_UPPER_TABLE = str.maketrans(_ASCII_LOWER, _ASCII_LOWER.upper())
_FULL_WIDTH = re.compile(FULL_WIDTH_ALNUM_PATTERN)
_GARBLED = re.compile(GARBLED_PATTERN)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLACEHOLDER = re.compile(PLACEHOLDER_PATTERN)


def normalise_cell(text: str) -> str:
    """The cell without invisible characters and outer white space, full-width letters and digits made half-width.

    Punctuation keeps its width (Chinese text uses the full-width marks). Idempotent.
    """
    return (text if text.isascii() else text.translate(_CELL_TABLE)).strip(WHITE_SPACE)  # ASCII has none of them


def normalise_name(text: str) -> str:
    """A name in the form used for comparison, never for display.

    Half-width, upper-case (a-z only), no white space, every bracket as ( or ), every middle dot as ·, compatibility
    ideographs as their ordinary forms. Idempotent.
    """
    return text.translate(_NAME_TABLE)


def document_key(text: str) -> str:
    """The number of a document in the form used for comparison: as a name, and without brackets, 第 and 号 [proposed].

    A环罚〔2026〕17号, A环罚[2026]第17号 and a环罚 2026 17 have one key. Idempotent.
    """
    return text.translate(_DOCUMENT_TABLE)


def upper_ascii(text: str) -> str:
    """a-z as A-Z and nothing else: `str.upper` would turn ſ into S and ß into SS, which a code must not gain."""
    return text.translate(_UPPER_TABLE)


def has_full_width_alnum(text: str) -> bool:
    """Whether a full-width letter or digit stands in the text (before normalising): rule `text.width`."""
    return not text.isascii() and _FULL_WIDTH.search(text) is not None


def is_garbled(text: str) -> bool:
    """Whether the text holds replacement, private-use or control characters, or mojibake: rule `text.garbled`."""
    return _GARBLED.search(text) is not None or (not text.isascii() and _SURROGATE.search(text) is not None)


def is_placeholder(text: str) -> bool:
    """Whether the whole cell only stands for "nothing" (无, /, 测试 …): rule `text.placeholder`. Empty is not one."""
    return _PLACEHOLDER.match(normalise_cell(text)) is not None
