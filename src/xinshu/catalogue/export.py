"""Writing a catalogue item back to the YAML form it was read from, byte for byte the same each time.

`load(export(x)) == x`, and exporting that again gives the same bytes, so an item edited in the console and exported
makes a small diff. Own emitter, because PyYAML's folding and quoting depend on its version and on line width.

Form: docs/catalogue.md (Frictionless Table Schema, Data Package v2, plus `xinshu:` keys).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields as dataclass_fields
from datetime import date

from xinshu.catalogue.domain import (
    CatalogueItem,
    CodeList,
    CodeValue,
    Condition,
    FieldKind,
    ItemField,
    Publicity,
    Roles,
    RowRule,
)

TABLE_SCHEMA = "https://datapackage.org/profiles/2.0/tableschema.json"
FIELD_TYPES: Mapping[FieldKind, str] = {"date": "date", "amount": "number", "number": "number"}
"""Frictionless type of a field kind; every other kind is a string."""

_LINE = 110
_PLAIN = re.compile(r"[$A-Za-z_〇-鿿（〔【“《][\w〇-鿿、。；，：！（）〔〕【】《》“”. /+-]*")
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def export_item(item: CatalogueItem) -> str:
    """The item as YAML text, LF line ends, ending in a line feed. Fields with a code list refer to it by name."""
    body: dict[str, object] = {"$schema": TABLE_SCHEMA, "name": item.item, "title": item.title}
    if item.description:
        body["description"] = item.description
    body["missingValues"] = [""]
    body["fields"] = [_field(each) for each in item.fields]
    body["xinshu"] = _item_keys(item)
    return "\n".join(_block(body, 0)) + "\n"


def export_code_lists(lists: Iterable[CodeList]) -> str:
    """The content of `_code_lists.yaml`, in the order given."""
    body = {
        each.name: _filled({"title": each.title, "mark": each.mark, "values": [_value(v) for v in each.values]})
        for each in lists
    }
    return "\n".join(_block(body, 0)) + "\n" if body else "{}\n"


def _field(field: ItemField) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": field.code,
        "title": field.title,
        "type": FIELD_TYPES.get(field.kind, "string"),
    }
    if field.note:
        entry["description"] = field.note
    limits: dict[str, object] = {"required": True} if field.required else {}
    if field.max_length is not None:
        limits["maxLength"] = field.max_length
    if limits:
        entry["constraints"] = limits
    entry["xinshu"] = _filled(
        {
            "name": field.name,
            "kind": field.kind,
            "list": field.code_list,
            "values": [] if field.code_list else [_value(each) for each in field.values],
            "open_values": field.open_values,
            "access": field.access,
            "mask": field.mask,
            "aliases": list(field.aliases),
            "usual_amount": field.usual_amount,
            "past_only": field.past_only,
            "placeholder_code_when": [_condition(each) for each in field.placeholder_code_when],
            "personal_when": [_condition(each) for each in field.personal_when],
            "example": field.example,
            "mark": field.mark,
        }
    )
    return entry


def _item_keys(item: CatalogueItem) -> dict[str, object]:
    keys: dict[str, object] = {"version": item.version, "effective_from": item.effective_from}
    keys |= _filled(
        {
            "category": item.category,
            "subject_kinds": list(item.subject_kinds),
            "access": item.access,
            "update_cycle": item.update_cycle,
            "legal_basis": item.legal_basis,
            "mark": item.mark,
            "creates_subjects": item.creates_subjects,
        }
    )
    keys["key"] = list(item.key)
    keys["roles"] = _filled({each.name: getattr(item.roles, each.name) for each in dataclass_fields(Roles)})
    if item.rules:
        keys["rules"] = [_rule(each) for each in item.rules]
    if item.deadline:
        keys["deadline"] = {"rule": item.deadline.rule}
    keys["publicity"] = _publicity(item.publicity)
    return keys


def _publicity(publicity: Publicity) -> dict[str, object]:
    content = {each.name: getattr(publicity, each.name) for each in dataclass_fields(Publicity)}
    return _filled({**content, "when": [_condition(each) for each in publicity.when]})


def _rule(rule: RowRule) -> dict[str, object]:
    return _filled({"rule": rule.rule, "fields": list(rule.fields), "when": [_condition(each) for each in rule.when]})


def _condition(condition: Condition) -> dict[str, object]:
    return _filled(
        {
            "field": condition.field,
            "any_of": list(condition.any_of),
            "none_of": list(condition.none_of),
            "present": condition.present,
            "absent": condition.absent,
        }
    )


def _value(value: CodeValue) -> object:
    entry = _filled({"value": value.value, "key": value.key, "aliases": list(value.aliases), "mark": value.mark})
    return value.value if set(entry) == {"value"} else entry


def _filled(entry: Mapping[str, object]) -> dict[str, object]:
    """Without the keys that say nothing: None, "", False, empty lists."""
    return {key: value for key, value in entry.items() if value not in (None, "", False, [], {}, ())}


def _block(value: object, depth: int) -> list[str]:
    """Lines of a mapping or a list; a child that fits on its line is written in flow form."""
    pad = "  " * depth
    lines: list[str] = []
    if isinstance(value, Mapping):
        for key, child in value.items():
            head = f"{pad}{_scalar(key)}:"
            if _fits(head, child):
                lines.append(f"{head} {_flow(child)}")
            else:
                lines += [head, *_block(child, depth + 1)]
    elif isinstance(value, list):
        for child in value:
            if _fits(f"{pad}-", child):
                lines.append(f"{pad}- {_flow(child)}")
            else:
                inner = _block(child, depth + 1)
                lines += [f"{pad}- {inner[0].lstrip()}", *inner[1:]]
    return lines


def _fits(head: str, value: object) -> bool:
    return not isinstance(value, Mapping | list) or len(head) + 1 + len(_flow(value)) <= _LINE


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(child) for child in value) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return repr(int(value)) if value == int(value) else repr(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED and not text.endswith((" ", ".")):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
