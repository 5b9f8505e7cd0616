"""The registry of every rule code: scope, level, title, and the words a person reads.

Codes are public: never reused, never given another meaning. The list is fixed by the domain rules section 2.4
[proposed]; the wording follows the template "which row, which field, what happened with the original value, how to
mend it" (ux.md section 8). docs/rulebook.md is generated from this table.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from xinshu.catalogue.ruletable import RULES, Level, Rule, Scope
from xinshu.kernel.text import INVISIBLE


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found. `row` is the number the spreadsheet shows, 0 for the file; `value` is masked if personal."""

    file: str
    sheet: str
    row: int
    field: str
    title: str
    rule: str
    level: Level
    value: str
    message: str
    fix: str
    doc_url: str

    def as_dict(self) -> dict[str, str | int]:
        """The finding as one flat mapping, keys in the order of the findings file."""
        return asdict(self)


FINDING_COLUMNS = ("file", "sheet", "row", "field", "title", "rule", "level", "value", "message", "fix", "doc_url")

_UNPRINTABLE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{INVISIBLE}]")
RULEBOOK: dict[str, Rule] = {rule.code: rule for rule in RULES}
BLOCKING_LEVELS = frozenset({"error", "doubt"})


def rule(code: str) -> Rule:
    """The rule of that code. Raises KeyError for an unregistered one, which is a fault of the program."""
    return RULEBOOK[code]


def codes(scope: Scope) -> tuple[str, ...]:
    """All codes of one scope, in the order of the registry."""
    return tuple(each.code for each in RULES if each.scope == scope)


def make_finding(
    code: str,
    *,
    row: int,
    field: str = "",
    title: str = "",
    value: str = "",
    file: str = "",
    sheet: str = "",
    **arguments: str | int,
) -> Finding:
    """Put a finding into words. `value` must already be masked when the field is personal."""
    found = RULEBOOK[code]
    words = {"row": row, "title": title, "value": value, **arguments}
    return Finding(
        file,
        sheet,
        row,
        field,
        title,
        code,
        found.level,
        value,
        found.message.format_map(words) + "。",
        found.fix.format_map(words) + "。",
        document_address(code),
    )


def document_address(code: str) -> str:
    """Where the rule is explained, on the site."""
    return f"/docs/rulebook#{code}"


def printable(text: str) -> str:
    """The text as it may be shown: control characters as pictures (␊, ␛), direction marks and the like left out."""
    return _UNPRINTABLE.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "" if found[0] in INVISIBLE else "�"


def render_markdown() -> str:
    """The documentation page of all rules, one row each."""
    lines = [
        "# Rule codes 校验规则代码",
        "",
        "Generated from `xinshu.catalogue.rulebook`; do not edit. How the rules act together: checks.md.",
        "",
        "| code | scope | level | 名称 | 提示 | 改法 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f'| <a id="{each.code}"></a>`{each.code}` | {each.scope} | {each.level} | {each.name} | {each.message}。 | {each.fix}。 |'
        for each in RULES
    ]
    return "\n".join(lines) + "\n"
