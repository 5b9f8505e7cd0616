"""The words names are made of: `names/*.yaml` of a profile and its divisions.

`names/forms.yaml` legal forms, branches and bracket marks; `names/trades.yaml` lines of business; `names/offices.yaml`
renamed government bodies. Base first, a later profile's words are added. All words are held in comparable form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from xinshu.catalogue.reference import Divisions, load_divisions
from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile
from xinshu.kernel.text import normalise_name

_ENDINGS = (
    "维吾尔自治区",
    "壮族自治区",
    "回族自治区",
    "特别行政区",
    "自治区",
    "自治州",
    "自治县",
    "地区",
    "省",
    "市",
    "县",
    "盟",
    "旗",
)
_PEOPLES = re.compile(r"^(.{2,3}?)(?:.{1,5}族)+$")


class VocabularyInvalid(ProfileInvalid):
    """A file of name words cannot be used; the message names file and entry."""

    code = "subjects.vocabulary_invalid"


@dataclass(frozen=True, slots=True)
class Form:
    """A legal form. Words of one kind with `same` are one form; `general` lists the kinds it may be short for."""

    word: str
    kind: str
    same: bool
    general: frozenset[str]


@dataclass(frozen=True, slots=True)
class Renamed:
    """The ending of a government body's name before and after a reform."""

    former: str
    now: str
    reform: str


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """All words, each under its comparable form. `regions`: name, full or short, to GB/T 2260 codes, retired ones too."""

    divisions: Divisions
    regions: Mapping[str, tuple[str, ...]]
    forms: Mapping[str, Form]
    trades: frozenset[str]
    branches: frozenset[str]
    bracket_marks: frozenset[str]
    remarks: tuple[str, ...]
    renamed: tuple[Renamed, ...]

    @cached_property
    def region_heads(self) -> dict[str, tuple[int, ...]]:
        """{first two characters of a region: lengths of the regions that begin so, the longest first}."""
        found: dict[str, set[int]] = {}
        for name in self.regions:
            found.setdefault(name[:2], set()).add(len(name))
        return {head: tuple(sorted(lengths, reverse=True)) for head, lengths in found.items()}

    @cached_property
    def trade_tails(self) -> frozenset[str]:
        """The last two characters of every trade."""
        return frozenset(word[-2:] for word in self.trades)

    @cached_property
    def form_tails(self) -> frozenset[str]:
        """The last character of every form."""
        return frozenset(word[-1] for word in self.forms)

    @cached_property
    def branch_tails(self) -> frozenset[str]:
        """The last character of every word for a branch."""
        return frozenset(word[-1] for word in self.branches)

    def without_remark(self, name_norm: str) -> str:
        """A comparable name without a remark in brackets at its end."""
        found = next((each for each in self.remarks if name_norm.endswith(each)), "") if name_norm[-1:] == ")" else ""
        return name_norm.removesuffix(found)

    def today(self, codes: Iterable[str]) -> frozenset[str]:
        """The codes in force that these, in force or retired, stand for today."""
        return frozenset(found for code in codes for found in self.divisions.resolve(code))

    def above(self, code: str) -> Iterator[str]:
        """The divisions a code in force lies in, the nation apart."""
        at = self.divisions.parent(code)
        while at and self.divisions.parent(at):
            yield at
            at = self.divisions.parent(at)

    def retired(self, codes: Iterable[str]) -> bool:
        """Whether every one of these codes has been retired."""
        return all(code in self.divisions.retired for code in codes)


def load_vocabulary(profile: Profile) -> Vocabulary:
    """The words of a profile.

    Raises:
        VocabularyInvalid: a file is not YAML, or an entry lacks a key or has a value of another kind.
        ReferenceInvalid: the divisions cannot be used.
    """
    forms: dict[str, Form] = {}
    branches: set[str] = set()
    marks: set[str] = set()
    remarks: set[str] = set()
    trades: set[str] = set()
    renamed: list[Renamed] = []
    for path in profile.every("names/forms.yaml"):
        content = _mapping(path, "forms", "branches", "bracket_marks", "remarks")
        forms |= {each.word: each for each in _forms(path, content.get("forms", []))}
        branches |= set(_words(path, "branches", content.get("branches", [])))
        remarks |= {f"({each})" for each in _words(path, "remarks", content.get("remarks", []))}
        marks |= set(_words(path, "bracket_marks", content.get("bracket_marks", [])))
    for path in profile.every("names/trades.yaml"):
        groups = _mapping(path, "trades").get("trades", {})
        if not isinstance(groups, dict):
            raise _invalid(path, "trades 应为“门类: [词, …]”")
        trades |= {word for name, words in groups.items() for word in _words(path, str(name), words)}
    for path in profile.every("names/offices.yaml"):
        renamed += _renamed(path, _mapping(path, "renamed").get("renamed", []))
    divisions = load_divisions(profile)
    return Vocabulary(
        divisions,
        region_names(divisions),
        forms,
        frozenset(trades),
        frozenset(branches),
        frozenset(marks),
        tuple(sorted(remarks)),
        tuple(renamed),
    )


def region_names(divisions: Divisions) -> dict[str, tuple[str, ...]]:
    """Names by which divisions stand in names of organisations: the full one, and without its ending (南京, 昆山) where two
    characters are left. A district is known by its full name only: 鼓楼, 江宁 are too often something else."""
    found: dict[str, set[str]] = {}
    for code, each in divisions.by_code.items():
        if each.level > 0:
            for name in {normalise_name(each.name), *_short(normalise_name(each.name))}:
                found.setdefault(name, set()).add(code)
    return {name: tuple(sorted(codes)) for name, codes in found.items() if name}


def _short(name: str) -> Iterator[str]:
    ending = next((each for each in _ENDINGS if name.endswith(each)), "")
    rest = name.removesuffix(ending)
    peoples = _PEOPLES.match(rest)
    rest = peoples[1] if peoples else rest
    if ending and len(rest) >= 2:
        yield rest


def _forms(path: Path, entries: Any) -> Iterator[Form]:
    if not isinstance(entries, list):
        raise _invalid(path, "forms 应为列表")
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str):
            raise _invalid(path, f"forms 第{number}项缺少 kind")
        general = frozenset(str(each) for each in entry.get("general", ()))
        for word in _words(path, f"forms 第{number}项", entry.get("words")):
            yield Form(word, entry["kind"], bool(entry.get("same")), general)


def _renamed(path: Path, entries: Any) -> Iterator[Renamed]:
    for number, entry in enumerate(entries if isinstance(entries, list) else [None], start=1):
        if not isinstance(entry, dict) or not all(
            isinstance(entry.get(key), str) for key in ("former", "now", "reform")
        ):
            raise _invalid(path, f"renamed 第{number}项应有 former、now、reform")
        yield Renamed(normalise_name(entry["former"]), normalise_name(entry["now"]), entry["reform"])


def _mapping(path: Path, *keys: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise VocabularyInvalid(f"{path.name} 无法读取：{error}", fix="存为 UTF-8 编码的 YAML") from error
    if not isinstance(content, dict) or not set(content) <= set(keys):
        raise _invalid(path, f"应只有 {'、'.join(keys)}")
    return content


def _words(path: Path, place: str, words: Any) -> list[str]:
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise _invalid(path, f"{place} 应为词的列表")
    return [normalise_name(word) for word in words]


def _invalid(path: Path, what: str) -> VocabularyInvalid:
    return VocabularyInvalid(f"names/{path.name}：{what}", fix="对照 profiles/base/names 下的同名文件改正")
