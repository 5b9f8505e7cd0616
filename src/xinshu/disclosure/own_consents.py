"""A firm's own consents: what was asked of it, what it gave, who used it; giving and ending them.

The caller acts for the firm that is his `Actor.unit` (a mandate stands behind it). Another's consent is as none.
Each step and each refusal is on the audit record. Source: security.md section 4 (consent artefact) [proposed].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db import transaction

from xinshu.disclosure import auditing
from xinshu.disclosure.consent_terms import ENDED, ConsentState
from xinshu.disclosure.consents import (
    Less,
    consents_of_subject,
    give,
    given_by,
    narrow,
    pause,
    resume,
    revoke,
    terms_digest,
)
from xinshu.disclosure.domain import Asked
from xinshu.disclosure.errors import ConsentState as WrongState
from xinshu.disclosure.errors import NoConsent
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Consent, TicketSubject
from xinshu.disclosure.registration import allow, read_fields
from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import Actor

STATES = {
    ConsentState.ASKED: "待确认",
    ConsentState.GIVEN: "生效中",
    ConsentState.PAUSED: "已暂停",
    ConsentState.REVOKED: "已撤回",
    ConsentState.EXPIRED: "已到期",
    ConsentState.USED_UP: "已用完",
}
_STEPS: dict[str, tuple[str, Callable[[Actor, str, datetime], Consent]]] = {
    "revoke": (auditing.CONSENT_REVOKE, revoke),
    "pause": (auditing.CONSENT_CHANGE, pause),
    "resume": (auditing.CONSENT_CHANGE, resume),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """One class of information a consent covers: the item, its title and the titles of its columns."""

    item: str
    title: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """A query that rests on a consent."""

    at: datetime
    unit: str
    number: str
    matter_no: str
    consent: str


@dataclass(frozen=True, slots=True)
class Own:
    """A consent as its subject sees it. `digest`: of the terms shown, sent back when they are agreed to. `over`: it ended."""

    consent: Consent
    grantee: str
    platform: str
    purpose: str
    state: str
    scopes: tuple[Scope, ...]
    digest: str
    over: bool

    @property
    def columns(self) -> int:
        """How many columns it covers."""
        return sum(len(each.columns) for each in self.scopes)

    @property
    def asked(self) -> bool:
        """Whether it waits for an answer."""
        return self.consent.state == ConsentState.ASKED

    @property
    def open(self) -> bool:
        """Whether it is given and not ended."""
        return self.consent.state in {ConsentState.GIVEN, ConsentState.PAUSED}

    @property
    def paused(self) -> bool:
        """Whether its subject has shut it for a while."""
        return self.consent.state == ConsentState.PAUSED

    @property
    def once(self) -> bool:
        """Whether it is good for one query only."""
        return self.consent.max_uses == 1


def own_consents(gate: Gate, actor: Actor, now: datetime) -> list[Own]:
    """All consents of the caller's firm, the newest first. Raises PolicyRefused, NotAllowed."""
    allow(actor, auditing.CONSENT_CHANGE, now, unit=actor.unit)
    return [_shown(gate, each, now) for each in consents_of_subject(gate, _firm(actor))]


def own_consent(gate: Gate, actor: Actor, number: str, now: datetime) -> Own:
    """One of them. Raises NoConsent for another's as for none."""
    allow(actor, auditing.CONSENT_CHANGE, now, unit=actor.unit)
    return _shown(gate, _mine(gate, actor, number), now)


def uses_of(gate: Gate, owns: Sequence[Own], most: int = 20) -> list[Used]:
    """The last queries that rest on these consents, the newest first."""
    rows = TicketSubject.objects.filter(consent__in=[each.consent.id for each in owns])
    units = gate.units()
    return [
        Used(
            each.ticket.done_at or each.ticket.registered_at,
            units[each.ticket.unit].name if each.ticket.unit in units else each.ticket.unit,
            each.ticket.number,
            each.ticket.matter_no,
            each.consent.number if each.consent is not None else "",
        )
        for each in rows.select_related("ticket", "consent").order_by("-ticket__registered_at")[:most]
    ]


def agree(gate: Gate, actor: Actor, number: str, less: Less, shown: str, now: datetime) -> Consent:
    """Give a consent that was asked for, or less than was asked.

    Raises NoConsent, ConsentState, ConsentTerms; StepUpRequired: who gives it did not identify himself just now.
    """
    with _recorded(actor, auditing.CONSENT_GIVE, now):
        consent = _mine(gate, actor, number)
        evidence = given_by(consent, less, actor, now)
        return give(gate, actor, number, now, evidence=evidence, less=less, shown=shown or "-")


def keep_only(gate: Gate, actor: Actor, number: str, items: frozenset[str], now: datetime) -> Consent:
    """Narrow a consent to fewer items. Raises NoConsent, ConsentState, ConsentTerms."""
    with _recorded(actor, auditing.CONSENT_CHANGE, now):
        consent = _mine(gate, actor, number)
        fields = tuple(key for key in read_fields(consent.fields) if key[0] in items)
        return narrow(gate, actor, number, fields, now)


def take_step(gate: Gate, actor: Actor, number: str, step: str, now: datetime) -> Consent:
    """Revoke (refuse, where it was only asked for), pause or resume. Raises NoConsent, ConsentState."""
    action, work = _STEPS.get(step, (auditing.CONSENT_CHANGE, None))
    with _recorded(actor, action, now):
        consent = _mine(gate, actor, number)
        if work is None:
            raise WrongState(step[:20])
        return work(actor, consent.number, now)


def revoke_all(gate: Gate, actor: Actor, now: datetime) -> int:
    """End everything the firm gave, at once or nothing of it; what is only asked for stays. Returns how many."""
    with _recorded(actor, auditing.CONSENT_REVOKE, now), transaction.atomic():
        open_ones = [
            each
            for each in consents_of_subject(gate, _firm(actor))
            if each.state in {ConsentState.GIVEN, ConsentState.PAUSED}
        ]
        for each in open_ones:
            revoke(actor, each.number, now)
    return len(open_ones)


def scopes_of(gate: Gate, consent: Consent) -> tuple[Scope, ...]:
    """The classes of information a consent covers, in words."""
    columns = gate.columns()
    return tuple(
        Scope(item, gate.catalogue[item].title, tuple(columns[key].title for key in keys if key in columns))
        for item, keys in groupby(read_fields(consent.fields), key=lambda key: key[0])
        if item in gate.catalogue
    )


@contextmanager
def _recorded(actor: Actor, action: str, now: datetime) -> Iterator[None]:
    with auditing.refusals_recorded(actor, action, now):
        allow(actor, action, now, unit=actor.unit)
        yield


def _firm(actor: Actor) -> Asked:
    return Asked("organisation", actor.unit)


def _mine(gate: Gate, actor: Actor, number: str) -> Consent:
    found = Consent.objects.filter(number=number, subject=gate.reference(_firm(actor))).first()
    if found is None:
        raise NoConsent
    return found


def _shown(gate: Gate, consent: Consent, now: datetime) -> Own:
    units = gate.units()
    purpose = gate.rules.purpose(consent.purpose, shanghai_date(now))
    state = STATES[ConsentState(consent.state)]
    over = consent.state in ENDED or now >= consent.valid_to
    if over and consent.state not in ENDED:
        state = STATES[ConsentState.EXPIRED]
    if consent.state == ConsentState.REVOKED and not consent.signature:
        state = "已拒绝"
    return Own(
        consent,
        units[consent.grantee].name if consent.grantee in units else consent.grantee,
        units[consent.platform].name if consent.platform in units else consent.platform,
        consent.purpose if purpose is None else purpose.title,
        state,
        scopes_of(gate, consent),
        terms_digest(consent),
        over,
    )
