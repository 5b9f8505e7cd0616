"""`/embed/card/TOKEN`: a result in a frame of another system's page. No session, no cookie, no script, no way on.

The browser shows it inside the pages of the system's own addresses only (frame-ancestors); framed by another page, or
opened by itself, it is refused and the link is used up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_GET

from xinshu.disclosure.cards import framers_of, show_card
from xinshu.disclosure.errors import LinkUnknown
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.tables import OUTCOMES, Wearer
from xinshu.kernel.errors import XinshuError
from xinshu.kernel.logs import current_trace
from xinshu.security.domain import Actor
from xinshu.security.identity.requests import address_of
from xinshu.security.routes import public
from xinshu.web.console.shown import groups_of

OpenGate = Callable[[], Gate]
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {}"
)
_FRAMES = frozenset({"iframe", "frame"})
_FAINT = range(120)  # how often the watermark stands behind the card


def routes(open_gate: OpenGate) -> list[URLPattern]:
    """The route; the gate is opened when first needed."""
    return [path("embed/card/<str:token>", card, {"open_gate": open_gate}, name="card")]


@public
@xframe_options_exempt
@require_GET
def card(request: HttpRequest, open_gate: OpenGate, token: str) -> HttpResponse:
    """The card, once. Whoever has the link may see it; the system that asked for it answers for that."""
    try:
        gate = open_gate()
        found = show_card(gate, token, _stranger(request), _framer(request), timezone.now())
    except XinshuError as refused:
        status = 404 if isinstance(refused, LinkUnknown) else 403
        return _page(request, {"problem": refused}, framers_of(token), status)
    (subject,) = found.result.subjects
    unit = gate.units()[found.ticket.unit].name
    worn = Wearer(found.mark, found.ticket.number, unit, found.viewer, found.result.at, found.result.purpose)
    context = {
        "subject": subject,
        "outcome": OUTCOMES[subject.outcome],
        "groups": groups_of(gate, subject),
        "result": found.result,
        "ticket": found.ticket,
        "viewer": found.viewer,
        "mark": found.mark,
        "unit": unit,
        "faint": [worn.line for _ in _FAINT],
    }
    return _page(request, context, found.origins, 200)


def _framer(request: HttpRequest) -> str:
    """The origin of the page the card is framed by; empty when it is opened by itself or the browser does not say."""
    if request.headers.get("Sec-Fetch-Dest", "iframe") not in _FRAMES:
        return ""
    parts = urlsplit(request.headers.get("Referer", ""))
    return f"{parts.scheme}://{parts.netloc}".lower()


def _stranger(request: HttpRequest) -> Actor:
    return Actor(
        id="",
        name="",
        roles=frozenset(),
        unit="",
        region="",
        person="",
        address=address_of(request),
        trace=current_trace(),
    )


def _page(request: HttpRequest, context: dict[str, object], origins: Sequence[str], status: int) -> HttpResponse:
    told = render(request, "console/card.html", context, status=status)
    told["Content-Security-Policy"] = _POLICY.format(" ".join(origins) or "'none'")
    told["Cache-Control"] = "no-store"
    told["Referrer-Policy"] = "no-referrer"
    return told
