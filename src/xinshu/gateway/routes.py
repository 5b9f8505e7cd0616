"""The addresses of the interface."""

from __future__ import annotations

from django.urls import URLPattern, path

from xinshu.gateway import batches, cards, queries
from xinshu.gateway.batches import OpenDesk
from xinshu.gateway.queries import OpenGate


def query_routes(open_gate: OpenGate) -> list[URLPattern]:
    """The routes of queries and consents; the gate is opened when first needed."""
    given = {"open_gate": open_gate}
    return [
        path("api/v1/queries", queries.queries, given, name="queries"),
        path("api/v1/queries/<str:number>", queries.one, given, name="query"),
        path("api/v1/queries/<str:number>/answer", queries.answer, given, name="query-answer"),
        path("api/v1/queries/<str:number>/file", queries.result_file, given, name="query-file"),
        path("api/v1/cards", cards.cards, given, name="cards"),
        path("api/v1/query-batches", queries.query_batches, given, name="query-batches"),
        path("api/v1/consents", queries.consents, given, name="consents"),
        path("api/v1/consents/<str:number>", queries.consent, given, name="consent"),
    ]


def routes(open_desk: OpenDesk) -> list[URLPattern]:
    """The routes; the desk is opened when first needed."""
    given = {"open_desk": open_desk}
    return [
        path("api/v1/batches", batches.batches, given, name="batches"),
        path("api/v1/batches/<str:label>", batches.batch, given, name="batch"),
        path("api/v1/batches/<str:label>/findings.csv", batches.findings, given, name="batch-findings"),
    ]
