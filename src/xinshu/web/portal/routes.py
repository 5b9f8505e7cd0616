"""The addresses of the public website."""

from __future__ import annotations

from django.urls import URLPattern, path

from xinshu.web.portal import articles, views
from xinshu.web.portal.site import Portal


def routes(portal: Portal) -> list[URLPattern]:
    """The routes, each view given the portal it shows."""
    given = {"portal": portal}
    shelves = [
        route
        for name in articles.SHELVES
        for route in (
            path(name, articles.shelf, {**given, "name": name}, name=name),
            path(f"{name}/<slug:slug>", articles.article, {**given, "name": name}, name=f"{name}-article"),
        )
    ]
    return [
        path("", views.home, given, name="home"),
        path("search", views.search, given, name="search"),
        path("search/suggest", views.suggest, given, name="suggest"),
        path("s/<str:code>", views.subject, given, name="subject"),
        path("r/<str:public>", views.record, given, name="record"),
        path("sgs", views.dual_publicity, given, name="dual-publicity"),
        path("collection", views.collection, given, name="collection"),
        path("docs/rulebook", articles.rules, given, name="rules"),
        path("sitemap", articles.sitemap, given, name="sitemap"),
        *shelves,
    ]
