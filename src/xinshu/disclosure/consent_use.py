"""Which subjects of a query have consented, judged subject by subject at the moment of use and again at download.

A use locks the consents it takes in the order of their ids, so that of several uses racing for the last one wins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from xinshu.disclosure.consent_terms import (
    ConsentState,
    judge_scope,
    judge_state,
    judge_terms,
    judge_uses,
)
from xinshu.disclosure.consents import genuine, terms_of, uses_of
from xinshu.disclosure.domain import FieldKey, Opening
from xinshu.disclosure.errors import ConsentForged, ConsentRefused, ConsentScope, NoConsent
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Consent, Ticket, TicketSubject
from xinshu.disclosure.registration import read_fields, write_fields


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a subject's consent opens. `refusal`: the code that goes on the record where it opens nothing."""

    consent: Consent | None
    fields: frozenset[FieldKey]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """A use to be judged. `named`: the query names its fields, so that a narrower consent refuses it as a whole."""

    grantee: str
    platform: str
    purpose: str
    wanted: frozenset[FieldKey]
    named: bool


def take(gate: Gate, use: Use, subjects: Sequence[UUID], now: datetime, day: date) -> dict[UUID, Grounds]:
    """Judge and use up: {subject: its grounds}, inside the transaction that discloses."""
    consents = Consent.objects.select_for_update().filter(
        subject__in=list(subjects), purpose=use.purpose, grantee=use.grantee
    )
    grounds = _judge(gate, use, subjects, consents.order_by("id"), now, day)
    taken = [each.consent.id for each in grounds.values() if each.consent is not None]
    if taken:
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, {"ids": taken, "day": day, "now": now})
    return grounds


def check(gate: Gate, consents: Iterable[UUID], now: datetime) -> str:
    """Whether consents used before still hold, for a download: the code of the first that does not, else empty.

    One that was used up by the very query, or paused since it was narrowed, is judged like any other but for its uses.
    """
    for consent in Consent.objects.filter(id__in=list(consents)).order_by("id"):
        state = ConsentState.GIVEN if consent.state == ConsentState.USED_UP else consent.state
        refusal = judge_state(terms_of(consent), state, now)
        if refusal is not None:
            return refusal.code
        if not genuine(gate, consent):
            return ConsentForged.code
    return ""


def again(ticket: Ticket, fields: Mapping[FieldKey, Opening], references: Sequence[UUID]) -> dict[UUID, Grounds]:
    """The grounds a query was answered on, without using them up once more; empty where it needed none."""
    wanted = frozenset(key for key, opening in fields.items() if opening.consent)
    if not wanted:
        return {}
    rows = TicketSubject.objects.filter(ticket=ticket, consent__isnull=False).select_related("consent")
    held = {each.ref: each.consent for each in rows if each.consent is not None}
    nothing = Grounds(None, frozenset(), NoConsent.code)
    return {
        each: Grounds(held[each], fields_now(held[each]) & wanted) if each in held else nothing for each in references
    }


def fields_now(consent: Consent) -> frozenset[FieldKey]:
    """What a consent covers now."""
    return frozenset(read_fields(consent.fields))


def _judge(
    gate: Gate, use: Use, subjects: Sequence[UUID], consents: Iterable[Consent], now: datetime, day: date
) -> dict[UUID, Grounds]:
    found: dict[UUID, list[Consent]] = {}
    for each in consents:
        found.setdefault(each.subject, []).append(each)
    wanted = frozenset(write_fields(use.wanted).split())
    return {subject: _best(gate, use, wanted, found.get(subject, ()), now, day) for subject in subjects}


def _best(
    gate: Gate, use: Use, wanted: Collection[str], consents: Sequence[Consent], now: datetime, day: date
) -> Grounds:
    """The first consent that serves; else why the last one asked for does not."""
    code = NoConsent.code
    for consent in consents:
        refusal = _refusal(gate, use, wanted, consent, now, day)
        if refusal is None:
            return Grounds(consent, fields_now(consent) & use.wanted)
        code = refusal.code
    return Grounds(None, frozenset(), code)


def _refusal(
    gate: Gate, use: Use, wanted: Collection[str], consent: Consent, now: datetime, day: date
) -> type[ConsentRefused] | None:
    terms = terms_of(consent)
    refusal = (
        judge_terms(terms, use.grantee, use.platform, use.purpose)
        or judge_state(terms, consent.state, now)
        or judge_uses(terms, uses_of(consent), day)
        or (judge_scope(terms, wanted) if use.named else None)
    )
    if refusal is None and not set(terms.fields.split()) & set(wanted):
        refusal = ConsentScope
    return refusal or (None if genuine(gate, consent) else ConsentForged)


_TAKE = """
UPDATE disclosure_consent SET used = used + 1, used_today = CASE WHEN used_on = %(day)s THEN used_today + 1 ELSE 1 END,
    used_on = %(day)s, state = CASE WHEN used + 1 >= max_uses THEN 'used_up' ELSE state END,
    changed_at = CASE WHEN used + 1 >= max_uses THEN %(now)s ELSE changed_at END
WHERE id = ANY(%(ids)s)
"""
