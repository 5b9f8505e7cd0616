"""Reading YAML with the line of every value, so that each fault can name file, key and line.

A `Node` is one place in a file. Its readers return a value of the right type or, after noting a fault, a harmless
one of the same type; so one pass finds every fault of a file. Nothing but plain scalars, lists and mappings is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import yaml
from yaml.composer import Composer

from xinshu.catalogue.errors import Fault

MAX_BYTES = 1 << 20
"""Largest file read, in bytes; an item of 200 fields has about 60 000."""

Choice = TypeVar("Choice", bound=str)

_TAG = "tag:yaml.org,2002:"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(slots=True)
class Faults:
    """The faults of one file, collected while it is read."""

    file: str
    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, key: str, message: str, fix: str = "") -> None:
        """Note a fault; `line` is 1-based, 0 for the whole file."""
        self.found.append(Fault(self.file, line, key, message, fix))


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a YAML file: where it stands and what it is."""

    raw: yaml.Node
    key: str
    faults: Faults

    @property
    def line(self) -> int:
        """1-based line of the value's first character."""
        return int(self.raw.start_mark.line) + 1

    def fault(self, message: str, fix: str = "") -> None:
        """Note a fault at this place."""
        self.faults.add(self.line, self.key, message, fix)

    def entries(self) -> dict[str, Node]:
        """The entries of a mapping, in file order; {} and a fault for anything else. A key twice is a fault."""
        if not isinstance(self.raw, yaml.MappingNode):
            self.fault("应为键值对", "写成 键: 值 的形式")
            return {}
        found: dict[str, Node] = {}
        for raw_key, raw_value in self.raw.value:
            name = str(raw_key.value) if isinstance(raw_key, yaml.ScalarNode) else "?"
            place = Node(raw_value, f"{self.key}.{name}" if self.key else name, self.faults)
            if not isinstance(raw_key, yaml.ScalarNode):
                place.fault("键应为文字", "检查缩进")
            elif name in found:
                self.faults.add(int(raw_key.start_mark.line) + 1, place.key, "键重复", "只保留一个")
            else:
                found[name] = place
        return found

    def mapping(self, known: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, Node]:
        """Like `entries`, and unknown or missing keys are faults; unknown ones are left out."""
        entries = self.entries()
        for name in [each for each in entries if each not in known]:
            entries.pop(name).fault(f"不认识的键 {name}", did_you_mean(name, known))
        if isinstance(self.raw, yaml.MappingNode):
            for name in required:
                if name not in entries:
                    self.fault(f"缺少 {name}", f"补上 {name}")
        return entries

    def items(self) -> list[Node]:
        """The members of a list; [] and a fault for anything else."""
        if not isinstance(self.raw, yaml.SequenceNode):
            self.fault("应为列表", "写成 [甲, 乙] 或逐行以 - 开头")
            return []
        return [Node(each, f"{self.key}[{number}]", self.faults) for number, each in enumerate(self.raw.value)]

    def at(self, *steps: str | int) -> Node:
        """The node below, by keys and positions; the last one that exists. Notes no fault."""
        node = self
        for step in steps:
            pairs: list[tuple[object, yaml.Node]] = []
            if isinstance(node.raw, yaml.MappingNode):
                pairs = [(key.value, value) for key, value in node.raw.value]
            elif isinstance(node.raw, yaml.SequenceNode):
                pairs = list(enumerate(node.raw.value))
            child = next((value for key, value in pairs if key == step), None)
            if child is None:
                return node
            suffix = f"[{step}]" if isinstance(step, int) else f".{step}" if node.key else str(step)
            node = Node(child, f"{node.key}{suffix}", self.faults)
        return node

    def is_mapping(self) -> bool:
        """Whether the value is a mapping (for the places where a word or a mapping may stand)."""
        return isinstance(self.raw, yaml.MappingNode)

    def text(self) -> str:
        """A text without white space at its ends. A number, a date or true/false without quotes is a fault."""
        if self._tag() != "str":
            self.fault("应为文字", "数字、日期和 true/false 作文字时请加引号")
            return ""
        value = str(self.raw.value)
        if value != value.strip():
            self.fault("首尾有空白", "删去首尾空白")
        return value.strip()

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(each.text() for each in self.items())

    def flag(self) -> bool:
        """true or false."""
        if self._tag() != "bool":
            self.fault("应为 true 或 false", "不加引号写 true 或 false")
            return False
        return str(self.raw.value).lower() in {"true", "yes", "on"}

    def whole(self) -> int:
        """A whole number above zero."""
        if self._tag() != "int" or not str(self.raw.value).isdigit() or int(self.raw.value) == 0:
            self.fault("应为大于零的整数", "改为不加引号的正整数")
            return 1
        return int(self.raw.value)

    def number(self) -> float:
        """A number above zero."""
        try:
            value = float(self.raw.value) if self._tag() in {"int", "float"} else 0.0
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            self.fault("应为大于零的数", "改为不加引号的正数")
            return 1.0
        return value

    def day(self) -> date:
        """A date yyyy-mm-dd."""
        value = str(self.raw.value)
        if self._tag() in {"str", "timestamp"} and _DATE.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.fault("应为日期", "写成 2026-04-01 的形式")
        return date.min

    def choice(self, options: tuple[Choice, ...]) -> Choice:
        """One of the options."""
        value = self.text()
        for option in options:
            if option == value:
                return option
        if value:
            self.fault(f"不能是 {value}", did_you_mean(value, options))
        return options[0]

    def _tag(self) -> str:
        return str(self.raw.tag).removeprefix(_TAG) if isinstance(self.raw, yaml.ScalarNode) else "not a scalar"


class _Loader(Composer, yaml.CSafeLoader):
    """Scans in C and builds the nodes in Python: the C builder dies of deep nesting instead of raising."""

    def __init__(self, stream: str) -> None:
        yaml.CSafeLoader.__init__(self, stream)
        Composer.__init__(self)


def _compose(text: str) -> yaml.Node | None:
    """The nodes of one document; what is no YAML is read again in Python, which names the line of a fault better."""
    try:
        found = _Loader(text).get_single_node()
    except yaml.YAMLError:
        found = yaml.compose(text, Loader=yaml.SafeLoader)
    return found


def did_you_mean(word: str, options: tuple[str, ...] | Mapping[str, object]) -> str:
    """A fix naming the nearest option, or all of them."""
    near = get_close_matches(word, list(options), n=1, cutoff=0.75) or [
        each for each in options if len(word) > 2 and each.startswith(word)
    ]
    return f"是否应为 {near[0]}" if near else f"可用：{'、'.join(options)}"


def open_file(path: Path, faults: Faults) -> Node | None:
    """The top node of a YAML file; None and a fault when the file cannot be read as one YAML document."""
    try:
        if path.stat().st_size > MAX_BYTES:
            faults.add(0, "", "文件超过 1 MB", "目录事项文件只放声明，不放数据")
            return None
        raw = _compose(path.read_text(encoding="utf-8"))
    except OSError as error:
        faults.add(0, "", f"无法读取：{error.strerror}", "检查文件是否存在、是否可读")
    except UnicodeDecodeError:
        faults.add(0, "", "不是 UTF-8 编码", "另存为 UTF-8 编码")
    except RecursionError:
        faults.add(0, "", "嵌套过深", "检查括号和缩进")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        faults.add(line, "", "不是正确的 YAML", "检查该行的缩进、冒号和引号")
    except yaml.YAMLError:
        faults.add(0, "", "不是正确的 YAML", "检查文件中有无不可见的控制字符")
    else:
        if raw is not None:
            return Node(raw, "", faults)
        faults.add(0, "", "文件为空", "写入内容或删去该文件")
    return None
