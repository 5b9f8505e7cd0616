"""Health pages, on every process. They tell nothing about the machine or the data."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from xinshu.ops.queries import audit_anchored, database_ready
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
    """The process can work: 200 `{"database": "ok", "audit": "ok"}`, else 503 `{"database": "unavailable", …}`.

    `"audit": "stale"` with 200: the record is not anchored, so sensitive reads are refused; public pages work.
    """
    ready = database_ready()
    audit = "ok" if ready and audit_anchored(timezone.now()) else "stale"
    return JsonResponse({"database": "ok" if ready else "unavailable", "audit": audit}, status=200 if ready else 503)
