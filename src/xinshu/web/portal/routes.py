"""The addresses of the public website."""

from __future__ import annotations

from django.urls import URLPattern, path

from xinshu.web.portal import views
from xinshu.web.portal.site import Portal


def routes(portal: Portal) -> list[URLPattern]:
    """The routes, each view given the portal it shows."""
    given = {"portal": portal}
    return [
        path("", views.home, given, name="home"),
        path("search", views.search, given, name="search"),
        path("s/<str:code>", views.subject, given, name="subject"),
    ]
