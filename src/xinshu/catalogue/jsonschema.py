"""JSON Schema (2020-12) of one row of an item: for the API and for whoever checks before sending.

A row is an object {column code: value}; dates are ISO texts, amounts numbers, several codes one text joined by ；.
An optional value may be absent, "" or (numbers) null. What JSON Schema cannot say (check characters, the order of two
dates, working days) stays with the checks; `$comment` names those row rules.
"""

from __future__ import annotations

import re

from xinshu.catalogue.domain import CatalogueItem, Condition, FieldKind, ItemField, RowRule
from xinshu.catalogue.wording import rule_words

Schema = dict[str, object]

_PATTERNS: dict[FieldKind, str] = {
    "uscc": "[0-9A-HJ-NPQRTUWXY]{18}",
    "org_code": "[0-9A-Z]{8}-?[0-9X]",
    "year": "(19|20)[0-9]{2}|2100",
    "month": "((19|20)[0-9]{2}|2100)(0[1-9]|1[0-2])",
    "region": "[0-9]{6}",
    "industry": "[A-T]|[A-T]?[0-9]{2,4}",
}
_NUMERIC: frozenset[FieldKind] = frozenset({"amount", "number"})


def row_schema(item: CatalogueItem) -> Schema:
    """The schema of one row of this version of the item."""
    rules = [_rule(item, rule) for rule in item.rules if rule.rule != "date.order"]
    unsaid = [rule_words(item, rule) for rule in item.rules if rule.rule == "date.order"]
    schema: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:xinshu:item:{item.item}:{item.version}",
        "title": item.title,
        "description": item.description,
        "type": "object",
        "properties": {field.code: _property(field) for field in item.fields},
        "required": [field.code for field in item.fields if field.required],
        "additionalProperties": False,
    }
    if rules:
        schema["allOf"] = rules
    if unsaid:
        schema["$comment"] = "；".join(unsaid)
    return schema


def example_row(item: CatalogueItem) -> dict[str, str | float]:
    """The item's example as a row in the schema's form; columns without an example are left out."""
    return {
        field.code: float(field.example) if field.kind in _NUMERIC else field.example
        for field in item.fields
        if field.example
    }


def _property(field: ItemField) -> Schema:
    schema: Schema = {"title": field.title, **_value_schema(field)}
    if field.note:
        schema["description"] = field.note
    schema["x-xinshu-name"] = field.name
    schema["x-xinshu-access"] = field.access
    return schema


def _value_schema(field: ItemField) -> Schema:
    if field.kind in _NUMERIC:
        return {"type": "number" if field.required else ["number", "null"], "minimum": 0}
    schema: Schema = {"type": "string"}
    if field.required:
        schema["minLength"] = 1
    if field.max_length is not None:
        schema["maxLength"] = field.max_length
    if field.kind == "date":
        dated: Schema = {"format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
        return schema | dated if field.required else {**schema, "anyOf": [{"maxLength": 0}, dated]}
    if field.kind == "code" and not field.open_values:
        return schema | {"enum": [each.value for each in field.values] + ([] if field.required else [""])}
    if pattern := _pattern(field):
        schema["pattern"] = f"^({pattern})$" if field.required else f"^({pattern})?$"
    return schema


def _pattern(field: ItemField) -> str:
    if field.kind not in {"code", "codes"}:
        return _PATTERNS.get(field.kind, "")
    one = "|".join(re.escape(each.value) for each in field.values)
    if field.open_values:
        one += "|其他-[^；]+"
    return one if field.kind == "code" else f"({one})(；({one}))*"


def _rule(item: CatalogueItem, rule: RowRule) -> Schema:
    """The rule as a sub-schema; without conditions it holds for every row."""
    then: Schema = {"properties": {code: _demand(item.field(code), rule.rule) for code in rule.fields}}
    if rule.rule != "conditional.forbidden":
        then["required"] = list(rule.fields)
    if not rule.when:
        return then
    return {"if": {"allOf": [_condition(item, each) for each in rule.when]}, "then": then}


def _demand(field: ItemField, rule: str) -> Schema:
    if rule == "conditional.forbidden":
        return _empty(field)
    return {"type": "number", "exclusiveMinimum": 0} if rule == "amount.required" else _filled(field)


def _condition(item: CatalogueItem, condition: Condition) -> Schema:
    field = item.field(condition.field)
    code = condition.field
    if condition.present:
        return {"properties": {code: _filled(field)}, "required": [code]}
    if condition.absent:
        return {"properties": {code: _empty(field)}}
    if condition.any_of:
        return {"properties": {code: _holds(field, condition.any_of)}, "required": [code]}
    filled_other: Schema = {"allOf": [_filled(field), {"not": _holds(field, condition.none_of)}]}
    return {"properties": {code: filled_other}, "required": [code]}


def _holds(field: ItemField, values: tuple[str, ...]) -> Schema:
    if field.kind != "codes":
        return {"enum": list(values)}
    one = "|".join(re.escape(value) for value in values)
    return {"type": "string", "pattern": f"(^|；)({one})(-[^；]*)?(；|$)"}


def _filled(field: ItemField) -> Schema:
    return {"type": "number"} if field.kind in _NUMERIC else {"type": "string", "minLength": 1}


def _empty(field: ItemField) -> Schema:
    return {"type": "null"} if field.kind in _NUMERIC else {"type": "string", "maxLength": 0}
