"""What every request goes through before Django's own chain: trace number, headers of every answer, method and address."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from xinshu.kernel.logs import new_trace

_GetResponse = Callable[[HttpRequest], HttpResponseBase]
_POLICY = "; ".join(
    [
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    ]
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class TraceMiddleware:
    """Begins a trace for the request and names it in the header `X-Trace`, the same number as in the log."""

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request under its own trace number."""
        trace = new_trace()
        response = self.get_response(request)
        response["X-Trace"] = trace
        return response


class HeadersMiddleware:
    """Content security policy and permissions policy on every answer; Secure cookies when the request came by TLS.

    No inline script or style and nothing from other hosts: pages bring their own files under /static/. The answer that ends
    a session also tells the browser to forget what it kept of us.
    """

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with our headers; a view may set a stricter policy of its own."""
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", _POLICY)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        session = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if session is not None and session["max-age"] == 0:
            response["Clear-Site-Data"] = '"cache", "storage"'
        if request.is_secure():
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response


class DoorMiddleware:
    """Refuses methods nobody here answers (TRACE) and NUL, and finds out whose address a request comes from.

    PostgreSQL stores no NUL: in a query it is dropped, in a path nothing bears that name, in a form it is a bad request.
    `REMOTE_ADDR` becomes the address the outermost of the operator's proxies saw (`XINSHU_TRUSTED_PROXIES`); what a caller
    writes into `X-Forwarded-For` himself stands before that and is not believed.
    """

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, or 405."""
        if request.method not in _METHODS:
            return HttpResponseNotAllowed(_METHODS)
        request.META["QUERY_STRING"] = request.META.get("QUERY_STRING", "").replace("%00", "")
        request.META["REMOTE_ADDR"] = caller(request.META, settings.XINSHU.trusted_proxies)
        return self.get_response(request)

    def process_view(self, _request: HttpRequest, _view: object, _args: object, places: Mapping[str, object]) -> None:
        """404 for a name with a NUL in it."""
        if any(isinstance(each, str) and "\0" in each for each in places.values()):
            raise Http404

    def process_exception(self, _request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """400 for a form with a NUL in it; every other fault goes its way."""
        if isinstance(problem, DataError) and "NUL (0x00)" in str(problem):
            return HttpResponseBadRequest("请求中含有不能使用的字符（NUL）", content_type="text/plain; charset=utf-8")
        return None


def caller(meta: Mapping[str, str], proxies: int) -> str:
    """The address a request came from, behind so many proxies of ours; the peer's when they did not say."""
    peer = meta.get("REMOTE_ADDR", "")
    passed = meta.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not 0 < proxies <= len(passed):
        return peer
    try:
        return str(ipaddress.ip_address(passed[-proxies].strip().strip("[]")))
    except ValueError:
        return peer
