"""Consents of natural persons on paper: one post registers, another person of another post confirms, either ends.

Until it is confirmed it opens nothing; from then on the gate judges it at every use and download like any other. The
terms, the digest of the scan and the number of the paper are bound together by the signature.
Source: security.md section 4 (consent artefact), PIPL articles 14, 15 and 29 [recalled]; the steps are ours [proposed].
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from xinshu.disclosure import auditing
from xinshu.disclosure.consent_terms import ConsentState
from xinshu.disclosure.consents import (
    Offer,
    locked,
    move,
    put_down,
    require_state,
    require_terms,
    sign,
    subject_of,
    terms_digest,
)
from xinshu.disclosure.domain import Asked, FieldKey, Purpose
from xinshu.disclosure.errors import (
    ConsentForged,
    ConsentTerms,
    Incomplete,
    NoConsent,
    PaperReused,
    PaperSamePerson,
    SubjectKindShut,
)
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Consent, PaperConsent
from xinshu.disclosure.paper_scans import TYPES, digest_of_scan, drop_scan, keep_scan, kind_of, open_scan
from xinshu.disclosure.registration import allow, may_ask, not_own, readable
from xinshu.kernel.clock import SHANGHAI, shanghai_date
from xinshu.security.crypto import sm3
from xinshu.security.domain import Actor

PAPER = "paper"
_LONGEST = 100
_OPEN = (ConsentState.ASKED, ConsentState.GIVEN, ConsentState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a signed paper says, as a handler enters it.

    `first`, `last`: the days it is good for, both included (Shanghai). `scan`: PDF, JPEG or PNG, which the platform then
    keeps sealed; without it `digest`, the SM3 of a scan the unit keeps.
    """

    name: str
    code: str
    purpose: str
    items: frozenset[str]
    first: date
    last: date
    max_uses: int
    document_no: str
    scan: bytes = b""
    digest: str = ""


def purposes_on_paper(gate: Gate, actor: Actor, day: date) -> list[Purpose]:
    """The purposes of the caller's unit for which a natural person's consent opens something."""
    unit = gate.units().get(actor.unit)
    found = [] if unit is None else [each for each in gate.rules.in_force(day) if each.on_list_of(unit.kind)]
    return [each for each in found if "person" in each.subjects and consented(gate, each)]


def consented(gate: Gate, purpose: Purpose) -> tuple[FieldKey, ...]:
    """The fields a purpose opens with the subject's consent only."""
    return tuple(key for key, opening in gate.openings(purpose).items() if opening.consent)


def register(gate: Gate, actor: Actor, paper: Paper, now: datetime) -> Consent:
    """A handler puts down what a person signed; nothing is open yet.

    Raises:
        NotAllowed, PurposeUnknown, PurposeNotListed, SubjectKindShut, SubjectInvalid, Incomplete, ConsentTerms,
        PaperInvalid, PaperReused: nothing is kept but the refusal on the record.
    """
    with auditing.refusals_recorded(actor, auditing.PAPER_REGISTER, now, purpose=paper.purpose):
        offer = _offer(gate, actor, paper, now)
        digest = offer.evidence
        with transaction.atomic():
            offer = replace(offer, evidence=paper_evidence(digest, paper.document_no.strip()))
            consent = put_down(gate, actor, offer, now, "registered")
            _keep(gate, actor, consent, paper, digest)
    return consent


def _offer(gate: Gate, actor: Actor, paper: Paper, now: datetime) -> Offer:
    """The terms of a paper, judged; `evidence` is the digest of the scan for the moment."""
    day = shanghai_date(now)
    allow(actor, auditing.PAPER_REGISTER, now, unit=actor.unit)
    purpose = gate.purpose(paper.purpose, day)
    may_ask(gate, actor, purpose, now)
    if "person" not in purpose.subjects:
        raise SubjectKindShut(purpose.title)
    subject = readable(Asked("person", paper.code, paper.name))
    not_own(gate, actor, [subject])
    number = paper.document_no.strip()
    if not subject.name or not 0 < len(number) <= _LONGEST:
        raise Incomplete("填写本人姓名和授权书文号")
    fields = consented(gate, purpose)
    if not paper.items or paper.items - {item for item, _ in fields}:
        raise ConsentTerms("请至少选择一类信息，且不超出该事由须授权的范围")
    if not day <= paper.last or paper.last - paper.first > timedelta(days=gate.limits(day).longest_use_days):
        raise ConsentTerms("授权期限已过，或超过最长使用期限")
    offer = Offer(
        subject=subject,
        grantee=actor.unit,
        purpose=purpose.id,
        fields=tuple(key for key in fields if key[0] in paper.items),
        legal_basis="本人书面授权",
        valid_from=_begin(paper.first),
        valid_to=_begin(paper.last + timedelta(days=1)),
        max_uses=paper.max_uses,
        per_day=paper.max_uses,
        text_version=PAPER,
        channel=PAPER,
        evidence=digest_of_scan(paper.scan, paper.digest),
    )
    require_terms(gate, offer, now)
    return offer


def _keep(gate: Gate, actor: Actor, consent: Consent, paper: Paper, digest: str) -> None:
    """The paper's row and its scan; a scan without a row is taken away again."""
    try:
        if paper.scan:
            keep_scan(gate, consent.id, paper.scan)
        PaperConsent.objects.create(
            consent=consent,
            sealed=gate.vault.seal(paper.document_no.strip().encode(), paper_place(consent.id)),
            digest=digest,
            scan=bool(paper.scan),
            registered_by=actor.id,
            registrar=actor.person,
            registrar_name=actor.name,
        )
    except IntegrityError as twice:  # by the table: one paper once, unless it was sent back
        drop_scan(gate, consent.id)
        raise PaperReused from twice
    except BaseException:
        drop_scan(gate, consent.id)
        raise


def decide_paper(
    gate: Gate, actor: Actor, number: str, *, approve: bool, shown: str, reason: str, now: datetime
) -> Consent:
    """Another post confirms that the paper says what was registered, or sends it back; once.

    Args:
        shown: `terms_digest` of what the page showed; other terms are not confirmed.
    Raises:
        NotAllowed, StepUpRequired, NoConsent (also another unit's), PaperSamePerson, ConsentState, ConsentTerms,
        ConsentForged (the paper's row was changed since), Incomplete (sent back without a word).
    """
    with auditing.refusals_recorded(actor, auditing.PAPER_CONFIRM, now, ticket=number), transaction.atomic():
        allow(actor, auditing.PAPER_CONFIRM, now, unit=actor.unit)
        consent, paper = _of_unit(actor, number)
        if actor.id == paper.registered_by or actor.person == paper.registrar:
            raise PaperSamePerson
        not_own(gate, actor, [subject_of(gate, consent)])
        require_state(consent, ConsentState.ASKED)
        if shown != terms_digest(consent) or (approve and now >= consent.valid_to):
            raise ConsentTerms("登记内容在您查看后有改动，或授权期限已过")
        if consent.evidence != paper_evidence(paper.digest, document_of(gate, paper)):
            raise ConsentForged
        if not approve and not reason.strip():
            raise Incomplete("退回时填写意见")
        paper.decided_by, paper.decider_name, paper.decided_at = actor.id, actor.name, now
        paper.approved, paper.reason = approve, reason.strip()[:300]
        paper.save(update_fields=["decided_by", "decider_name", "decided_at", "approved", "reason"])
        if approve:
            consent.state = ConsentState.GIVEN
            sign(gate, consent, actor, "confirmed", now)
            return consent
        return move(actor, number, now, "declined", ConsentState.REVOKED, ConsentState.ASKED)


def end_paper(actor: Actor, number: str, how: str, now: datetime) -> Consent:
    """The person took the consent back: shut for good at once, felt by the next use and the next download.

    One person is enough, and either post: it only shuts. Raises NotAllowed, NoConsent, ConsentState, Incomplete.
    """
    with auditing.refusals_recorded(actor, auditing.PAPER_END, now, ticket=number), transaction.atomic():
        allow(actor, auditing.PAPER_END, now, unit=actor.unit)
        consent, paper = _of_unit(actor, number)
        require_state(consent, *_OPEN)
        if not how.strip():
            raise Incomplete("填写撤回的方式或凭据")
        paper.reason = how.strip()[:300]
        paper.save(update_fields=["reason"])
        return move(actor, number, now, "ended", ConsentState.REVOKED, *_OPEN)


def scan_of(gate: Gate, actor: Actor, number: str, now: datetime) -> tuple[str, str, bytes]:
    """The scan for those who register and confirm: (file name, type, content). It is on the record that it was looked at.

    Raises NotAllowed, NoConsent, FileExpired (none is kept here), AnchorStale.
    """
    with auditing.refusals_recorded(actor, auditing.PAPER_VIEW, now, ticket=number), transaction.atomic():
        allow(actor, auditing.PAPER_VIEW, now, unit=actor.unit)
        consent, _ = _of_unit(actor, number)
        content = open_scan(gate, consent.id)
        auditing.write(
            auditing.entry(
                actor,
                auditing.PAPER_VIEW,
                now,
                ref=consent.subject,
                ticket=number,
                purpose=consent.purpose,
                trace=consent.trace,
            ),
            sensitive=True,
        )
    kind = kind_of(content)
    return f"{number}.{kind}", TYPES[kind], content


def paper_evidence(digest: str, document_no: str) -> str:
    """What the terms hold of a paper: SM3 over the digest of its scan and its number."""
    return sm3(json.dumps([digest, document_no], ensure_ascii=False).encode()).hex()


def document_of(gate: Gate, paper: PaperConsent) -> str:
    """The number of a paper, unsealed."""
    return gate.vault.open_cell(bytes(paper.sealed), paper_place(paper.consent_id)).decode()


def paper_place(consent: UUID) -> bytes:
    """What the sealed number of a paper is bound to."""
    return b"disclosure_paperconsent\0sealed\0" + consent.bytes


def _of_unit(actor: Actor, number: str) -> tuple[Consent, PaperConsent]:
    """A consent on paper of the caller's unit, locked. Raises NoConsent for another's as for none."""
    consent = locked(number)
    paper = PaperConsent.objects.filter(consent=consent).first()
    if paper is None or consent.grantee != actor.unit:
        raise NoConsent
    return consent, paper


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
