"""The word lists and templates of a demo profile: `demo.yaml` and `texts.yaml`, loaded and held to their shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from xinshu.demo.errors import WordsInvalid
from xinshu.kernel.profiles import Profile

NAMES_FILE = "demo.yaml"
TEXTS_FILE = "texts.yaml"


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the rows an item has, in how many files at most (per 100 000 rows), and which departments send it."""

    share: float
    files: int
    suppliers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """A line of business: GB/T 4754 class, its word in a name, words behind it (shops), lines of business scope."""

    industry: str
    word: str
    forms: tuple[str, ...]
    scope: str


@dataclass(frozen=True, slots=True)
class CompanyForm:
    """How a company's name ends, its registered type, and how frequent it is."""

    ending: str
    entity_type: str
    weight: float


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of penalty, permit, commitment …: which departments issue it (empty: any) and its texts by key."""

    kinds: frozenset[str]
    texts: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.texts[key]


@dataclass(frozen=True, slots=True)
class NumberWords:
    """How large a number is: log-normal around `median`, or around `median` times the number in column `of`."""

    median: float = 1.0
    spread: float = 0.8
    least: float = 0.01
    most: float = 1e9
    whole: bool = False
    share: float = 1.0  # of the rows that have the number, where it is not required
    of: str = ""


@dataclass(frozen=True, slots=True)
class DateWords:
    """A date `least` to `most` days after column `of` (empty: the event)."""

    of: str = ""
    least: int = 0
    most: int = 0
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """Texts that belong together in one row, by column code; several texts are alternatives."""

    weight: float
    kinds: frozenset[str]
    fields: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class RecordWords:
    """Words for the rows of one item made from its declaration.

    `fields` for every row; then one of `cases` and one of `states` (which override). `back`: days within which events
    lie; `persons`: share of natural persons; 0 for the usual.
    """

    back: int = 0
    persons: float = 0.0
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    states: tuple[Case, ...] = ()
    numbers: Mapping[str, NumberWords] = field(default_factory=dict)
    dates: Mapping[str, DateWords] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """All words of a profile. `lists` holds the plain lists of texts.yaml by name; `templates` those of templates."""

    shares: Mapping[str, Share]
    surnames: str
    given: str
    trade_characters: str
    companies: tuple[Trade, ...]
    shops: tuple[Trade, ...]
    farms: tuple[Trade, ...]
    forms: tuple[CompanyForm, ...]
    streets: tuple[str, ...]
    towns: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]]
    templates: Mapping[str, tuple[Template, ...]]
    outcomes: Mapping[str, str]
    records: Mapping[str, RecordWords]

    def of_kind(self, name: str, kind: str) -> tuple[Template, ...]:
        """The templates of that name which a kind of department issues; all of them when it issues none itself."""
        every = self.templates[name]
        return tuple(each for each in every if kind in each.kinds) or every


_LISTS = (
    "goods",
    "evidence",
    "discretion",
    "outcome_end",
    "breach",
    "breaches_of_contract",
    "opinions",
    "removals",
    "sanctions",
)
_TEMPLATES = {
    "penalties": ("domain", "code", "behaviour", "fact", "basis"),
    "permits": ("paper", "kind", "prefix", "years", "code", "content"),
    "commitments": ("kind", "matter", "content"),
    "contracts": ("kind", "name"),
    "serious": ("list", "name", "code", "reason", "basis"),
}


def load_words(profile: Profile) -> Words:
    """The words of a profile that has both files.

    Raises:
        WordsInvalid: a file is missing, is not YAML, or lacks a key.
    """
    names, texts = _open(profile, NAMES_FILE), _open(profile, TEXTS_FILE)
    try:
        return _words(names, texts)
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        raise WordsInvalid(
            f"{NAMES_FILE} 或 {TEXTS_FILE} 缺少内容或写法不对：{problem}", fix="对照 profiles/demo 下的同名文件补齐"
        ) from problem


def _open(profile: Profile, name: str) -> dict[str, Any]:
    path = profile.find(name)
    if path is None:
        raise WordsInvalid(
            f"区域配置 {profile.name} 没有 {name}，不能生成演示数据", fix="改用 demo 配置，或为该配置补上此文件"
        )
    return _mapping(path)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise WordsInvalid(f"{path.name} 无法读取：{problem}", fix="存为 UTF-8 编码的 YAML") from problem
    if not isinstance(content, dict):
        raise WordsInvalid(f"{path.name} 应为键和值", fix="对照 profiles/demo 下的同名文件")
    return content


def _words(names: dict[str, Any], texts: dict[str, Any]) -> Words:
    return Words(
        shares={
            item: Share(float(each["share"]), int(each["files"]), tuple(each["suppliers"]))
            for item, each in names["shares"].items()
        },
        surnames=names["surnames"],
        given=names["given"],
        trade_characters="".join(dict.fromkeys(names["trade_characters"])),
        companies=tuple(_trade(each) for each in names["company_industries"]),
        shops=tuple(_trade(each) for each in names["shop_trades"]),
        farms=tuple(_trade(each) for each in names["farm_trades"]),
        forms=tuple(CompanyForm(str(each[0]), str(each[1]), float(each[2])) for each in names["company_forms"]),
        streets=tuple(names["streets"]),
        towns=tuple(names["towns"]),
        lists={name: tuple(str(each) for each in texts[name]) for name in _LISTS},
        templates={name: tuple(_template(each, keys) for each in texts[name]) for name, keys in _TEMPLATES.items()},
        outcomes=dict(texts["outcomes"]),
        records={item: _record(each) for item, each in texts["records"].items()},
    )


def _record(entry: dict[str, Any]) -> RecordWords:
    return RecordWords(
        int(entry.get("back", 0)),
        float(entry.get("persons", 0)),
        _alternatives(entry.get("fields", {})),
        tuple(_case(each) for each in entry.get("cases", ())),
        tuple(_case(each) for each in entry.get("states", ())),
        {code: NumberWords(**each) for code, each in entry.get("numbers", {}).items()},
        {code: DateWords(**each) for code, each in entry.get("dates", {}).items()},
    )


def _case(entry: dict[str, Any]) -> Case:
    texts = {code: text for code, text in entry.items() if code not in ("weight", "kinds")}
    return Case(float(entry.get("weight", 1)), frozenset(entry.get("kinds", ())), _alternatives(texts))


def _alternatives(texts: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """{column code: texts}; one text alone stands for a list of one."""
    return {code: tuple(map(str, each)) if isinstance(each, list) else (str(each),) for code, each in texts.items()}


def _trade(entry: list[Any]) -> Trade:
    forms = tuple(entry[2]) if isinstance(entry[2], list) else ()
    scope = entry[3:] if forms else entry[2:]
    return Trade(str(entry[0]), str(entry[1]), forms, "；".join(scope))


def _template(entry: dict[str, Any], keys: tuple[str, ...]) -> Template:
    texts = {key: str(entry[key]) for key in keys}
    texts["parties"] = "、".join(entry.get("parties", ()))
    return Template(frozenset(entry.get("kinds", ())), texts)
