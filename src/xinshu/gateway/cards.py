"""`/api/v1/cards`: links to cards that a registered system shows in frames of its own pages."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from xinshu.disclosure.cards import Made, card_of, register_card
from xinshu.disclosure.machines import Told
from xinshu.gateway.batches import with_key
from xinshu.gateway.queries import OpenGate, actor_of_key, answer_once, body_of, request_of
from xinshu.security.domain import KeyFacts


@with_key("POST")
def cards(request: HttpRequest, key: KeyFacts, open_gate: OpenGate) -> JsonResponse:
    """POST a query about one subject and its `viewer`, or `{number}` of an approved one: 201 with the link, 202 when it waits."""
    gate, actor, body, now = open_gate(), actor_of_key(request, key), body_of(request), timezone.now()

    def work() -> Told:
        if set(body) == {"number"}:
            return _told(card_of(gate, actor, str(body["number"]), now))
        viewer = body.pop("viewer", "")
        return _told(register_card(gate, actor, request_of(body), viewer if isinstance(viewer, str) else "", now))

    return answer_once(request, gate, actor, now, work)


def _told(made: Made) -> Told:
    body = {"number": made.number, "state": made.state.value}
    if not made.token or made.expires_at is None:
        return Told(202, body)
    return Told(201, {**body, "path": f"/embed/card/{made.token}", "expires_at": made.expires_at.isoformat()})
