"""Every route that takes an id, called by a stranger to its object, answers as for an id that is nobody's."""

from __future__ import annotations

import re
import statistics
import time
from functools import partial

import pytest
from django.test import Client
from tests.guards.test_route_matrix import stated
from tests.security.identity.seeded import patterns_now, program, seeded, through_gateway  # noqa: F401

from xinshu.security.domain import Role

UUID_UNKNOWN = "01900000-0000-7000-8000-000000000000"
UNKNOWN = {
    "label": "PL-20260908-9999",
    "number": "CX-0000000000000000",
    "token": "A" * 43,
    "consent": "SQ-0000000000000000",
    "paper": "SQ-0000000000000000",
    "user": UUID_UNKNOWN,
    "change": UUID_UNKNOWN,
    "key": "999999",
    "name": "0123456789abcdef",
    "entry": "99999999",
    "mandate": UUID_UNKNOWN,
    "firm": "91990102MA0000016U",
}
_R, _O, _A, _S = Role.REPORTER, Role.QUERY_OFFICER, Role.QUERY_APPROVER, Role.SYSTEM_ADMIN
# route: who calls, how, which id it takes, what is sent. The caller is of another unit than the object.
WEB = {
    "c/account/key/<int:number>/remove": (_R, "post", "key", {}),
    "c/account/sessions/<str:name>/end": (_R, "post", "name", {}),
    "c/audit/entry/<int:number>": (Role.SECURITY_ADMIN, "get", "entry", {}),
    "c/audit/proof/<int:seq>": (Role.SECURITY_ADMIN, "get", "entry", {}),
    "c/iam/accounts/<uuid:user>": (Role.SECURITY_ADMIN, "post", "user", {"verb": "off"}),
    "c/iam/changes/<uuid:change>": (_S, "post", "change", {"verb": "withdraw", "version": "1"}),
    "me/firms/<str:firm>": (Role.ENTERPRISE, "get", "firm", {}),
    "me/firms/<str:firm>/looks": (Role.ENTERPRISE, "get", "firm", {}),
    "me/firms/<str:firm>/mandates": (
        Role.ENTERPRISE,
        "post",
        "firm",
        {"handler": "jingban", "name": "jingban某", "scope": "view", "last": "2030-01-01"},
    ),
    "me/mandates/<uuid:mandate>/end": (Role.ENTERPRISE, "post", "mandate", {}),
    "me/consents/<str:number>": (Role.ENTERPRISE, "get", "consent", {}),
    "me/consents/<str:number>/<slug:step>": (Role.ENTERPRISE, "post", "consent", {}),
    "c/submit/<str:label>": (_R, "get", "label", {}),
    "c/submit/<str:label>/progress": (_R, "get", "label", {}),
    "c/submit/<str:label>/findings.csv": (_R, "get", "label", {}),
    "c/submit/<str:label>/annotated.xlsx": (_R, "get", "label", {}),
    "c/submit/<str:label>/confirm": (_R, "post", "label", {"row": "1"}),
    "c/query/file/<str:token>": (_O, "get", "token", {}),
    "c/query/<str:number>": (_O, "get", "number", {}),
    "c/query/<str:number>/review": (
        _A,
        "post",
        "number",
        {"decision": "approve", "field_count": "3", "subject_count": "1"},
    ),
    "c/query/<str:number>/edit": (_O, "get", "number", {}),
    "c/query/<str:number>/withdraw": (_O, "post", "number", {}),
    "c/consents/<str:number>": (_O, "get", "paper", {}),
    "c/consents/<str:number>/scan": (_O, "get", "paper", {}),
    "c/consents/<str:number>/review": (_A, "post", "paper", {"decision": "approve", "shown": "x"}),
    "c/consents/<str:number>/end": (_O, "post", "paper", {"how": "来函"}),
    "c/query/<str:number>/answer": (_O, "post", "number", {}),
    "c/query/<str:number>/link": (_O, "post", "number", {"form": "pdf"}),
    "c/query/<str:number>/destroy": (_O, "post", "number", {"how": "已删除"}),
}
GATEWAY = {
    "api/v1/batches/<str:label>": "label",
    "api/v1/batches/<str:label>/findings.csv": "label",
    "api/v1/queries/<str:number>": "number",
    "api/v1/queries/<str:number>/answer": "number",
    "api/v1/queries/<str:number>/file": "number",
    "api/v1/consents/<str:number>": "consent",
}
POSTED = {"/answer": {}, "/file": {"form": "csv"}}  # the end of a route of the gateway, and what is sent
FOR_ALL = {"api/v1/subjects/<str:code>"}  # the public view: the same for every key
ROUNDS = 9


def _said(answer, used: str) -> tuple[int, str, list[str]]:
    """Status, body and headers without the id that was asked for and what is new in each answer."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|TR-[0-9a-f]{16}', "", body.decode())
    text = text.replace(f"/{used}", "") if len(used) < 9 else text.replace(used, "")
    named = sorted(name for name in answer.headers if name not in {"X-Trace", "Content-Length"})
    return answer.status_code, text, named


def _compare(call, real: str, unknown: str) -> int:
    """Both answers are one, also in the time they take; its status."""
    answers = [_said(call(each), each) for each in (real, unknown)]
    assert answers[0] == answers[1]
    spent: dict[str, list[float]] = {real: [], unknown: []}
    for number in range(2 * ROUNDS):
        each = (real, unknown)[number % 2]
        begun = time.perf_counter()
        call(each)
        spent[each].append(time.perf_counter() - begun)
    one, other = (statistics.median(each) for each in spent.values())
    spread = max(max(each) - min(each) for each in spent.values())
    assert abs(one - other) <= max(spread, 0.3 * max(one, other)), (one, other, spread)
    return answers[0][0]


def _ids(routes) -> set[str]:
    return {route for route, who in stated(routes) if "<" in route and who != "public"}


@pytest.mark.parametrize("route", WEB)
def test_a_page_of_anothers_object_is_as_one_of_nobodys(seeded, make_user, browser_of, route):  # noqa: F811
    role, method, kind, sent = WEB[route]
    client: Client = browser_of(make_user("wang", role, unit=seeded.other))
    client.raise_request_exception = False

    def call(shown: str):
        return getattr(client, method)("/" + re.sub(r"<[^>]+>", shown, route), sent)

    assert _compare(call, seeded.ids[kind], UNKNOWN[kind]) in {403, 404}


def test_a_program_asking_for_anothers_object_is_answered_as_for_nobodys(seeded, program, through_gateway):  # noqa: F811
    with through_gateway():
        assert _ids(patterns_now()) == set(GATEWAY) | FOR_ALL
        for route, kind in GATEWAY.items():
            status = _compare(partial(_call, program, route), seeded.ids[kind], UNKNOWN[kind])
            assert status in {403, 404}, route


def _call(caller: Client, route: str, shown: str):
    address = "/" + re.sub(r"<[^>]+>", shown, route)
    sent = next((body for end, body in POSTED.items() if route.endswith(end)), None)
    if sent is None:
        return caller.get(address)
    return caller.post(address, sent, content_type="application/json")


def test_every_route_with_an_id_is_tried(seeded):  # noqa: F811
    assert _ids(patterns_now()) == set(WEB)


def test_the_owner_gets_what_the_stranger_does_not(seeded, make_user, browser_of):  # noqa: F811
    """Else the tests above would hold for a platform that answers nobody."""
    officer = browser_of(make_user("liu", Role.QUERY_APPROVER, unit=seeded.unit))
    reporter = browser_of(make_user("chen", Role.REPORTER, unit=seeded.unit))
    assert officer.get(f"/c/query/{seeded.ids['number']}").status_code == 200
    assert reporter.get(f"/c/submit/{seeded.ids['label']}").status_code == 200
