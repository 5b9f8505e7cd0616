"""The pages that say what the profile's `content.yaml` has in it, and the map of the site."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from xinshu.catalogue.ruletable import RULES
from xinshu.security.routes import public
from xinshu.web.portal.site import Portal
from xinshu.web.portal.views import page

# First word of the address: the kinds of article under it, and the heading of their list.
SHELVES = {
    "services": (("services",), "信用服务"),
    "news": (("news",), "通知公告"),
    "topics": (("topics",), "专栏"),
    "about": (("help", "rights"), "使用帮助"),
}


@public
@require_safe
def shelf(request: HttpRequest, portal: Portal, name: str) -> HttpResponse:
    """`/services`, `/news`, `/topics`, `/about`: the list of articles; 404 where there is none."""
    kinds, title = SHELVES[name]
    articles = [each for kind in kinds for each in getattr(portal.content, kind)]
    if not articles:
        raise Http404
    return page(request, portal, "shelf", {"shelf": name, "shelf_title": title, "articles": articles})


@public
@require_safe
def article(request: HttpRequest, portal: Portal, name: str, slug: str) -> HttpResponse:
    """`/services/{slug}` and the like: one article; 404 for an unknown one."""
    kinds, title = SHELVES[name]
    found = portal.content.find(kinds, slug)
    if found is None:
        raise Http404
    return page(request, portal, "article", {"shelf": name, "shelf_title": title, "article": found})


@public
@require_safe
def rules(request: HttpRequest, portal: Portal) -> HttpResponse:
    """`/docs/rulebook`: every rule of the checks, where the `doc_url` of a finding leads."""
    lines = [
        (each.code, each.name, each.level, each.scope, _example(each.message), _example(each.fix)) for each in RULES
    ]
    return page(request, portal, "rules", {"rules": lines})


class _Blank(dict[str, str]):
    """The words of a message that a finding would put in."""

    def __missing__(self, word: str) -> str:
        return "…"


def _example(message: str) -> str:
    return message.format_map(_Blank(row="N", title="数据项"))


@public
@require_safe
def sitemap(request: HttpRequest, portal: Portal) -> HttpResponse:
    """`/sitemap`: every page of the website that is not about one subject."""
    shelves = [
        (name, title, [each for kind in kinds for each in getattr(portal.content, kind)])
        for name, (kinds, title) in SHELVES.items()
    ]
    return page(request, portal, "sitemap", {"shelves": [each for each in shelves if each[2]]})
