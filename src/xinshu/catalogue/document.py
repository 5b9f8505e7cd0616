"""The documentation page of an item, in Markdown: generated, so it cannot differ from what the program does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xinshu.catalogue.domain import CatalogueItem, ItemField
from xinshu.catalogue.wording import (
    ACCESS_WORDS,
    KIND_WORDS,
    SUBJECT_WORDS,
    key_words,
    mask_words,
    publicity_words,
    required_words,
    rule_words,
)

_COLUMNS = ("字段", "代码", "类型", "必填", "长度", "公开属性", "脱敏", "说明", "出处")
_GENERATED = "<!-- 由 xinshu.catalogue.document 生成，请改 profiles/ 中的事项文件 -->"


def item_page(item: CatalogueItem) -> str:
    """The page of one item, LF line ends, ending in a line feed."""
    parts = [
        f"# {_plain(item.title)}",
        _GENERATED,
        _plain(item.description),
        _facts(item),
        "## 数据项",
        _table(_COLUMNS, (_field_row(item, field) for field in item.fields)),
        *_rules(item),
        *_code_lists(item),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def index_page(items: Iterable[CatalogueItem]) -> str:
    """The list of items: class, key, publicity, update cycle, marks, and links to their pages."""
    rows = (
        (
            f"[{item.title}]({item.item}.md)",
            f"`{item.item}`",
            item.version,
            item.category,
            ACCESS_WORDS[item.access],
            key_words(item),
            publicity_words(item),
            item.update_cycle,
            item.mark,
        )
        for item in items
    )
    table = _table(("事项", "代码", "版本", "类别", "公开属性", "自然键", "公示", "更新周期", "出处"), rows)
    return f"# 目录事项\n\n{_GENERATED}\n\n{table}\n"


def write_docs(items: Iterable[CatalogueItem], folder: Path) -> list[Path]:
    """Write `<item>.md` of every item and `README.md` (the index) into the folder; returns the files, index last.

    Pages of items that are no longer there are removed.
    """
    ordered = sorted(items, key=lambda item: item.item)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for item in ordered:
        path = folder / f"{item.item}.md"
        path.write_text(item_page(item), encoding="utf-8", newline="\n")
        written.append(path)
    index = folder / "README.md"
    index.write_text(index_page(ordered), encoding="utf-8", newline="\n")
    for stale in set(folder.glob("*.md")) - {*written, index}:
        if _GENERATED in stale.read_text(encoding="utf-8"):
            stale.unlink()
    return [*written, index]


def _facts(item: CatalogueItem) -> str:
    facts = [
        ("事项代码", f"`{item.item}`"),
        ("版本", f"{item.version}，{item.effective_from.isoformat()} 起适用"),
        ("类别", item.category),
        ("主体类型", "、".join(SUBJECT_WORDS[kind] for kind in item.subject_kinds)),
        ("公开属性", ACCESS_WORDS[item.access]),
        ("公示方式", publicity_words(item)),
        ("自然键", key_words(item)),
        ("更新周期", item.update_cycle),
        ("报送期限", f"按期限规则 `{item.deadline.rule}`" if item.deadline else ""),
        ("建立主体", "是，入库时建立和更新主体" if item.creates_subjects else ""),
        ("依据", item.legal_basis),
        ("出处标记", item.mark),
    ]
    return "\n".join(f"- {label}：{_plain(text)}" for label, text in facts if text)


def _field_row(item: CatalogueItem, field: ItemField) -> tuple[str, ...]:
    return (
        field.title,
        f"`{field.code}`",
        KIND_WORDS[field.kind],
        required_words(item, field),
        "" if field.max_length is None else str(field.max_length),
        ACCESS_WORDS[field.access],
        mask_words(item, field),
        _remarks(field),
        field.mark,
    )


def _remarks(field: ItemField) -> str:
    parts = [field.note] if field.note else []
    if field.code_list:
        parts.append(f"代码表 `{field.code_list}`")
    elif field.values:
        parts.append("取值：" + "、".join(each.value for each in field.values))
    if field.past_only:
        parts.append("不得晚于接收日")
    if field.usual_amount is not None:
        parts.append(f"达到{field.usual_amount * 100:g}万元时请核对单位")
    if field.aliases:
        parts.append("也可写作：" + "、".join(field.aliases))
    return "；".join(parts)


def _rules(item: CatalogueItem) -> list[str]:
    lines = "\n".join(f"- {rule_words(item, rule)}（`{rule.rule}`）" for rule in item.rules)
    return ["## 行内规则", _plain(lines)] if lines else []


def _code_lists(item: CatalogueItem) -> list[str]:
    parts: list[str] = []
    done: set[str] = set()
    for field in item.fields:
        if field.code_list and field.code_list not in done:
            done.add(field.code_list)
            rows = ((each.value, "、".join(each.aliases), each.mark) for each in field.values)
            parts += [f"### `{field.code_list}`（{field.title}）", _table(("取值", "别名", "出处"), rows)]
    return ["## 代码表", *parts] if parts else []


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """Text that Markdown will not take for HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
