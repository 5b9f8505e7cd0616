"""`/api/v1/queries`, `query-batches`, `consents`: the gate for programs whose systems are registered for querying."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from xinshu.disclosure.asking import carry_out, query
from xinshu.disclosure.consents import Offer, as_dict, ask, consent_of_grantee, consents_of_grantee
from xinshu.disclosure.domain import Asked, FieldKey, Request
from xinshu.disclosure.downloads import fetch, make_link
from xinshu.disclosure.errors import BodyInvalid
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.machines import Told, machine_actor, once
from xinshu.disclosure.queries import looked_at, shown_query
from xinshu.disclosure.registration import read_fields
from xinshu.disclosure.results import as_json
from xinshu.gateway.batches import with_key
from xinshu.gateway.problems import IdempotencyKeyInvalid
from xinshu.gateway.schemas import QUERY
from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import Actor, KeyFacts

OpenGate = Callable[[], Gate]
_LONGEST_BODY = 2_000_000


@with_key("POST")
def queries(request: HttpRequest, key: KeyFacts, open_gate: OpenGate) -> JsonResponse:
    """POST: one subject; 200 with the result, 202 when it waits for an approval."""
    return _ask(request, key, open_gate(), single=True)


@with_key("POST")
def query_batches(request: HttpRequest, key: KeyFacts, open_gate: OpenGate) -> JsonResponse:
    """POST: several subjects; 202, it waits for an approval."""
    return _ask(request, key, open_gate(), single=False)


@with_key("GET")
def one(request: HttpRequest, key: KeyFacts, open_gate: OpenGate, number: str) -> JsonResponse:
    """GET: where a query of the caller's stands; never its data."""
    del open_gate
    ticket = looked_at(actor_of_key(request, key), number, timezone.now())
    body = {
        "number": ticket.number,
        "state": ticket.state,
        "code": ticket.code,
        "subjects": ticket.subject_count,
        "disclosed": ticket.disclosed,
        "unauthorised": ticket.unauthorised,
        "trace": ticket.trace,
    }
    return tell(Told(200, body))


@with_key("POST")
def answer(request: HttpRequest, key: KeyFacts, open_gate: OpenGate, number: str) -> JsonResponse:
    """POST: carry out a single query that was approved; once. A sealed result comes as a file only."""
    gate, actor, now = open_gate(), actor_of_key(request, key), timezone.now()

    def work() -> Told:
        found = carry_out(gate, actor, number, now)
        told: dict[str, Any] = {"number": found.number, "state": found.state.value}
        purpose = gate.purpose(shown_query(actor, number).purpose, shanghai_date(now))
        return Told(200, told if purpose.sealed or found.result is None else {**told, **as_json(found.result)})

    return answer_once(request, gate, actor, now, work)


@with_key("POST")
def result_file(request: HttpRequest, key: KeyFacts, open_gate: OpenGate, number: str) -> HttpResponse:
    """POST `{form}` (csv, xlsx or pdf): a copy of a result that is there; each call counts as a fetch."""
    gate, actor, now = open_gate(), actor_of_key(request, key), timezone.now()
    found = fetch(gate, actor, make_link(gate, actor, number, _text(body_of(request), "form"), now), now)
    told = HttpResponse(found.content, content_type=found.type)
    told["Content-Disposition"] = f'attachment; filename="{found.name}"'
    told["Cache-Control"] = "no-store"
    return told


@with_key("GET", "POST")
def consents(request: HttpRequest, key: KeyFacts, open_gate: OpenGate) -> JsonResponse:
    """POST asks a subject for a consent (it is given by the subject, not here); GET lists those of the unit."""
    gate, actor = open_gate(), actor_of_key(request, key)
    if request.method == "GET":
        return tell(Told(200, {"consents": [as_dict(each) for each in consents_of_grantee(actor.unit)]}))
    body = body_of(request)
    now = timezone.now()

    def work() -> Told:
        return Told(201, as_dict(ask(gate, actor, _offer(body, actor), now)))

    return answer_once(request, gate, actor, now, work)


@with_key("GET")
def consent(request: HttpRequest, key: KeyFacts, open_gate: OpenGate, number: str) -> JsonResponse:
    """GET: one consent of the unit."""
    del open_gate
    actor = actor_of_key(request, key)
    return tell(Told(200, as_dict(consent_of_grantee(actor, number, timezone.now()))))


def _ask(request: HttpRequest, key: KeyFacts, gate: Gate, *, single: bool) -> JsonResponse:
    actor, body, now = actor_of_key(request, key), body_of(request), timezone.now()
    asked = request_of(body)
    if single != (len(asked.subjects) == 1):
        raise BodyInvalid("queries 只查一个主体，query-batches 查多个")

    def work() -> Told:
        found = query(gate, actor, asked, now)
        told: dict[str, Any] = {"number": found.number, "state": found.state.value}
        if found.result is None:
            return Told(202, told)
        return Told(200, {**told, **as_json(found.result)})

    return answer_once(request, gate, actor, now, work)


def answer_once(
    request: HttpRequest, gate: Gate, actor: Actor, now: datetime, work: Callable[[], Told]
) -> JsonResponse:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 200 or (key and not (key.isascii() and key.isprintable())):
        raise IdempotencyKeyInvalid
    return tell(once(gate, actor, key, request.path.encode() + b"\0" + request.body, now, work))


def actor_of_key(request: HttpRequest, key: KeyFacts) -> Actor:
    """The program that calls. Raises SystemUnknown."""
    return machine_actor(key, str(request.META.get("REMOTE_ADDR", "")), timezone.now())


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a call. Raises BodyInvalid."""
    if len(request.body) > _LONGEST_BODY:
        raise BodyInvalid
    try:
        body = json.loads(request.body)
        again = json.dumps(body, ensure_ascii=False)
        again.encode()
    except (ValueError, RecursionError):  # half a character is a ValueError too
        raise BodyInvalid from None
    if not isinstance(body, dict) or "\\u0000" in again:  # PostgreSQL stores no NUL
        raise BodyInvalid
    return body


def request_of(body: dict[str, Any]) -> Request:
    """The query a body asks for. Server-owned parts (unit, requester, state) cannot be given: an unknown name is refused."""
    if set(body) - set(QUERY):
        raise BodyInvalid("、".join(sorted(set(body) - set(QUERY)))[:100])
    subjects = body.get("subjects")
    if not isinstance(subjects, list):
        raise BodyInvalid("subjects")
    return Request(
        purpose=_text(body, "purpose"),
        legal_basis=_text(body, "legal_basis"),
        matter_no=_text(body, "matter_no"),
        subjects=tuple(map(_subject, subjects)),
        fields=_fields(body),
        since=_day(_text(body, "since")),
        until=_day(_text(body, "until")),
        use=_text(body, "use"),
        destroy_by=_day(_text(body, "destroy_by")),
        platform=_text(body, "platform"),
        channel="api",
    )


def _offer(body: dict[str, Any], actor: Actor) -> Offer:
    names = ("purpose", "legal_basis", "text_version", "channel", "evidence", "platform")
    numbers = [body.get(name) for name in ("max_uses", "per_day")]
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in numbers):
        raise BodyInvalid("max_uses、per_day")
    return Offer(
        **{name: _text(body, name) for name in names},
        subject=_subject(body.get("subject")),
        grantee=actor.unit,
        fields=_fields(body),
        valid_from=_moment(body, "valid_from"),
        valid_to=_moment(body, "valid_to"),
        max_uses=int(numbers[0] or 0),
        per_day=int(numbers[1] or 0),
    )


def _subject(given: object) -> Asked:
    if not isinstance(given, dict) or given.get("kind") not in {"organisation", "person"}:
        raise BodyInvalid("subjects：{kind, code}")
    return Asked(given["kind"], _text(given, "code"), _text(given, "name"))


def _fields(body: dict[str, Any]) -> tuple[FieldKey, ...]:
    given = body.get("fields", [])
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise BodyInvalid("fields")
    return read_fields(" ".join(given))


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise BodyInvalid(name)
    return value


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BodyInvalid(text[:20]) from None


def _moment(body: dict[str, Any], name: str) -> datetime:
    try:
        found = datetime.fromisoformat(_text(body, name))
    except ValueError:
        raise BodyInvalid(name) from None
    if found.tzinfo is None:
        raise BodyInvalid(f"{name} 应带时区")
    return found


def tell(told: Told) -> JsonResponse:
    """An answer as JSON that nobody keeps."""
    answer = JsonResponse(dict(told.body), status=told.status, json_dumps_params={"ensure_ascii": False})
    answer["Cache-Control"] = "no-store"
    return answer
