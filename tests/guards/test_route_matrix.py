"""docs/routes.csv declares who may call each route and what act of it is on the record; what the views state is compared
with it, both ways. That each act leaves exactly one row is tried in tests/security/identity/test_one_row.py."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.urls import URLPattern, URLResolver

from xinshu.security.audit.actions import ACTIONS
from xinshu.security.domain import Role
from xinshu.security.routes import Authorisation, authorisation_of

_HEAD = ["process", "route", "who", "audit"]
PROCESSES = {"web": "xinshu.project.urls", "gateway": "xinshu.project.gateway.urls"}


def who(stated: Authorisation | None) -> str:
    """A statement in the words of the table: nobody, public, key, signed in, or the roles."""
    if stated is None:
        return "nobody"
    words = [word for word, said in (("public", stated.public), ("key", stated.key)) if said]
    return " ".join(words or (["signed-in"] if stated.signed_in else sorted(each.value for each in stated.roles)))


def stated(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(route, who may call it)."""
    for each in patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from stated(each.url_patterns, route)
        else:
            yield route, who(authorisation_of(each.callback))


def test_the_routes_are_open_to_those_declared_and_to_nobody_else(root: Path):
    with (root / "docs" / "routes.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        declared = [(row["process"], row["route"], row["who"]) for row in reader]
    assert reader.fieldnames == _HEAD
    found = [
        (process, route, said)
        for process, module in PROCESSES.items()
        for route, said in stated(importlib.import_module(module).urlpatterns)
    ]
    assert sorted(declared) == sorted(found), "docs/routes.csv differs from what the views state"


def declared_acts(root: Path) -> dict[tuple[str, str], frozenset[str]]:
    """{(process, route): the actions recorded by it}; `-` in the table: it discloses and decides nothing."""
    with (root / "docs" / "routes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    return {(row["process"], row["route"]): frozenset(row["audit"].split()) - {"-"} for row in rows}


def test_every_route_states_what_of_it_is_on_the_record(root: Path):
    with (root / "docs" / "routes.csv").open(encoding="utf-8", newline="") as file:
        said = {(row["process"], row["route"]): row["audit"] for row in csv.DictReader(file, strict=True)}
    assert [route for route, words in said.items() if not words] == []
    acts = {word for words in said.values() if words != "-" for word in words.split()}
    assert acts <= set(ACTIONS)


def test_every_urlconf_of_the_program_is_compared(sources):
    named = [each.path.removeprefix("src/").removesuffix(".py") for each in sources if each.path.endswith("/urls.py")]
    assert {each.replace("/", ".") for each in named} == set(PROCESSES.values())


def test_a_statement_is_told_in_one_way():
    assert who(None) == "nobody"
    assert who(Authorisation(public=False, roles=frozenset({Role.STEWARD, Role.OPERATOR}))) == "operator steward"
    assert who(Authorisation(public=False, signed_in=True)) == "signed-in"
