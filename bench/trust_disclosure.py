"""The gate: one disclosure as a function call against the bare statement, a batch against single disclosures."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median

import psycopg
from django.db import connections

from bench.lines import Line
from bench.store import Store, say, timed
from xinshu.disclosure.asking import query
from xinshu.disclosure.batches import run_batch
from xinshu.disclosure.domain import Asked, GateRules, Kind, Request, State
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Ticket
from xinshu.disclosure.review import decide_query
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.requests import actor_by_id
from xinshu.security.models import Post, User

CALLS = 400
BATCH = 5_000
SINGLES = 1_500  # of these, one after another: all of them would take a minute of the five
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
# The same audit row and the same records, in one statement, by the driver alone.
_BARE = """
WITH entry AS (
    INSERT INTO security_audit_entry (at, actor, role, unit, address, action, object_ref, ticket, purpose, outcome, code,
        before_digest, after_digest, trace, detail)
    VALUES (%(now)s, 'u-bench', 'query_officer', %(unit)s, '', 'disclosure.query', %(ref)s, 'CX-0000000000000000',
        'administrative-approval', 'done', '', '', '', 'TR-0123456789abcdef', '{"facts":3,"outcome":"disclosed"}')
    RETURNING id)
SELECT entry.id, s.uscc, s.name, s.status, r.id, r.item_id, r.supplier, r.event_date, r.received_at, r.payload, r.sealed
FROM entry, subjects_subject s LEFT JOIN records_record r ON r.subject_id = s.id WHERE s.uscc = %(code)s
"""


def run(store: Store, rounds: int) -> list[Line]:
    """Medians of the rounds, ours and the limit by turns."""
    store.fill()
    gate, officer, approver = (
        _gate(store),
        _actor(store, "liu", Role.QUERY_OFFICER),
        _actor(store, "chen", Role.QUERY_APPROVER),
    )
    codes = _codes(store, BATCH)
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE security_audit_watch SET fresh_until = '9000-01-01'")
    ours, bare, batches, singles = [], [], [], []
    for number in range(min(rounds, BATCH // SINGLES)):
        say(f"disclosure, round {number + 1} of {rounds}")
        some = codes[number * CALLS : (number + 1) * CALLS]
        _single(gate, officer, some[:50])
        gc.collect()
        known = [(code, gate.vault.reference("subject", code).bytes) for code in some]
        bare.append(CALLS / timed(lambda part=known: _by_hand(store, part)))
        ours.append(CALLS / timed(lambda part=some: _single(gate, officer, part)))
        ticket = _approved(gate, officer, approver, codes)
        batches.append(len(codes) / timed(lambda ready=ticket: _carry_out(gate, ready)))
        alone = codes[number * SINGLES : (number + 1) * SINGLES]
        singles.append(SINGLES / timed(lambda part=alone: _single(gate, officer, part)))
    speed, limit, batch, single = map(median, (ours, bare, batches, singles))
    return [
        Line("disclosure of one subject", speed, "/s", "bare statement: audit insert and select", limit, 0.3),
        Line(f"batch of {len(codes):,} subjects", batch, "/s", "single disclosures one after another", single, 10.0),
    ]


def _gate(store: Store) -> Gate:
    """The gate without the limits of a day."""
    gate = Gate.open(store.settings)
    limits = replace(gate.rules.limits[0], per_person_day=10**9, per_unit_day=10**9)
    return replace(gate, rules=GateRules(gate.rules.purposes, (limits,)))


def _actor(store: Store, name: str, role: Role) -> Actor:
    """A user with a post: a batch is carried out for whoever registered it as he stands then."""
    user = User.objects.create(username=name, display_name=name, organisation_id=store.source)
    Post.objects.create(user=user, role=role.value, organisation_id=store.source, from_at=NOW - timedelta(days=1))
    found = actor_by_id(str(user.pk))
    assert found is not None
    return replace(found, trace="TR-0123456789abcdef", second_factor_at=NOW)


def _carry_out(gate: Gate, ticket: object) -> None:
    """A refused batch would be quick: the figure is of one that was done."""
    if run_batch(gate, ticket, NOW) is not State.DONE:
        raise RuntimeError("the batch was not carried out")


def _codes(store: Store, count: int) -> list[str]:
    """Subjects that have records, in no order."""
    with store.database() as connection:
        rows = connection.execute("SELECT uscc FROM subjects_subject ORDER BY md5(uscc) LIMIT %s", [count]).fetchall()
    return [code for (code,) in rows]


def _request(codes: Sequence[str]) -> Request:
    return Request(
        purpose="administrative-approval",
        legal_basis="《中华人民共和国行政许可法》",
        matter_no="SP-2026-0001",
        subjects=tuple(Asked("organisation", code) for code in codes),
    )


def _single(gate: Gate, officer: Actor, codes: Sequence[str]) -> None:
    for code in codes:
        query(gate, officer, _request([code]), NOW)


def _by_hand(store: Store, codes: Sequence[tuple[str, bytes]]) -> None:
    parameters = connections["default"].get_connection_params()
    parameters.pop("context", None)
    parameters.pop("cursor_factory", None)
    with psycopg.connect(**parameters, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET xinshu.scope = 'all'")
        for code, reference in codes:
            cursor.execute(_BARE, {"now": NOW, "unit": store.source, "ref": reference, "code": code})
            cursor.fetchall()


def _approved(gate: Gate, officer: Actor, approver: Actor, codes: Sequence[str]) -> object:
    number = query(gate, officer, _request(codes), NOW).number
    ticket = Ticket.objects.get(number=number, kind=Kind.BATCH)
    decide_query(
        gate,
        approver,
        number,
        approve=True,
        field_count=ticket.field_count,
        subject_count=ticket.subject_count,
        reason="",
        now=NOW - timedelta(seconds=1),
    )
    return ticket.id
