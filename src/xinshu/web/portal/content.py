"""What the public website says in its own words: `content.yaml` of the profile, until there is an editor for it.

Services, notices, topics and the pages of the foot are articles of one form. A notice without a date is refused: a page
that does not say how old it is cannot be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import yaml

from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile

FILE = "content.yaml"
KINDS = ("services", "news", "topics", "help", "rights")
_KEYS = {"name", "title", "summary", "icon", "day", "at", "text"}
_DATED = "news"


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of an article: its heading (may be empty) and paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """One page. `name` stands in its address; `icon` is a symbol of parts/icons.svg; `day` is set for notices.

    `at`: the entry leads to this page of the site instead of a text of its own.
    """

    name: str
    title: str
    summary: str = ""
    icon: str = "doc"
    day: date | None = None
    at: str = ""
    text: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """The articles by kind, in the order of the file, notices latest first. A kind without any is empty."""

    services: tuple[Article, ...] = ()
    news: tuple[Article, ...] = ()
    topics: tuple[Article, ...] = ()
    help: tuple[Article, ...] = ()
    rights: tuple[Article, ...] = ()

    @classmethod
    def load(cls, profile: Profile) -> Self:
        """Read `content.yaml`; a profile without one has no articles.

        Raises:
            ProfileInvalid: names the kind, the article and the key.
        """
        path = profile.find(FILE)
        if path is None:
            return cls()
        try:
            whole = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ProfileInvalid(f"{FILE} 无法读取：{error}", fix="存为 UTF-8 编码的 YAML") from error
        if not isinstance(whole, dict) or not set(whole) <= set(KINDS):
            raise ProfileInvalid(f"{FILE}：栏目不能识别", fix=f"可用的栏目：{'、'.join(KINDS)}")
        kinds = {kind: tuple(_article(kind, entry) for entry in listed or ()) for kind, listed in whole.items()}
        for kind, articles in kinds.items():
            names = [each.name for each in articles]
            if len(set(names)) < len(names):
                raise ProfileInvalid(f"{FILE}：{kind} 中有重复的 name", fix="每篇用不同的 name")
        kinds[_DATED] = tuple(sorted(kinds.get(_DATED, ()), key=lambda each: each.day or date.min, reverse=True))
        return cls(**kinds)

    def find(self, kinds: tuple[str, ...], name: str) -> Article | None:
        """The article of one of the kinds with that name, if it has a text."""
        listed = (each for kind in kinds for each in getattr(self, kind))
        return next((each for each in listed if each.name == name and each.text), None)


def _article(kind: str, entry: Any) -> Article:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not isinstance(entry.get("title"), str):
        raise ProfileInvalid(f"{FILE}：{kind} 的一篇缺少 name 或 title", fix="补上这两项，值为文字")
    where = f"{FILE}：{kind} 的 {entry['name']}"
    if unknown := set(entry) - _KEYS:
        raise ProfileInvalid(
            f"{where} 有不能识别的键 {'、'.join(map(str, unknown))}", fix=f"可用：{'、'.join(sorted(_KEYS))}"
        )
    if not entry["name"].isascii() or not entry["name"].replace("-", "").isalnum():
        raise ProfileInvalid(f"{where}：name 用于网址", fix="用英文字母、数字和连字符")
    day = entry.get("day")
    if (kind == _DATED) != isinstance(day, date):
        raise ProfileInvalid(
            f"{where}：{'未注明日期' if kind == _DATED else '不用日期'}", fix="只有 news 写 day: YYYY-MM-DD"
        )
    if bool(entry.get("text")) == bool(entry.get("at")):
        raise ProfileInvalid(f"{where}：应有正文 text 或去处 at 其中一项", fix="写正文，或写本站的一个网址")
    at = entry.get("at", "")
    if at and (not isinstance(at, str) or not at.startswith("/") or at.startswith("//")):
        raise ProfileInvalid(f"{where}：at 应为本站网址", fix="以 / 开头，如 /sgs")
    return Article(
        entry["name"],
        entry["title"],
        str(entry.get("summary", "")),
        str(entry.get("icon", "doc")),
        day,
        at,
        tuple(_passage(where, each) for each in entry.get("text") or ()),
    )


def _passage(where: str, entry: Any) -> Passage:
    if isinstance(entry, str):
        return Passage("", (entry,))
    if isinstance(entry, Mapping) and set(entry) == {"heading", "paragraphs"} and isinstance(entry["paragraphs"], list):
        return Passage(str(entry["heading"]), tuple(str(each) for each in entry["paragraphs"]))
    raise ProfileInvalid(f"{where}：正文的一段不能识别", fix="写一段文字，或写 heading 和 paragraphs")
