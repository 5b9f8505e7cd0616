"""Programs at the gate: which keys may ask, and the first answer to a request that is sent again.

A key that hands in data may not ask for any: the system behind it is registered for querying by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from xinshu.disclosure import auditing
from xinshu.disclosure.downloads import require_grounds
from xinshu.disclosure.errors import IdempotencyInFlight, IdempotencyReused, SystemUnknown
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Answer, System, Ticket
from xinshu.disclosure.requesters import PROGRAM, machine_requester
from xinshu.disclosure.sealed import answer_place
from xinshu.security.crypto import sm3
from xinshu.security.domain import Actor, KeyFacts


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of the interface: status and body."""

    status: int
    body: Mapping[str, Any]


def register_system(key: str, unit: str, *, title: str, origins: str, now: datetime) -> None:
    """Let the program behind a key ask for data, for its unit; again changes title and addresses."""
    System.objects.update_or_create(
        code=key, defaults={"unit": unit, "title": title, "origins": origins, "active": True, "made_at": now}
    )


def close_system(key: str) -> bool:
    """Shut it out again, at once; whether there was one."""
    return bool(System.objects.filter(code=key).update(active=False))


def machine_actor(key: KeyFacts, address: str, now: datetime) -> Actor:
    """The program behind a key as an actor. Raises SystemUnknown for a key not registered for querying; it is recorded."""
    name = f"{PROGRAM}{key.id}"
    stranger = Actor(
        id=name, name="", roles=frozenset(), unit=key.organisation, region="", person=name, address=address
    )
    with auditing.refusals_recorded(stranger, auditing.QUERY, now):
        found = machine_requester(name)
        if found is None or found.unit != key.organisation:
            raise SystemUnknown
    return replace(found, address=address)


def once(gate: Gate, actor: Actor, key: str, request: bytes, now: datetime, work: Callable[[], Told]) -> Told:
    """Do it once for an Idempotency-Key: the same request again is told the first answer; without a key it is done.

    What the first answer rests on is judged anew before it is told again.

    Raises:
        IdempotencyReused: the key came with another request. IdempotencyInFlight: the first one is still worked on.
    """
    if not key:
        return work()
    digest = sm3(request).hex()
    try:
        with transaction.atomic():
            row = Answer.objects.create(client=actor.id, key=key, request=digest, at=now)
    except IntegrityError:
        return _again(gate, actor, Answer.objects.get(client=actor.id, key=key), digest, now)
    try:
        told = work()
    except Exception:
        row.delete()  # nothing was disclosed: it may be tried again
        raise
    row.status, row.ticket = told.status, str(told.body.get("number", ""))
    row.sealed = gate.vault.seal(json.dumps(told.body, ensure_ascii=False).encode(), answer_place(row.client, row.key))
    row.save(update_fields=["status", "sealed", "ticket"])
    return told


def _again(gate: Gate, actor: Actor, row: Answer, digest: str, now: datetime) -> Told:
    if row.request != digest:
        raise IdempotencyReused
    if row.sealed is None:
        raise IdempotencyInFlight
    ticket = Ticket.objects.filter(number=row.ticket, requester=actor.id).first()
    if ticket is not None:
        with auditing.refusals_recorded(actor, auditing.DOWNLOAD, now, ticket=ticket.number), transaction.atomic():
            require_grounds(gate, actor, ticket, now)
            auditing.write(
                auditing.entry(
                    actor,
                    auditing.DOWNLOAD,
                    now,
                    ticket=ticket.number,
                    purpose=ticket.purpose,
                    trace=ticket.trace,
                    detail={"form": "again"},
                ),
                sensitive=True,
            )
    return Told(row.status, json.loads(gate.vault.open_cell(bytes(row.sealed), answer_place(row.client, row.key))))
