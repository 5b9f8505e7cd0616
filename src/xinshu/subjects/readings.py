"""How names are read: pinyin without tones, by character, with the usual reading of names where a character has several.

Brackets and signs are left out: 甲乙(A市) is read jia yi a shi. Beside each name are stored the keys by which it is found
(`reading_keys`): syllables in pairs and first letters in threes, so that a typed reading is a few whole keys for the
index and one plain text for the second look. Source of the readings: pypinyin's table of characters; the readings that
differ in names are our own list [recalled].
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path

from xinshu.kernel.text import normalise_name

_IN_NAMES = (
    "长chang 重zhong 行xing 都du 乐le 盛sheng 会hui 单dan 和he 朝chao 藏zang 种zhong 传chuan 曾zeng 参can 便bian 薄bo 卜bu"
    " 万wan 区qu 仇chou 石shi 大da 地di 的de 厦sha 蚌bang 六liu 合he 调diao 率lv 车che 贾jia 翟zhai 育yu 系xi 校xiao 省sheng"
    " 尔er 圳zhen 广guang 厂chang 卡ka"
)
_IN_WORDS = (
    "银行yin-hang 商行shang-hang 车行che-hang 分行fen-hang 支行zhi-hang 琴行qin-hang 药行yao-hang 行业hang-ye 重庆chong-qing"
    " 厦门xia-men 成长cheng-zhang 音乐yin-yue 乐器yue-qi 会计kuai-ji 六安lu-an 蚌埠beng-bu 西藏xi-zang 调味tiao-wei"
)
_WORDS = {each[:2]: each[2:].replace("-", " ") + " " for each in _IN_WORDS.split()}
_SPECIAL = re.compile("|".join(_WORDS))
FEWEST_SYLLABLES = 2
FEWEST_INITIALS = 3
_LONGEST_SYLLABLE = 6
_MOST_SPLITS = 8


def _toneless(reading: str) -> str:
    plain = unicodedata.normalize("NFD", reading.replace("ü", "v"))
    plain = plain.replace("u\u0308", "v")
    return "".join(char for char in plain if "a" <= char <= "z")


def _characters() -> Mapping[int, str]:
    """{code point: readings with tones, the usual one first}: pypinyin's table of characters and nothing else of it.

    Importing the package would read its dictionary of phrases too: 44 MB of every process for what nobody here asks.
    """
    package = find_spec("pypinyin")
    places = package.submodule_search_locations if package else None
    spec = spec_from_file_location("pinyin_dict", Path(next(iter(places or ()))) / "pinyin_dict.py")
    if spec is None or spec.loader is None:
        raise ImportError("pypinyin.pinyin_dict")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    table: Mapping[int, str] = module.pinyin_dict
    return table


@cache
def syllables() -> dict[int, str]:
    """{code point: toneless syllable} of every character with a reading, letters and digits being their own."""
    table = {code: _toneless(readings.split(",")[0]) for code, readings in _characters().items()}
    table |= {ord(each[0]): each[1:] for each in _IN_NAMES.split()}
    return table | {ord(char): char.lower() for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}


@cache
def _table() -> dict[int, str]:
    return {code: f"{syllable} " for code, syllable in syllables().items() if syllable}


@cache
def _known() -> frozenset[str]:
    return frozenset(syllable for syllable in syllables().values() if len(syllable) > 1) | {"a", "e", "o"}


def syllables_of(name_norm: str) -> list[str]:
    """The syllables of a comparable name; each letter and digit is one."""
    text = _SPECIAL.sub(lambda found: _WORDS[found[0]], name_norm) if _SPECIAL.search(name_norm) else name_norm
    table = _table()
    return "".join(char if char == " " or "a" <= char <= "z" else table.get(ord(char), "") for char in text).split()


def pairs_of(syllables: Sequence[str]) -> list[str]:
    """Syllables side by side: heng-rui rui-fang."""
    return [f"{one}-{other}" for one, other in pairwise(syllables)]


def threes_of(letters: str) -> list[str]:
    """First letters in threes: hrf rfz."""
    return [letters[n : n + FEWEST_INITIALS] for n in range(len(letters) - FEWEST_INITIALS + 1)]


def reading_keys(name_norm: str) -> str:
    """The keys of a comparable name in the order of its characters, with spaces between: pairs, then threes."""
    read = syllables_of(name_norm)
    return " ".join((*pairs_of(read), *threes_of("".join(each[0] for each in read))))


def typed_pinyin(text: str) -> str:
    """Lower-case letters, digits and single spaces of something typed in letters only; "" for anything else."""
    plain = normalise_name(text.replace("'", " ").replace(" ", "\x1f")).replace("\x1f", " ").lower()
    plain = " ".join(plain.replace("ü", "v").split())
    return plain if plain and all(char.isascii() and (char.isalnum() or char == " ") for char in plain) else ""


def split_syllables(typed: str) -> list[tuple[str, ...]]:
    """The ways to read letters as syllables, fewest first; the last one may be begun only. Spaces separate for sure."""
    ways: list[tuple[str, ...]] = [()]
    for word in typed.split():
        ways = [(*way, *more) for way in ways for more in _ways(word)][:_MOST_SPLITS]
    return sorted((way for way in ways if len(way) >= FEWEST_SYLLABLES), key=len)


def _ways(word: str, *, first: bool = True) -> list[tuple[str, ...]]:
    """The ways through one run of letters. A single letter counts at its beginning (A市) or as what is just being typed."""
    if not word:
        return [()]
    found: list[tuple[str, ...]] = []
    for length in range(min(_LONGEST_SYLLABLE, len(word)), 0, -1):
        head, rest = word[:length], word[length:]
        begun = not rest and any(each.startswith(head) for each in _known())
        if head in _known() or head.isdigit() or begun or (first and length == 1 and not found):
            found += [(head, *more) for more in _ways(rest, first=False)]
        if len(found) >= _MOST_SPLITS:
            break
    return found[:_MOST_SPLITS]
