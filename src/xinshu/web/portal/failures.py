"""Pages for what cannot be shown: no such page, not allowed, a fault of ours."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from xinshu.kernel.logs import current_trace
from xinshu.web.portal.site import Portal
from xinshu.web.portal.views import page, typed


def not_found(request: HttpRequest, exception: Exception | None = None, *, portal: Portal) -> HttpResponse:
    """Any address without a page: 404 with the search box, the words of the address in it."""
    del exception  # Django names it
    words = request.path.rstrip("/").rsplit("/", 1)[-1]
    return page(request, portal, "not_found", {"query": typed(words)}, status=404)


def denied(request: HttpRequest, exception: Exception | None = None, *, portal: Portal) -> HttpResponse:
    """Signed in, but not for this: 403, which says who gives the right."""
    del exception
    return page(request, portal, "denied", {}, status=403)


def failed(request: HttpRequest, *, portal: Portal) -> HttpResponse:
    """A fault of ours: 500 with the trace number that is also in the log. Asks no database."""
    return page(request, portal, "failed", {"trace": current_trace()}, status=500)
