"""What changed between two versions of an item, in words a department understands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from xinshu.catalogue.domain import CatalogueItem, CodeValue, ItemField, Roles
from xinshu.catalogue.wording import (
    ACCESS_WORDS,
    KIND_WORDS,
    SUBJECT_WORDS,
    conditions_words,
    key_words,
    mask_words,
    publicity_words,
    role_word,
    rule_words,
)

ChangeKind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `where` is a column code, or the key of the item it is about (key, rules, publicity, …).

    `breaking`: a file that was right for the old version may be refused or lose a column under the new one.
    """

    kind: ChangeKind
    where: str
    text: str
    breaking: bool = False


def diff(a: CatalogueItem, b: CatalogueItem) -> list[Change]:
    """The changes from `a` to `b`: the item's own first, then fields in the order of `b`, removed ones last.

    Empty when nothing but the version's own data (version, effective date) differs.
    """
    return [*_item_changes(a, b), *_field_set(a, b)]


def _item_changes(a: CatalogueItem, b: CatalogueItem) -> Iterator[Change]:
    facts: tuple[tuple[str, str, Callable[[CatalogueItem], str]], ...] = (
        ("title", "事项名称", lambda item: item.title),
        ("description", "说明", lambda item: item.description),
        ("category", "类别", lambda item: item.category),
        ("subject_kinds", "主体类型", lambda item: "、".join(SUBJECT_WORDS[each] for each in item.subject_kinds)),
        ("access", "公开属性", lambda item: ACCESS_WORDS[item.access]),
        ("update_cycle", "更新周期", lambda item: item.update_cycle),
        ("legal_basis", "依据", lambda item: item.legal_basis),
        ("mark", "出处标记", lambda item: item.mark),
        ("creates_subjects", "是否建立主体", lambda item: _yes(item.creates_subjects)),
        ("key", "自然键", key_words),
        ("deadline", "报送期限规则", lambda item: item.deadline.rule if item.deadline else ""),
        ("publicity", "公示方式", publicity_words),
    )
    for where, label, of in facts:
        if (before := of(a)) != (after := of(b)):
            yield Change("changed", where, _from_to(label, before, after), breaking=where == "key")
    if a.publicity != b.publicity and publicity_words(a) == publicity_words(b):
        yield Change("changed", "publicity", "公示方式所读的数据项改变")
    for role in Roles.__dataclass_fields__:
        before, after = getattr(a.roles, role) or "", getattr(b.roles, role) or ""
        if before != after:
            yield Change("changed", "roles", _from_to(f"充当{role_word(role)}的数据项", before, after))
    before_rules = {rule_words(a, rule) for rule in a.rules}
    after_rules = {rule_words(b, rule) for rule in b.rules}
    for words in sorted(before_rules - after_rules):
        yield Change("removed", "rules", f"取消规则：{words}")
    for words in sorted(after_rules - before_rules):
        yield Change("added", "rules", f"增加规则：{words}", breaking=True)


def _field_set(a: CatalogueItem, b: CatalogueItem) -> Iterator[Change]:
    before, after = a.by_code, b.by_code
    for code, field in after.items():
        if code not in before:
            need = "必填" if field.required else "非必填"
            text = f"增加数据项“{field.title}”（{code}，{KIND_WORDS[field.kind]}，{need}）"
            yield Change("added", code, text, breaking=field.required)
        elif before[code] != field:
            yield from _field_changes(a, b, before[code], field)
    for code, field in before.items():
        if code not in after:
            yield Change("removed", code, f"删除数据项“{field.title}”（{code}）", breaking=True)
    kept = [code for code in before if code in after]
    if kept != [code for code in after if code in before]:
        yield Change("changed", "fields", "数据项的顺序改变")


def _field_changes(a: CatalogueItem, b: CatalogueItem, old: ItemField, new: ItemField) -> Iterator[Change]:
    def changed(label: str, before: str, after: str, *, breaking: bool = False) -> Iterator[Change]:
        if before != after:
            yield Change("changed", new.code, _from_to(f"“{new.title}”的{label}", before, after), breaking=breaking)

    shorter = new.max_length is not None and (old.max_length is None or new.max_length < old.max_length)
    yield from changed("标题", old.title, new.title, breaking=old.title not in new.aliases)
    yield from changed("名称", old.name, new.name)
    yield from changed("类型", KIND_WORDS[old.kind], KIND_WORDS[new.kind], breaking=True)
    yield from changed("必填", _yes(old.required), _yes(new.required), breaking=new.required)
    yield from changed("最大长度", _number(old.max_length), _number(new.max_length), breaking=shorter)
    yield from changed("公开属性", ACCESS_WORDS[old.access], ACCESS_WORDS[new.access])
    yield from changed("脱敏", mask_words(a, old), mask_words(b, new))
    lost = set(old.aliases) - {*new.aliases, new.title, new.code}
    yield from changed("别名", "、".join(old.aliases), "、".join(new.aliases), breaking=bool(lost))
    yield from changed("代码表", old.code_list or "", new.code_list or "")
    yield from _value_changes(old, new)
    yield from changed("可补充其他取值", _yes(old.open_values), _yes(new.open_values), breaking=old.open_values)
    yield from changed("通常金额（万元）", _number(old.usual_amount), _number(new.usual_amount))
    yield from changed("不得晚于接收日", _yes(old.past_only), _yes(new.past_only), breaking=new.past_only)
    yield from changed(
        "占位代码的适用情形",
        conditions_words(a, old.placeholder_code_when),
        conditions_words(b, new.placeholder_code_when),
        breaking=True,
    )
    yield from changed("示例", old.example, new.example)
    yield from changed("说明", old.note, new.note)
    yield from changed("出处标记", old.mark, new.mark)


def _value_changes(old: ItemField, new: ItemField) -> Iterator[Change]:
    before, after = {each.value: each for each in old.values}, {each.value: each for each in new.values}
    for value, content in after.items():
        if value not in before:
            yield Change("added", new.code, f"“{new.title}”增加取值“{value}”")
        elif before[value] != content:
            yield Change("changed", new.code, f"“{new.title}”的取值“{value}”：{_value_words(content)}")
    for value in before:
        if value not in after:
            yield Change("removed", new.code, f"“{new.title}”取消取值“{value}”", breaking=True)


def _value_words(value: CodeValue) -> str:
    aliases = f"别名改为{'、'.join(value.aliases)}" if value.aliases else "没有别名"
    return aliases + (f"；{value.mark}" if value.mark else "")


def _from_to(label: str, before: str, after: str) -> str:
    return f"{label}由“{before or '空'}”改为“{after or '空'}”"


def _yes(flag: bool) -> str:
    return "是" if flag else "否"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
