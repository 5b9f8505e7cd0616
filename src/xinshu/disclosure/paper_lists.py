"""Consents on paper as the pages show them: lists of a unit, and one in full. Numbers of persons are masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from xinshu.disclosure import auditing
from xinshu.disclosure.consent_terms import ENDED, ConsentState
from xinshu.disclosure.consents import subject_of, terms_digest
from xinshu.disclosure.errors import NoConsent
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Consent, PaperConsent
from xinshu.disclosure.own_consents import STATES, Scope, scopes_of
from xinshu.disclosure.paper_consents import document_of
from xinshu.disclosure.registration import allow
from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import Actor, Role
from xinshu.security.masking import mask

SHOWN = 200
_WAITING, _DECLINED = "待复核", "已退回"


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A consent on paper for its unit. `last`: a moment of its last day; `may_decide`: the caller may confirm it."""

    consent: Consent
    paper: PaperConsent
    name: str
    code: str
    purpose: str
    state: str
    scopes: tuple[Scope, ...]
    document_no: str
    digest: str
    last: datetime
    waiting: bool
    open: bool
    may_decide: bool


def papers_of_unit(gate: Gate, actor: Actor, now: datetime) -> list[PaperLine]:
    """The last ones of the caller's unit, the newest first. Raises NotAllowed."""
    allow(actor, auditing.PAPER_END, now, unit=actor.unit)
    rows = PaperConsent.objects.filter(consent__grantee=actor.unit).select_related("consent")
    return [_line(gate, actor, each, now) for each in rows.order_by("-consent__asked_at", "-consent_id")[:SHOWN]]


def paper_of_unit(gate: Gate, actor: Actor, number: str, now: datetime) -> PaperLine:
    """One of them. Raises NoConsent for another's as for none; that is on the record."""
    with auditing.refusals_recorded(actor, auditing.PAPER_VIEW, now, ticket=number):
        return shown_paper(gate, actor, number, now)


def shown_paper(gate: Gate, actor: Actor, number: str, now: datetime) -> PaperLine:
    """The same beside a refusal that is on the record already."""
    rows = PaperConsent.objects.filter(consent__grantee=actor.unit, consent__number=number)
    found = rows.select_related("consent").first()
    if found is None:
        raise NoConsent
    return _line(gate, actor, found, now)


def _line(gate: Gate, actor: Actor, paper: PaperConsent, now: datetime) -> PaperLine:
    consent = paper.consent
    subject = subject_of(gate, consent)
    purpose = gate.rules.purpose(consent.purpose, shanghai_date(consent.asked_at))
    over = consent.state in ENDED or now >= consent.valid_to
    state = STATES[ConsentState(consent.state)]
    if paper.approved is False:
        state = _DECLINED
    elif over and consent.state not in ENDED:
        state = STATES[ConsentState.EXPIRED]
    elif consent.state == ConsentState.ASKED:
        state = _WAITING
    waiting = consent.state == ConsentState.ASKED and not over
    another = paper.registered_by != actor.id and paper.registrar != actor.person
    return PaperLine(
        consent,
        paper,
        subject.name,
        mask(subject.code, "id"),
        consent.purpose if purpose is None else purpose.title,
        state,
        scopes_of(gate, consent),
        document_of(gate, paper),
        terms_digest(consent),
        consent.valid_to - timedelta(seconds=1),
        waiting,
        not over and not waiting,
        waiting and another and Role.QUERY_APPROVER in actor.roles,
    )
