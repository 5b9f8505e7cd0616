"""What every request goes through before Django's own chain: its trace number, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
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

    No inline script or style and nothing from other hosts: pages bring their own files under /static/.
    """

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with our headers; a view may set a stricter policy of its own."""
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", _POLICY)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        if request.is_secure():
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response
