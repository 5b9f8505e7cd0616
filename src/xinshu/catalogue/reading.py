"""From the YAML nodes of an item file to the objects of `domain`. Form of the file: docs/catalogue.md.

Only types and words are judged here; what one part says about another (a role naming a column) is `consistency`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import cast, get_args

from xinshu.catalogue.domain import (
    Access,
    CatalogueItem,
    CodeList,
    CodeValue,
    Condition,
    Deadline,
    FieldKind,
    ItemField,
    Mask,
    Publicity,
    PublicityWay,
    Roles,
    RowRule,
)
from xinshu.catalogue.export import FIELD_TYPES
from xinshu.catalogue.located import Node, did_you_mean

SUBJECT_KINDS = ("legal_person", "individual_business", "natural_person")
ROW_RULES = ("conditional.required", "conditional.forbidden", "amount.required", "date.order")

_WAYS = cast(tuple[PublicityWay, ...], get_args(PublicityWay))
_KINDS = cast(tuple[FieldKind, ...], get_args(FieldKind))
_ACCESS = cast(tuple[Access, ...], get_args(Access))
_MASKS = cast(tuple[Mask, ...], get_args(Mask))
_SHORT_ACCESS: dict[str, Access] = {"pub": "public", "auth": "authorised"}
_TOP = ("$schema", "name", "title", "description", "missingValues", "fields", "xinshu")
_FIELD = ("name", "title", "type", "description", "constraints", "xinshu")
_FIELD_XINSHU = (
    "name", "kind", "list", "values", "open_values", "access", "mask", "aliases", "usual_amount", "past_only",
    "placeholder_code_when", "personal_when", "example", "mark",
)  # fmt: skip
_ITEM_XINSHU = (
    "version", "effective_from", "category", "subject_kinds", "access", "update_cycle", "legal_basis", "mark",
    "creates_subjects", "key", "roles", "rules", "deadline", "publicity",
)  # fmt: skip
_ITEM_XINSHU_REQUIRED = ("version", "effective_from", "access", "key", "roles", "publicity")
_ROLES = tuple(Roles.__dataclass_fields__)
_PUBLICITY = tuple(Publicity.__dataclass_fields__)


def read_code_lists(top: Node) -> dict[str, CodeList]:
    """The lists of `_code_lists.yaml`: {name: list}. Values or aliases that stand twice in a list are faults."""
    lists: dict[str, CodeList] = {}
    for name, node in top.entries().items():
        entry = node.mapping(("title", "mark", "values"), ("title", "values"))
        values = tuple(_value(each) for each in entry["values"].items()) if "values" in entry else ()
        _words_once(values, entry.get("values", node))
        lists[name] = CodeList(name, _text(entry, "title"), values, _text(entry, "mark"))
    return lists


def read_item(top: Node, code_lists: Mapping[str, CodeList]) -> CatalogueItem:
    """The item of a file; faults are noted at their place, and then what is returned is not to be used."""
    entry = top.mapping(_TOP, ("name", "title", "fields", "xinshu"))
    ours = entry["xinshu"].mapping(_ITEM_XINSHU, _ITEM_XINSHU_REQUIRED) if "xinshu" in entry else {}
    if "missingValues" in entry and [each.raw.value for each in entry["missingValues"].items()] != [""]:
        entry["missingValues"].fault("只能是空值", 'missingValues 写成 [""]')
    return CatalogueItem(
        item=_text(entry, "name"),
        title=_text(entry, "title"),
        description=_text(entry, "description"),
        fields=tuple(_field(each, code_lists) for each in entry["fields"].items()) if "fields" in entry else (),
        version=_text(ours, "version"),
        effective_from=ours["effective_from"].day() if "effective_from" in ours else date.min,
        key=_texts(ours, "key"),
        roles=_roles(ours["roles"]) if "roles" in ours else Roles(counterpart_name=""),
        rules=tuple(_rule(each) for each in ours["rules"].items()) if "rules" in ours else (),
        deadline=_deadline(ours["deadline"]) if "deadline" in ours else None,
        publicity=_publicity(ours["publicity"]) if "publicity" in ours else Publicity(),
        subject_kinds=_subject_kinds(ours),
        category=_text(ours, "category"),
        access=_access(ours["access"]) if "access" in ours else "barred",
        update_cycle=_text(ours, "update_cycle"),
        legal_basis=_text(ours, "legal_basis"),
        mark=_text(ours, "mark"),
        creates_subjects=ours["creates_subjects"].flag() if "creates_subjects" in ours else False,
    )


def _field(node: Node, code_lists: Mapping[str, CodeList]) -> ItemField:
    entry = node.mapping(_FIELD, ("name", "title", "type", "xinshu"))
    required = ("name", "kind", "access", "mask")
    ours = entry["xinshu"].mapping(_FIELD_XINSHU, required) if "xinshu" in entry else {}
    limits = entry["constraints"].mapping(("required", "maxLength")) if "constraints" in entry else {}
    kind: FieldKind = ours["kind"].choice(_KINDS) if "kind" in ours else "text"
    if "type" in entry and "kind" in ours:
        _type_agrees(entry["type"], kind)
    name, values = _values(ours, code_lists)
    return ItemField(
        code=_text(entry, "name"),
        title=_text(entry, "title"),
        name=_text(ours, "name"),
        kind=kind,
        required=limits["required"].flag() if "required" in limits else False,
        max_length=limits["maxLength"].whole() if "maxLength" in limits else None,
        access=_access(ours["access"]) if "access" in ours else "barred",
        mask=ours["mask"].choice(_MASKS) if "mask" in ours else "none",
        aliases=_texts(ours, "aliases"),
        values=values,
        open_values=ours["open_values"].flag() if "open_values" in ours else False,
        usual_amount=ours["usual_amount"].number() if "usual_amount" in ours else None,
        past_only=ours["past_only"].flag() if "past_only" in ours else False,
        placeholder_code_when=_conditions(ours, "placeholder_code_when"),
        personal_when=_conditions(ours, "personal_when"),
        example=_text(ours, "example"),
        note=_text(entry, "description"),
        mark=_text(ours, "mark"),
        code_list=name,
    )


def _type_agrees(node: Node, kind: FieldKind) -> None:
    wanted = FIELD_TYPES.get(kind, "string")
    if node.text() != wanted:
        node.fault(f"kind 为 {kind} 时 type 应为 {wanted}", f"改为 {wanted}")


def _values(ours: Mapping[str, Node], code_lists: Mapping[str, CodeList]) -> tuple[str | None, tuple[CodeValue, ...]]:
    """(name of the code list or None, the values)."""
    if "list" in ours:
        name = ours["list"].text()
        if "values" in ours:
            ours["values"].fault("list 与 values 只能写一个", "删去其中一个")
        if name not in code_lists:
            ours["list"].fault(f"没有代码表 {name}", did_you_mean(name, code_lists))
            return None, ()
        return name, code_lists[name].values
    if "values" in ours:
        values = tuple(_value(each) for each in ours["values"].items())
        _words_once(values, ours["values"])
        return None, values
    return None, ()


def _value(node: Node) -> CodeValue:
    if not node.is_mapping():
        return CodeValue(node.text())
    entry = node.mapping(("value", "key", "aliases", "mark"), ("value",))
    return CodeValue(_text(entry, "value"), _texts(entry, "aliases"), _text(entry, "key"), _text(entry, "mark"))


def _words_once(values: tuple[CodeValue, ...], node: Node) -> None:
    if not values:
        node.fault("没有取值", "至少列出一个取值")
    seen: set[str] = set()
    for word in (word for each in values for word in (each.value, *each.aliases)):
        if word in seen:
            node.fault(f"取值或别名 {word} 重复", "同一写法只能对应一个取值")
        seen.add(word)


def _roles(node: Node) -> Roles:
    entry = node.mapping(_ROLES, ("counterpart_name",))
    return Roles(**{"counterpart_name": "", **{name: each.text() for name, each in entry.items()}})


def _rule(node: Node) -> RowRule:
    entry = node.mapping(("rule", "fields", "when"), ("rule", "fields"))
    rule = entry["rule"].choice(ROW_RULES) if "rule" in entry else ROW_RULES[0]
    return RowRule(rule, _texts(entry, "fields"), _conditions(entry, "when"))


def _conditions(entry: Mapping[str, Node], key: str) -> tuple[Condition, ...]:
    return tuple(_condition(each) for each in entry[key].items()) if key in entry else ()


def _condition(node: Node) -> Condition:
    tests = ("any_of", "none_of", "present", "absent")
    entry = node.mapping(("field", *tests), ("field",))
    condition = Condition(
        _text(entry, "field"),
        any_of=_texts(entry, "any_of"),
        none_of=_texts(entry, "none_of"),
        present=entry["present"].flag() if "present" in entry else False,
        absent=entry["absent"].flag() if "absent" in entry else False,
    )
    if sum(bool(getattr(condition, test)) for test in tests) != 1:
        node.fault("条件应有且只有一个判断", "从 any_of、none_of、present、absent 中选一个")
    return condition


def _deadline(node: Node) -> Deadline:
    entry = node.mapping(("rule",), ("rule",))
    return Deadline(_text(entry, "rule"))


def _publicity(node: Node) -> Publicity:
    entry = node.mapping(_PUBLICITY, ("by",))
    return Publicity(
        by=entry["by"].choice(_WAYS) if "by" in entry else "none",
        natural_persons=entry["natural_persons"].flag() if "natural_persons" in entry else False,
        kinds_field=_text(entry, "kinds_field") or None,
        severity_field=_text(entry, "severity_field") or None,
        domain_field=_text(entry, "domain_field") or None,
        procedure_field=_text(entry, "procedure_field") or None,
        when=_conditions(entry, "when"),
    )


def _access(node: Node) -> Access:
    word = str(node.raw.value)
    if word in _SHORT_ACCESS:
        node.fault(f"公开属性不能缩写为 {word}", f"写作 {_SHORT_ACCESS[word]}")
        return _SHORT_ACCESS[word]
    return node.choice(_ACCESS)


def _subject_kinds(ours: Mapping[str, Node]) -> tuple[str, ...]:
    if "subject_kinds" not in ours:
        return ("legal_person",)
    return tuple(each.choice(SUBJECT_KINDS) for each in ours["subject_kinds"].items())


def _text(entry: Mapping[str, Node], key: str) -> str:
    return entry[key].text() if key in entry else ""


def _texts(entry: Mapping[str, Node], key: str) -> tuple[str, ...]:
    return entry[key].texts() if key in entry else ()
