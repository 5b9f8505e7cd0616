"""Reading a rules file strictly: no key twice, no unknown key, every value of its kind; a fault names file and key."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from xinshu.kernel.errors import ProfileInvalid
from xinshu.rules.domain import Period, Provenance

MARKS = ("sourced", "recalled", "proposed")

_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")


class _StrictLoader(yaml.SafeLoader):
    """YAML without the silent "last one wins" of a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping of a node. Raises a YAML error for a key that stands twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"键 {key} 重复", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a file, with the file and the path of keys that lead to it."""

    file: Path
    key: str
    value: Any

    def fault(self, what: str) -> ProfileInvalid:
        """The error for this place."""
        place = f"{self.file} 的 {self.key}" if self.key else str(self.file)
        return ProfileInvalid(f"{place} {what}", fix="按 docs/rules.md 的格式修改该文件")

    def child(self, key: Hashable) -> Node:
        """The value under a key; None when it is absent."""
        return Node(self.file, f"{self.key}.{key}" if self.key else str(key), self.mapping().get(key))

    def mapping(self) -> dict[Any, Any]:
        """This value as a mapping; absent = empty."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.fault("应为键值表")
        return self.value

    def children(self) -> Iterator[tuple[Any, Node]]:
        """(key, value) of a mapping, in file order."""
        return ((key, self.child(key)) for key in self.mapping())

    def items(self) -> list[Node]:
        """The values of a list; absent = empty."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.fault("应为列表")
        return [Node(self.file, f"{self.key}[{index}]", item) for index, item in enumerate(self.value)]

    def only(self, *keys: str) -> None:
        """Refuse keys other than these."""
        for key in self.mapping():
            if key not in keys:
                raise self.fault(f"含有未知的键 {key}，可用：{'、'.join(keys)}")

    def needs(self, *keys: str) -> None:
        """Refuse a mapping without one of these keys, even where their value may be null."""
        for key in keys:
            if key not in self.mapping():
                raise self.fault(f"缺少键 {key}")

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.fault("应为非空文本")
        return self.value

    def optional_text(self) -> str | None:
        """A text, or None when absent."""
        return None if self.value is None else self.text()

    def texts(self) -> tuple[str, ...]:
        """A list of texts; absent = empty."""
        return tuple(item.text() for item in self.items())

    def one_of(self, *words: str) -> str:
        """One of the words."""
        if self.value not in words:
            raise self.fault(f"应为以下之一：{'、'.join(words)}")
        return str(self.value)

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not low <= self.value <= high:
            raise self.fault(f"应为 {low} 至 {high} 的整数")
        return self.value

    def optional_whole(self, low: int, high: int) -> int | None:
        """A whole number, or None when absent."""
        return None if self.value is None else self.whole(low, high)

    def flag(self) -> bool:
        """true or false; absent = false."""
        if self.value is not None and not isinstance(self.value, bool):
            raise self.fault("应为 true 或 false")
        return bool(self.value)

    def optional_day(self) -> date | None:
        """A day, or None when absent."""
        if self.value is None:
            return None
        if not isinstance(self.value, date) or isinstance(self.value, datetime):
            raise self.fault("应为日期，如 2026-04-01，或留空（null）")
        return self.value

    def month_days(self, year: int) -> list[date]:
        """A list of MM-DD, as days of the year, none twice."""
        days = []
        for item in self.items():
            written = item.value if isinstance(item.value, str) else ""
            try:
                if not _MONTH_DAY.fullmatch(written):
                    raise ValueError
                day = date.fromisoformat(f"{year:04}-{written}")
            except ValueError:
                raise item.fault(f"应为 {year} 年中存在的月日，如 10-01") from None
            if day in days:
                raise item.fault(f"日期 {written} 重复")
            days.append(day)
        return days


def read(path: Path) -> Node:
    """The content of a rules file, a mapping. Raises ProfileInvalid for unreadable YAML, with the line."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, OSError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第 {mark.line + 1} 行" if mark is not None else ""
        what = getattr(error, "problem", None) or type(error).__name__
        raise Node(path, "", None).fault(f"{line}无法读取：{what}") from error
    node = Node(path, "", content)
    node.mapping()
    return node


def period_of(node: Node) -> Period:
    """The days on which a dated entry holds; both keys have to be written, null = open."""
    node.needs("effective_from", "effective_to")
    first, last = node.child("effective_from").optional_day(), node.child("effective_to").optional_day()
    if first is not None and last is not None and last < first:
        raise node.child("effective_to").fault("早于 effective_from")
    return Period(first, last)


def refuse_overlap(node: Node, periods: Sequence[Period]) -> None:
    """Refuse two periods that share a day."""
    for one, other in combinations(periods, 2):
        if one.meets(other.first or date.min, other.last or date.max):
            raise node.fault(f"的有效期相互重叠：{one.first} 至 {one.last}，{other.first} 至 {other.last}")


def provenance_of(node: Node) -> Provenance:
    """Mark and source of an entry."""
    return Provenance(node.child("mark").one_of(*MARKS), node.child("source").text())
