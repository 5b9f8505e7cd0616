"""Health pages, on every process. They tell nothing about the machine or the data."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from xinshu.ops.queries import database_ready
from xinshu.security.routes import public


@public
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers: 200 `{"status": "ok"}`."""
    return JsonResponse({"status": "ok"})


@public
@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """The process can work: 200 `{"database": "ok"}`, else 503 `{"database": "unavailable"}`."""
    ready = database_ready()
    return JsonResponse({"database": "ok" if ready else "unavailable"}, status=200 if ready else 503)
