"""`/api/v1/openapi.json`: the interface as an OpenAPI 3.1 document, made from the routes, their methods and `schemas`.

A route without a line in `OPERATIONS` is a fault that a test finds, and so is a line without a route.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from xinshu import __version__
from xinshu.gateway.schemas import SCHEMAS, ref
from xinshu.security.routes import authorisation_of, public

PREFIX = "api/v1/"
_JSON, _CSV, _FORM = "application/json", "text/csv", "multipart/form-data"
_FILES = (_CSV, "application/pdf", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_PARAMETER = re.compile(r"<str:(\w+)>")


@dataclass(frozen=True, slots=True)
class Operation:
    """A call: what it does in words, its body by kind and schema, its answers {status: (kind, schema) or kinds of files}."""

    summary: str
    answers: Mapping[int, tuple[str, str] | tuple[str, ...]]
    body: tuple[str, str] | None = None
    query: Mapping[str, str] = field(default_factory=dict)


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("batches", "GET"): Operation(
        "本单位的批次，新的在前",
        {200: (_JSON, "Receipts")},
        query={"cursor": "上一页答复中的 next", "limit": "1 至 100"},
    ),
    ("batches", "POST"): Operation("报送一份文件", {202: (_JSON, "Receipt")}, (_FORM, "HandIn")),
    ("batches/<str:label>", "GET"): Operation("批次的回执", {200: (_JSON, "Receipt")}),
    ("batches/<str:label>/findings.csv", "GET"): Operation("问题清单", {200: (_CSV,)}),
    ("queries", "POST"): Operation(
        "查询一个主体", {200: (_JSON, "QueryAnswer"), 202: (_JSON, "QueryAnswer")}, (_JSON, "Query")
    ),
    ("queries/<str:number>", "GET"): Operation("查询的状态，不含数据", {200: (_JSON, "QueryState")}),
    ("queries/<str:number>/answer", "POST"): Operation("取审核通过的查询的结果，一次", {200: (_JSON, "QueryAnswer")}),
    ("queries/<str:number>/file", "POST"): Operation(
        "下载结果的一份副本，计一次下载", {200: _FILES}, (_JSON, "FileWanted")
    ),
    ("query-batches", "POST"): Operation("申请批量查询", {202: (_JSON, "QueryAnswer")}, (_JSON, "Query")),
    ("cards", "POST"): Operation(
        "登记查询并取嵌入卡片的链接", {201: (_JSON, "CardAnswer"), 202: (_JSON, "CardAnswer")}, (_JSON, "Card")
    ),
    ("consents", "GET"): Operation("本单位申请或取得的授权", {200: (_JSON, "Consents")}),
    ("consents", "POST"): Operation("向主体申请授权", {201: (_JSON, "Consent")}, (_JSON, "ConsentAsked")),
    ("consents/<str:number>", "GET"): Operation("一项授权", {200: (_JSON, "Consent")}),
    ("subjects/<str:code>", "GET"): Operation("主体的公示视图", {200: (_JSON, "PublicSubject")}),
    ("openapi.json", "GET"): Operation("本文档", {200: (_JSON, "")}),
}


def document_route(routes: Callable[[], Iterable[URLPattern]]) -> URLPattern:
    """The route of the document about all routes of the process, itself too."""
    return path(f"{PREFIX}openapi.json", told, {"routes": routes}, name="openapi")


@public
@require_safe
def told(request: HttpRequest, routes: Callable[[], Iterable[URLPattern]]) -> JsonResponse:
    """GET: the document. It says how to ask, nothing of what is held."""
    del request
    return JsonResponse(document(routes()), json_dumps_params={"ensure_ascii": False})


def calls(routes: Iterable[URLPattern]) -> Iterator[tuple[str, str, bool]]:
    """(route below the prefix, method, whether a key is asked for) of every call of the interface."""
    for each in routes:
        route = str(each.pattern)
        if route.startswith(PREFIX):
            stated = authorisation_of(each.callback)
            for method in getattr(each.callback, "methods", ("GET",)):
                yield route.removeprefix(PREFIX), method, stated is None or not stated.public


def document(routes: Iterable[URLPattern]) -> dict[str, Any]:
    """The document. Raises KeyError for a call that has no line."""
    paths: dict[str, dict[str, Any]] = {}
    for route, method, with_key in calls(routes):
        address = f"/{PREFIX}" + _PARAMETER.sub(r"{\1}", route)
        paths.setdefault(address, {})[method.lower()] = _operation(route, method, with_key=with_key)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "信枢接口",
            "version": __version__,
            "description": "机器对机器接口。错误为 RFC 9457 problem details，带稳定代码。",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "接口密钥"}},
        },
    }


def _operation(route: str, method: str, *, with_key: bool) -> dict[str, Any]:
    said = OPERATIONS[route, method]
    parameters = [_parameter(name, "path") for name in _PARAMETER.findall(route)]
    parameters += [{**_parameter(name, "query"), "description": text} for name, text in said.query.items()]
    if method == "POST":
        parameters.append({**_parameter("Idempotency-Key", "header"), "description": "同一请求重发时答复相同"})
    made: dict[str, Any] = {
        "operationId": "-".join([method.lower(), *re.findall(r"[\w.]+", _PARAMETER.sub(r"\1", route))]),
        "summary": said.summary,
        "responses": {str(status): _answer(what) for status, what in said.answers.items()},
    }
    made["responses"]["default"] = {
        "description": "未办理",
        "content": {"application/problem+json": {"schema": ref("Problem")}},
    }
    if parameters:
        made["parameters"] = parameters
    if said.body is not None:
        kind, schema = said.body
        made["requestBody"] = {"required": True, "content": {kind: {"schema": ref(schema)}}}
    return {**made, "security": [{"key": []}]} if with_key else made


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


def _answer(what: tuple[str, ...]) -> dict[str, Any]:
    """JSON of a schema, or a file in one of several kinds."""
    if what[0] == _JSON:
        schema = ref(what[1]) if what[1] else {"type": "object"}
        return {"description": "已办理", "content": {_JSON: {"schema": schema}}}
    return {"description": "文件", "content": {kind: {"schema": {"type": "string"}} for kind in what}}
