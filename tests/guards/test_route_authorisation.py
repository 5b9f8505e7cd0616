"""Every route states who may call it."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from xinshu.security.routes import authorisation_of, public


def routes(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, object]]:
    """(address, view) of every route, included ones too."""
    for each in patterns:
        address = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, address)
        else:
            yield address, each.callback


def unstated(patterns: Iterable[URLPattern | URLResolver]) -> list[str]:
    """Addresses whose views do not state who may call them."""
    return [address for address, view in routes(patterns) if authorisation_of(view) is None]


def test_every_route_states_its_authorisation(sources):
    named = [source.path for source in sources if source.path.endswith("/urls.py")]
    modules = [path.removeprefix("src/").removesuffix(".py").replace("/", ".") for path in named]
    assert "xinshu.project.urls" in modules
    for name in modules:
        patterns = importlib.import_module(name).urlpatterns
        assert list(routes(patterns)), f"{name} has no route"
        assert unstated(patterns) == [], name


def test_the_guard_sees_a_route_without_a_statement():
    def silent(_request):
        return HttpResponse()

    stated = public(lambda request: HttpResponse())
    inner = [path("silent", silent), path("stated", stated)]
    assert unstated([path("a/", include(inner)), path("b", stated)]) == ["a/silent"]
