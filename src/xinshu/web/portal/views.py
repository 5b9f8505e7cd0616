"""The pages of the public website that show facts. Anybody may read them; none of them changes anything."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.identifiers import InvalidIdentifier, Uscc
from xinshu.kernel.text import normalise_cell, upper_ascii
from xinshu.publication.errors import PublicityEnded, RecordNotFound
from xinshu.publication.feed import ITEMS, Feed, feed
from xinshu.publication.queries import public_page_of, public_profile
from xinshu.publication.search import search_public
from xinshu.security.routes import public
from xinshu.subjects.domain import CLOSED_STATES
from xinshu.subjects.errors import SubjectNotFound
from xinshu.subjects.queries import find_subject
from xinshu.web.portal.hits import KINDS, SCOPES, narrow
from xinshu.web.portal.holdings import flow, latest_receipt, loading, records_held, subjects_held
from xinshu.web.portal.paging import Pager
from xinshu.web.portal.site import Portal
from xinshu.web.portal.timeline import entry, shape

FOUND_AT_MOST = 100  # subjects a search lists; a longer name finds the others
_ON_PAGE = 20
_ON_HOME = 6
_SUGGESTED = 8
_LONGEST_QUERY = 200
_CODE_LENGTH = 18


def today() -> date:
    """The day in Shanghai, for which pages show what is public."""
    return shanghai_date(timezone.now())


@public
@never_cache
@require_safe
def home(request: HttpRequest, portal: Portal) -> HttpResponse:
    """`/`: the search box, services, the latest licences and penalties, notices and topics."""
    shown = _feed(request, portal, Pager(_ON_HOME, _ON_HOME, 1))
    context = {
        "subjects": subjects_held(),
        "held": records_held(portal.reference.catalogue),
        "as_of": latest_receipt(),
        "feed": shown,
        "flow": flow(ITEMS, today()) if shown.units else None,
        **_chosen(request),
        **_scopes(""),
    }
    return page(request, portal, "home", context)


@public
@never_cache
@require_safe
def dual_publicity(request: HttpRequest, portal: Portal) -> HttpResponse:
    """`/sgs`: 双公示, the licences or penalties that came in last, by unit and region, in numbered pages."""
    pager = Pager.of(1_000_000_000, _ON_PAGE, request.GET.get("page", ""))
    shown = _feed(request, portal, pager)
    if pager.page > 1 and not shown.lines:  # an address from a longer list
        pager = Pager.of(shown.total, _ON_PAGE, str(pager.page))
        shown = _feed(request, portal, pager)
    context = {
        "feed": shown,
        "pager": Pager(shown.total, _ON_PAGE, pager.page),
        "flow": flow(ITEMS, today()),
        "as_of": latest_receipt(),
        **_chosen(request),
        "address": _address(request),
    }
    return page(request, portal, "dual_publicity", context)


@public
@never_cache
@require_safe
def collection(request: HttpRequest, portal: Portal) -> HttpResponse:
    """`/collection`: what the platform holds and how the files that came in fared."""
    catalogue = portal.reference.catalogue
    context = {
        "subjects": subjects_held(),
        "held": records_held(catalogue),
        "loading": loading(portal.home, catalogue),
    }
    return page(request, portal, "collection", context)


@public
@never_cache
@require_safe
def search(request: HttpRequest, portal: Portal) -> HttpResponse:
    """`/search?q=`: what was typed into the search box, by kind, region and status, in numbered pages."""
    query = typed(request.GET.get("q", ""))
    answer = search_public(query, reference=portal.reference, day=today(), limit=FOUND_AT_MOST)
    chosen = {name: typed(request.GET.get(name, "")) for name in ("kind", "region", "status")}
    hits, facets = narrow(answer.subjects, chosen, portal.reference.divisions)
    pager = Pager.of(len(hits), _ON_PAGE, request.GET.get("page", ""))
    context = {
        "query": query,
        "answer": answer,
        "hits": hits[pager.offset : pager.last_shown],
        "facets": facets,
        "narrowed": any(each.chosen for each in facets),
        "pager": pager,
        "hint": code_hint(query),
        "closed": CLOSED_STATES,
        "address": _address(request),
        "unnarrowed": "?" + urlencode({"q": query}),
        **_scopes(chosen["kind"]),
    }
    return page(request, portal, "search", context)


@public
@never_cache
@require_safe
def suggest(request: HttpRequest, portal: Portal) -> HttpResponse:
    """`/search/suggest?q=`: what the search box offers while one types; a piece of a page."""
    query = typed(request.GET.get("q", ""))
    hint = code_hint(query)
    answer = search_public(query, reference=portal.reference, day=today(), limit=_SUGGESTED)
    documents = answer.documents[: _SUGGESTED - len(answer.subjects)]
    offers = [(reverse("record", args=[each.record]), each.document_no, each.subject_name, "") for each in documents]
    offers += [(reverse("subject", args=[each.uscc]), each.name, each.matched, each.uscc) for each in answer.subjects]
    context = {"query": query, "offers": offers, "hint": hint, "box": request.GET.get("box", "")[:20]}
    return render(request, "portal/_suggestions.html", context)


@public
@never_cache
@require_safe
def subject(request: HttpRequest, portal: Portal, code: str) -> HttpResponse:
    """`/s/{code}`: what is public of a subject today; 404 with the search box for an unknown code.

    The page of a subject merged into another leads there, which says where one comes from.
    """
    try:
        profile = public_profile(typed(code), reference=portal.reference, day=today())
    except SubjectNotFound:
        context = {"query": typed(code), "hint": code_hint(code), "unknown_code": True}
        return page(request, portal, "not_found", context, status=404)
    if profile.merged_into:
        return redirect(f"/s/{profile.merged_into}?{urlencode({'from': profile.code})}")
    item, every = request.GET.get("item", ""), "all" in request.GET
    context = {
        "profile": profile,
        "closed": profile.status in CLOSED_STATES,
        "came_from": _merged_here(request.GET.get("from", ""), profile.code),
        "shaped": shape(profile, portal.permits, item=item, every=every),
        "every": every,
        "table": request.GET.get("view") == "table",
        "address": _address(request),
        "repair": _service(portal, "repair"),
        "objection": _service(portal, "objection"),
    }
    return page(request, portal, "subject", context)


@public
@never_cache
@require_safe
def record(request: HttpRequest, portal: Portal, public: str) -> HttpResponse:
    """`/r/{id}`: one record as it is public today; 410 without its content once it is no longer, 404 for an unknown id."""
    try:
        found = public_page_of(public[:_LONGEST_QUERY], reference=portal.reference, day=today())
    except PublicityEnded as ended:
        return page(request, portal, "ended", {"problem": ended}, status=410)
    except RecordNotFound:
        return page(request, portal, "not_found", {"query": "", "hint": "", "unknown_record": True}, status=404)
    context = {
        "found": found,
        "entry": entry(found.record, today(), portal.permits),
        "repair": _service(portal, "repair"),
        "objection": _service(portal, "objection"),
    }
    return page(request, portal, "record", context)


def page(request: HttpRequest, portal: Portal, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of the public website. `section`, the route's name, says which entry of the menu is the present one."""
    section = request.resolver_match.url_name if request.resolver_match and status < 400 else ""
    whole = {"site": portal.site, "content": portal.content, "today": today(), "section": section, **context}
    return render(request, f"portal/{name}.html", whole, status=status)


def typed(text: str) -> str:
    """What a person wrote, cut to a length no name reaches; NUL is no text for the database."""
    return text[:_LONGEST_QUERY].replace("\0", "").strip()


def code_hint(text: str) -> str:
    """What is wrong with something that looks like a credit code; empty for a right one and for other words."""
    code = upper_ascii(normalise_cell(text))
    if len(code) != _CODE_LENGTH or not code.isascii():
        return ""
    try:
        Uscc.parse(code)
    except InvalidIdentifier as wrong:
        return wrong.message
    return ""


def _service(portal: Portal, name: str) -> str:
    """Where the website tells of that service; empty where it does not."""
    offered = any(each.name == name for each in portal.content.services)
    return reverse("services-article", args=[name]) if offered else ""


def _feed(request: HttpRequest, portal: Portal, pager: Pager) -> Feed:
    item = request.GET.get("item", "")
    return feed(
        item if item in ITEMS else ITEMS[0],
        reference=portal.reference,
        day=today(),
        unit=typed(request.GET.get("unit", "")),
        region=typed(request.GET.get("region", "")),
        offset=pager.offset,
        limit=pager.size,
    )


def _chosen(request: HttpRequest) -> dict[str, Any]:
    """What the filters of the feed show as chosen, and the items as tabs."""
    return {
        "unit": typed(request.GET.get("unit", "")),
        "region": typed(request.GET.get("region", "")),
        "tabs": [("administrative-license", "行政许可"), ("administrative-penalty", "行政处罚")],
    }


def _scopes(chosen: str) -> dict[str, Any]:
    return {"scopes": [("", "全部"), *((name, KINDS[name][0]) for name in SCOPES)], "scope": chosen}


def _address(request: HttpRequest) -> dict[str, str]:
    """The query of the address, for links that change one part of it."""
    return {name: typed(request.GET.get(name, "")) for name in request.GET}


def _merged_here(code: str, here: str) -> str:
    """The former code, if that subject was indeed merged into this one."""
    if not code:
        return ""
    try:
        found = find_subject(typed(code))
    except SubjectNotFound:
        return ""
    return found.uscc if found.merged_into == here else ""
