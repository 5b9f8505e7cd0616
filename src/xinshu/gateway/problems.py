"""Errors as RFC 9457 problem details, with our stable `code`, what to do and the trace number."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from xinshu.kernel.errors import XinshuError
from xinshu.kernel.logs import current_trace

_STATUS = {
    "gateway.key_missing": 401,
    "gateway.not_found": 404,
    "gateway.method": 405,
    "channel.batch_unknown": 404,
    "channel.file_too_large": 413,
    "channel.file_missing": 422,
    "channel.file_name_invalid": 422,
    "channel.item_missing": 422,
    "channel.idempotency_key_reused": 422,
    "collection.unknown_source": 422,
    "collection.file_changed": 409,
    "gateway.page_invalid": 422,
    "audit.anchor_stale": 503,
    "audit.unavailable": 503,
    "disclosure.already_decided": 409,
    "disclosure.batch_limit": 422,
    "disclosure.body_invalid": 422,
    "disclosure.card_shut": 403,
    "disclosure.consent_terms": 422,
    "disclosure.fetches_used_up": 403,
    "disclosure.file_expired": 404,
    "disclosure.link_unknown": 404,
    "disclosure.not_approved": 409,
    "disclosure.approval_expired": 403,
    "disclosure.edited_after_approval": 403,
    "disclosure.field_shut": 403,
    "disclosure.grounds_gone": 403,
    "disclosure.idempotency_in_flight": 409,
    "disclosure.idempotency_key_reused": 422,
    "disclosure.no_consent": 404,
    "disclosure.not_allowed": 403,
    "disclosure.own_subject": 403,
    "disclosure.not_registered": 404,
    "disclosure.person_limit": 429,
    "disclosure.purpose_not_listed": 403,
    "disclosure.purpose_unknown": 422,
    "disclosure.registration_incomplete": 422,
    "disclosure.subject_invalid": 422,
    "disclosure.subject_kind": 403,
    "disclosure.system_unknown": 403,
    "disclosure.unit_limit": 429,
    "gateway.idempotency_key_invalid": 422,
    "gateway.too_many": 429,
    "subjects.not_found": 404,
    "policy.duties_separated": 403,
    "policy.other_item": 403,
    "policy.other_unit": 403,
    "policy.role_missing": 403,
    "policy.step_up_required": 403,
}
_log = structlog.get_logger(__name__)


class KeyMissing(XinshuError):
    """A call without an API key, or with one that is wrong or was ended."""

    code = "gateway.key_missing"

    def __init__(self) -> None:
        super().__init__("没有接口密钥，或密钥不正确、已停用", fix="在请求头中写 Authorization: Bearer 密钥")


class NoSuchAddress(XinshuError):
    """The interface has no such address."""

    code = "gateway.not_found"

    def __init__(self) -> None:
        super().__init__("接口中没有这个地址", fix="对照 docs/channels.md 核对地址")


class WrongMethod(XinshuError):
    """The address does not take this method."""

    code = "gateway.method"

    def __init__(self, allowed: str) -> None:
        super().__init__("此地址不接受这种请求方法", fix=f"可用：{allowed}")


class PageInvalid(XinshuError):
    """A cursor or a page size that cannot be read."""

    code = "gateway.page_invalid"

    def __init__(self) -> None:
        super().__init__("分页参数无法识别", fix="cursor 用上一页答复中的 next，limit 用 1 至 100")


class IdempotencyKeyInvalid(XinshuError):
    """An Idempotency-Key that is too long or not plain text."""

    code = "gateway.idempotency_key_invalid"

    def __init__(self) -> None:
        super().__init__("Idempotency-Key 无法使用", fix="用 1 至 200 个可见的 ASCII 字符，如一个 UUID")


class TooManyCalls(XinshuError):
    """An address called more often than the installation allows."""

    code = "gateway.too_many"

    def __init__(self, seconds: int) -> None:
        super().__init__("调用过于频繁", fix=f"{seconds} 秒后再试；持续需要更多调用时联系信用中心")


class Internal(XinshuError):
    """A fault of ours; the trace number is in the log."""

    code = "gateway.internal"

    def __init__(self) -> None:
        super().__init__("暂时无法处理，没有接收任何内容", fix="几分钟后重试；反映问题时请告知追踪号")


def problem(error: XinshuError) -> JsonResponse:
    """The answer for an error: `application/problem+json`."""
    status = _STATUS.get(error.code, 500)
    body = {
        "type": "about:blank",
        "title": error.message,
        "status": status,
        "detail": error.fix,
        "code": error.code,
        "trace": current_trace(),
    }
    answer = JsonResponse(
        body, status=status, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
    )
    answer["Cache-Control"] = "no-store"
    if status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="xinshu"'
    return answer


def told(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view whose errors are problem details."""

    @functools.wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except XinshuError as error:
            if error.code not in _STATUS:
                _log.exception("call failed", code=error.code)
                return problem(Internal())
            return problem(error)

    return answered


def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """404 for any other address."""
    del request, exception  # Django names them
    return problem(NoSuchAddress())


def failed(request: HttpRequest) -> JsonResponse:
    """500, without a word about why."""
    del request  # Django names it
    return problem(Internal())
