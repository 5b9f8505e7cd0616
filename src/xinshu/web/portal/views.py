"""The pages of the public website. Anybody may read them; none of them changes anything."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.identifiers import InvalidIdentifier, Uscc
from xinshu.kernel.logs import current_trace
from xinshu.kernel.text import normalise_cell, upper_ascii
from xinshu.publication.queries import public_profile
from xinshu.security.routes import public
from xinshu.subjects.domain import CLOSED_STATES
from xinshu.subjects.errors import SubjectNotFound
from xinshu.subjects.queries import search as search_subjects
from xinshu.web.portal.holdings import loading, records_held, subjects_held
from xinshu.web.portal.site import Portal
from xinshu.web.portal.timeline import SHOWN, entries_by_section, years

_HITS = 50
_LONGEST_QUERY = 200
_CODE_LENGTH = 18


def today() -> date:
    """The day in Shanghai, for which pages show what is public."""
    return shanghai_date(timezone.now())


@public
@never_cache
@require_safe
def home(request: HttpRequest, portal: Portal) -> HttpResponse:
    """`/`: what the platform holds, how files fared, the search box."""
    catalogue = portal.reference.catalogue
    context = {
        "subjects": subjects_held(),
        "held": records_held(catalogue),
        "loading": loading(portal.home, catalogue),
    }
    return _page(request, portal, "home", context)


@public
@never_cache
@require_safe
def search(request: HttpRequest, portal: Portal) -> HttpResponse:
    """`/search?q=`: subjects by code, name or former name."""
    query = _typed(request.GET.get("q", ""))
    hits = search_subjects(query, limit=_HITS) if query else []
    context = {"query": query, "hits": hits, "full": len(hits) == _HITS, "hint": _code_hint(query)}
    return _page(request, portal, "search", context)


@public
@never_cache
@require_safe
def subject(request: HttpRequest, portal: Portal, code: str) -> HttpResponse:
    """`/s/{code}`: what is public of a subject today; 404 with the search box for an unknown code."""
    try:
        profile = public_profile(_typed(code), reference=portal.reference, day=today())
    except SubjectNotFound:
        context = {"query": _typed(code), "hint": _code_hint(code), "unknown_code": True}
        return _page(request, portal, "not_found", context, status=404)
    context = {
        "profile": profile,
        "closed": profile.status in CLOSED_STATES,
        "years": years(profile),
        "left_out": max(0, profile.total - SHOWN),
        "sections": entries_by_section(profile),
    }
    return _page(request, portal, "subject", context)


def not_found(request: HttpRequest, exception: Exception | None = None, *, portal: Portal) -> HttpResponse:
    """Any address without a page: 404 with the search box, the words of the address in it."""
    del exception  # Django names it
    words = request.path.rstrip("/").rsplit("/", 1)[-1]
    return _page(request, portal, "not_found", {"query": _typed(words)}, status=404)


def failed(request: HttpRequest, *, portal: Portal) -> HttpResponse:
    """A fault of ours: 500 with the trace number that is also in the log. Asks no database."""
    return _page(request, portal, "failed", {"trace": current_trace()}, status=500)


def _page(request: HttpRequest, portal: Portal, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    whole = {"site": portal.site, "today": today(), **context}
    return render(request, f"portal/{name}.html", whole, status=status)


def _typed(text: str) -> str:
    """What a person wrote, cut to a length no name reaches; NUL is no text for the database."""
    return text[:_LONGEST_QUERY].replace("\0", "").strip()


def _code_hint(text: str) -> str:
    """What is wrong with something that looks like a credit code; empty for a right one and for other words."""
    code = upper_ascii(normalise_cell(text))
    if len(code) != _CODE_LENGTH or not code.isascii():
        return ""
    try:
        Uscc.parse(code)
    except InvalidIdentifier as wrong:
        return wrong.message
    return ""
