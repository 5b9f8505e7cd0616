"""The addresses of the interface."""

from __future__ import annotations

from django.urls import URLPattern, path

from xinshu.gateway import batches
from xinshu.gateway.batches import OpenDesk


def routes(open_desk: OpenDesk) -> list[URLPattern]:
    """The routes; the desk is opened when first needed."""
    given = {"open_desk": open_desk}
    return [
        path("api/v1/batches", batches.batches, given, name="batches"),
        path("api/v1/batches/<str:label>", batches.batch, given, name="batch"),
        path("api/v1/batches/<str:label>/findings.csv", batches.findings, given, name="batch-findings"),
    ]
