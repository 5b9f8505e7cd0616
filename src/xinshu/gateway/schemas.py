"""Bodies and answers of the interface as JSON Schema (the dialect of OpenAPI 3.1: 2020-12).

The names a body may have are read from here where it is taken in (`queries.request_of`); tests compare answers with these.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_DAY: Schema = {"type": "string", "format": "date"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TEXTS: Schema = {"type": "array", "items": _TEXT}


def ref(name: str) -> Schema:
    """A schema of the document by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _closed(properties: Schema, *required: str, about: str = "") -> Schema:
    """An object with these names and no others."""
    made: Schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return {**made, "description": about} if about else made


def _open(properties: Schema, *required: str, about: str = "") -> Schema:
    """An object with at least these names: more may come later."""
    return {**_closed(properties, *required, about=about), "additionalProperties": True}


def _or_nothing(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


QUERY: Schema = {
    "purpose": {**_TEXT, "description": "事由代码，见 docs/disclosure.md"},
    "legal_basis": {**_TEXT, "maxLength": 300, "description": "查询依据"},
    "matter_no": {**_TEXT, "maxLength": 300, "description": "办件编号"},
    "subjects": {"type": "array", "minItems": 1, "items": ref("Subject")},
    "fields": {**_TEXTS, "description": "事项.列代码；不写为该事由无须审核即可看的全部"},
    "since": {**_DAY, "description": "信息起"},
    "until": {**_DAY, "description": "信息止"},
    "use": {**_TEXT, "maxLength": 300, "description": "用途说明"},
    "destroy_by": {**_DAY, "description": "销毁期限，不写为 30 天"},
    "platform": {**_TEXT, "description": "经由的融资平台的统一社会信用代码"},
}
_OFFER: Schema = {
    "subject": ref("Subject"),
    "purpose": _TEXT,
    "fields": _TEXTS,
    "legal_basis": _TEXT,
    "valid_from": _MOMENT,
    "valid_to": _MOMENT,
    "max_uses": {"type": "integer", "minimum": 1},
    "per_day": {"type": "integer", "minimum": 1},
    "text_version": _TEXT,
    "channel": _TEXT,
    "evidence": {**_TEXT, "description": "授权凭据的摘要；由主体确认时产生的不写"},
    "platform": _TEXT,
}
_NEEDED = ("purpose", "legal_basis", "matter_no", "subjects")

SCHEMAS: dict[str, Schema] = {
    "Subject": _open({"kind": {"enum": ["organisation", "person"]}, "code": _TEXT, "name": _TEXT}, "kind", "code"),
    "Query": _closed(QUERY, *_NEEDED),
    "Card": {
        "oneOf": [
            _closed({**QUERY, "viewer": {**_TEXT, "description": "查看人姓名与工号"}}, *_NEEDED, "viewer"),
            _closed({"number": {**_TEXT, "description": "已审核通过的查询编号"}}, "number"),
        ]
    },
    "CardAnswer": _open({"number": _TEXT, "state": _TEXT, "path": _TEXT, "expires_at": _MOMENT}, "number", "state"),
    "FileWanted": _open({"form": {"enum": ["csv", "xlsx", "pdf"]}}, "form"),
    "Cell": _closed(
        {"code": _TEXT, "title": _TEXT, "value": _TEXT, "masked": {"type": "boolean"}},
        "code",
        "title",
        "value",
        "masked",
    ),
    "Fact": _open(
        {
            "item": _TEXT,
            "title": _TEXT,
            "source": _TEXT,
            "event_date": _or_nothing(_DAY),
            "received_on": _DAY,
            "values": {"type": "array", "items": ref("Cell")},
        },
        "item",
        "title",
        "values",
    ),
    "Disclosed": _open(
        {
            "code": _TEXT,
            "name": _TEXT,
            "outcome": {"enum": ["disclosed", "none_found", "unauthorised"]},
            "status": _TEXT,
            "withheld": {**_TEXTS, "description": "因没有授权而未提供的信息类别"},
            "facts": {"type": "array", "items": ref("Fact")},
        },
        "code",
        "outcome",
        "facts",
    ),
    "QueryAnswer": _open(
        {
            "number": _TEXT,
            "state": _TEXT,
            "purpose": _TEXT,
            "at": _MOMENT,
            "subjects": {"type": "array", "items": ref("Disclosed")},
            "checked": _TEXTS,
            "not_checked": {**_TEXTS, "description": "没有核查的信息"},
        },
        "number",
        "state",
        about="有结果时带 subjects；等待审核或结果密封时只有编号与状态",
    ),
    "QueryState": _open(
        {
            "number": _TEXT,
            "state": _TEXT,
            "code": _TEXT,
            "subjects": _COUNT,
            "disclosed": _COUNT,
            "unauthorised": _COUNT,
            "trace": _TEXT,
        },
        "number",
        "state",
        "subjects",
    ),
    "ConsentAsked": _open(_OFFER, "subject", "purpose", "fields", "valid_from", "valid_to", "max_uses", "per_day"),
    "Consent": _open(
        {
            "number": _TEXT,
            "state": {"enum": ["asked", "given", "paused", "revoked", "expired", "used_up"]},
            "version": _COUNT,
            "grantee": _TEXT,
            "platform": _TEXT,
            "purpose": _TEXT,
            "fields": _TEXTS,
            "valid_from": _MOMENT,
            "valid_to": _MOMENT,
            "max_uses": _COUNT,
            "per_day": _COUNT,
            "used": _COUNT,
            "trace": _TEXT,
        },
        "number",
        "state",
        "grantee",
        "purpose",
        "fields",
    ),
    "Consents": _open({"consents": {"type": "array", "items": ref("Consent")}}, "consents"),
    "HandIn": _open(
        {
            "file": {"type": "string", "contentMediaType": "application/octet-stream", "description": "要报送的文件"},
            "item": {**_TEXT, "description": "目录事项代码"},
            "confirmed": {"const": "true", "description": "疑问行已由报送单位确认无误"},
        },
        "file",
        "item",
    ),
    "Receipt": _open(
        {
            "batch": _TEXT,
            "file": _TEXT,
            "item": _TEXT,
            "state": _TEXT,
            "state_text": _TEXT,
            "result": _or_nothing({"type": "object"}),
            "error": _or_nothing({"type": "object"}),
        },
        "batch",
        "file",
        "item",
        "state",
        about="回执",
    ),
    "Receipts": _open(
        {"batches": {"type": "array", "items": ref("Receipt")}, "next": _or_nothing(_TEXT)}, "batches", "next"
    ),
    "PublicSubject": _open({"counts": {"type": "object"}, "sections": {"type": "array"}}, "counts", about="公示视图"),
    "Problem": _closed(
        {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "code": {**_TEXT, "description": "稳定的错误代码，见 docs/errors.md"},
            "trace": _TEXT,
        },
        "type",
        "title",
        "status",
        "detail",
        "code",
        "trace",
        about="RFC 9457",
    ),
}
