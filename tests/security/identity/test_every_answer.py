"""All routes, by strangers and by those who may, with rubbish in every place: no fault, no inside, the headers on each answer."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, urlencode

from django.test import Client
from tests.guards.test_route_matrix import stated
from tests.security.identity.seeded import patterns_now, program, seeded, through_gateway  # noqa: F401

from xinshu.security.domain import Role

_INSIDE = re.compile(
    r"Traceback|site-packages|psycopg|/src/xinshu|\.py\b|SELECT .+ FROM|INSERT INTO|UPDATE .+ SET|DETAIL:|DoesNotExist"
    r"|OperationalError|DataError|ValueError|KeyError|django\.",
    re.IGNORECASE,
)
_TEXTS = ["%00", "'\";--", "../../../etc/passwd", "x" * 3000, "９９９", "😀\u2028", "{{7*7}}${7*7}", "%252e%252e"]
_PLACES = {
    "int": ["0", "2147483648", "9223372036854775808", "9" * 30],
    "uuid": ["00000000-0000-0000-0000-000000000000", "01900000-0000-7000-8000-000000000000"],
    "slug": ["nothing", "a" * 300],
}
_FORM = "application/x-www-form-urlencoded"
_SENT = {
    "page": "9" * 30,
    "q": "\x00'\\",
    "limit": "-1",
    "cursor": "' OR 1=1",
    "from": "2026-99-99",
    "to": "\ud7ff",
    "code": "9" * 5000,
    "verb": "{{7*7}}",
    "version": "1e9",
    "subjects": "\u0000,\n" * 300,
    "form": "exe",
    "next": "//evil.example",
    "reason": "<script>alert(1)</script>",
}

_BODY = {
    "purpose": "financing",
    "legal_basis": "主体授权",
    "matter_no": "X-1",
    "subjects": [{"kind": "organisation", "code": "11990000000000043T"}],
    "fields": ["administrative-penalty.CF_SY"],
    "since": "2026-01-01",
    "use": "核查",
    "platform": "",
}
_FIELDS = [
    "purpose",
    "legal_basis",
    "matter_no",
    "kind",
    "subjects",
    "use",
    "decision",
    "reason",
    "user",
    "role",
    "organisation",
]
_FIELDS += [
    "name",
    "username",
    "display_name",
    "ticket",
    "unit",
    "actor",
    "trace",
    "action",
    "code",
    "item",
    "how",
    "form",
    "old",
    "new",
    "again",
]


def _addresses(route: str) -> list[str]:
    """The route with each bad value in all its places; itself when it has none."""
    places = re.findall(r"<(\w+):\w+>", route)
    if not places:
        return [f"/{route}"]
    pool = _PLACES.get(places[0]) or [quote(each, safe="%") for each in _TEXTS]
    return ["/" + re.sub(r"<\w+:\w+>", lambda _, value=each: value, route) for each in pool]


def _complaints(answer, what: str) -> list[str]:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = body.decode("utf-8", "replace")
    found = [f"{what}: {answer.status_code}"] if answer.status_code >= 500 else []
    if "text/html" in answer.get("Content-Type", "") or answer.status_code >= 400:
        found += [f"{what}: tells {inside.group()!r}" for inside in [_INSIDE.search(text)] if inside]
    if body and not answer.get("Content-Type"):
        found.append(f"{what}: no content type")
    policy = answer.get("Content-Security-Policy", "")
    if "frame-ancestors" not in policy or not re.search("(object|default)-src 'none'", policy):
        found.append(f"{what}: policy {policy!r}")
    wanted = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "", "X-Trace": "TR-", "Permissions-Policy": ""}
    return found + [
        f"{what}: no {name}" for name, value in wanted.items() if not answer.get(name, "-").startswith(value)
    ]


def _callers(who: str, users: dict[str, Client], stranger: Client) -> list[Client]:
    inside = [users[each] for each in who.split() if each in users] or (
        [users["reporter"]] if who == "signed-in" else []
    )
    return [stranger, *inside]


def test_every_answer_of_the_website_has_its_headers_and_tells_nothing(seeded, make_user, browser_of):  # noqa: F811
    def browser(role: Role) -> Client:
        made = browser_of(make_user(f"w{role.value}", role, unit=seeded.other))
        made.raise_request_exception = False
        return made

    users = {role.value: browser(role) for role in Role}
    stranger = Client(headers={"host": "127.0.0.1"}, raise_request_exception=False)
    found, told = [], set()
    for route, who in stated(patterns_now()):
        if route == "logout":
            continue
        for number, caller in enumerate(_callers(who, users, stranger)):
            for address in _addresses(route):
                for method in ("get", "post"):
                    answer = getattr(caller, method)(address, _SENT)
                    told.add(answer.status_code)
                    found += _complaints(answer, f"{method} {address[:60]} {'stranger' if not number else who}")
                answer = caller.post(address, urlencode(dict.fromkeys(_FIELDS, "a\0b")), content_type=_FORM)
                found += _complaints(answer, f"NUL {address[:60]} {'stranger' if not number else who}")
    assert not found, "\n".join(found)
    assert {200, 302, 404, 405, 422} <= told


def test_every_answer_of_the_interface_has_its_headers_and_tells_nothing(seeded, program, through_gateway):  # noqa: F811
    stranger = Client(headers={"host": "127.0.0.1"}, raise_request_exception=False)
    found, told = [], set()
    bodies = [
        b"",
        b"{",
        b"[]",
        b'"' + b"x" * 5000,
        b'{"a": ' * 2000,
        b"\xff\xfe",
        b'{"subjects": [1e999]}',
        b'{"subjects": null}',
    ]
    bad_values = ("\0", "\ud800", None, [[]], {"a": 1}, 9**99)
    bodies += [json.dumps(_BODY | {name: bad}).encode() for name in _BODY for bad in bad_values]
    with through_gateway():
        for route, _who in stated(patterns_now()):
            for address in _addresses(route):
                for caller in (stranger, program):
                    answers = [caller.get(address, _SENT), caller.post(address, _SENT)]
                    answers += [caller.post(address, body, content_type="application/json") for body in bodies]
                    told |= {each.status_code for each in answers}
                    for each in answers:
                        found += _complaints(each, f"{address[:60]} {'program' if caller is program else 'stranger'}")
    assert not found, "\n".join(found)
    assert {200, 401, 404, 405, 422} <= told
