"""The life of a consent: asked → given → narrowed, paused, resumed, renewed → revoked, expired or used up.

A subject's own steps take effect at once: every use reads the row anew, under its lock. The terms are signed each time
they change; a use checks the signature, so a row edited by hand opens nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.db import transaction

from xinshu.disclosure import auditing
from xinshu.disclosure.consent_terms import ENDED, ConsentState, Terms, Uses
from xinshu.disclosure.domain import Asked, FieldKey
from xinshu.disclosure.errors import ConsentForged, ConsentTerms, NoConsent
from xinshu.disclosure.errors import ConsentState as WrongState
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Consent, ConsentEvent
from xinshu.disclosure.registration import read_fields, write_fields
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.ids import public_id, uuid7
from xinshu.kernel.logs import current_trace
from xinshu.security.crypto import Signature, public_key_pem, sha256, signer, sm3, verify_signature
from xinshu.security.domain import Actor

SIGNING = "consent"
_MOST_USES = 100_000
_ACTIONS = {
    "asked": auditing.CONSENT_ASK,
    "given": auditing.CONSENT_GIVE,
    "narrowed": auditing.CONSENT_CHANGE,
    "renewed": auditing.CONSENT_CHANGE,
    "paused": auditing.CONSENT_CHANGE,
    "resumed": auditing.CONSENT_CHANGE,
    "revoked": auditing.CONSENT_REVOKE,
    "registered": auditing.PAPER_REGISTER,
    "confirmed": auditing.PAPER_CONFIRM,
    "declined": auditing.PAPER_CONFIRM,
    "ended": auditing.PAPER_END,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Terms a grantee asks for. `evidence`: digest of the paper or recording behind it, empty when it comes later."""

    subject: Asked
    grantee: str
    purpose: str
    fields: tuple[FieldKey, ...]
    legal_basis: str
    valid_from: datetime
    valid_to: datetime
    max_uses: int
    per_day: int
    text_version: str
    channel: str
    evidence: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Less:
    """What a subject gives of what was asked for: these items, up to `until`, `max_uses` times. None = as asked."""

    items: frozenset[str] | None = None
    until: datetime | None = None
    max_uses: int | None = None


def ask(gate: Gate, actor: Actor, offer: Offer, now: datetime) -> Consent:
    """A grantee asks a subject; nothing is open yet. Raises ConsentTerms, PurposeUnknown."""
    with auditing.refusals_recorded(actor, auditing.CONSENT_ASK, now, purpose=offer.purpose):
        require_terms(gate, offer, now)
        return put_down(gate, actor, offer, now)


def require_terms(gate: Gate, offer: Offer, now: datetime) -> None:
    """Raise ConsentTerms or PurposeUnknown unless a consent can have these terms."""
    purpose = gate.purpose(offer.purpose, shanghai_date(now))
    openings = gate.openings(purpose)
    if not offer.fields or any(key not in openings for key in offer.fields):
        raise ConsentTerms("数据项为空或超出该事由可开放的范围")
    if not offer.valid_from < offer.valid_to or not 0 < offer.per_day <= offer.max_uses <= _MOST_USES:
        raise ConsentTerms


def put_down(gate: Gate, actor: Actor, offer: Offer, now: datetime, step: str = "asked") -> Consent:
    """Write a consent that opens nothing yet; its terms were judged (`require_terms`)."""
    made = uuid7(now)
    consent = Consent(
        id=made,
        number=f"SQ-{public_id(made)}",
        trace=current_trace(),
        state=ConsentState.ASKED,
        subject=gate.reference(offer.subject),
        sealed=gate.vault.seal(
            json.dumps([offer.subject.kind, offer.subject.code, offer.subject.name]).encode(), consent_place(made)
        ),
        grantee=offer.grantee,
        platform=offer.platform,
        purpose=offer.purpose,
        fields=write_fields(offer.fields),
        legal_basis=offer.legal_basis,
        valid_from=offer.valid_from,
        valid_to=offer.valid_to,
        max_uses=offer.max_uses,
        per_day=offer.per_day,
        text_version=offer.text_version,
        channel=offer.channel,
        evidence=offer.evidence,
        asked_at=now,
        changed_at=now,
    )
    with transaction.atomic():
        consent.save(force_insert=True)
        _note(consent, actor, step, now)
    return consent


def give(
    gate: Gate,
    actor: Actor,
    number: str,
    now: datetime,
    *,
    evidence: str = "",
    less: Less | None = None,
    shown: str = "",
) -> Consent:
    """The subject agrees; from now on the consent may be used.

    Args:
        evidence: SHA-256 of the paper or recording; where a subject gives it by itself, `given_by` makes it.
        less: where less is given than was asked for.
        shown: `terms_digest` of what the subject read; other terms are not given.
    Raises:
        ConsentState: given before, or ended. ConsentTerms: no evidence, other terms, or more than was asked for.
    """
    with transaction.atomic():
        consent = locked(number)
        require_state(consent, ConsentState.ASKED)
        if shown and shown != terms_digest(consent):
            raise ConsentTerms("授权内容在您阅读后有改动")
        if less is not None:
            _lessen(consent, less, now)
        consent.evidence = evidence or consent.evidence
        if not consent.evidence:
            raise ConsentTerms("缺少授权凭据的摘要")
        consent.state = ConsentState.GIVEN
        sign(gate, consent, actor, "given", now)
    return consent


def _lessen(consent: Consent, less: Less, now: datetime) -> None:
    fields = read_fields(consent.fields)
    kept = [key for key in fields if less.items is None or key[0] in less.items]
    until, uses = less.until or consent.valid_to, consent.max_uses if less.max_uses is None else less.max_uses
    if not kept or (less.items or set()) - {item for item, _ in fields}:
        raise ConsentTerms("请至少保留一类信息，且不超出申请的范围")
    if not now < until <= consent.valid_to or not 0 < uses <= consent.max_uses:
        raise ConsentTerms
    consent.fields, consent.valid_to = write_fields(kept), until
    consent.max_uses, consent.per_day = uses, min(consent.per_day, uses)


def terms_digest(consent: Consent) -> str:
    """SM3 of the terms as they are now: what a page shows, it sends back."""
    return sm3(terms_of(consent).message()).hex()


def given_by(consent: Consent, less: Less, actor: Actor, now: datetime) -> str:
    """Evidence of a consent given on the platform: SHA-256 over the terms read, what was given of them, who and when.

    It can be made anew from the row as it was asked for and the event of the giving.
    """
    said = [terms_digest(consent), sorted(less.items or ()), str(less.until), less.max_uses, actor.id, now.isoformat()]
    return sha256(json.dumps(said).encode()).hex()


def narrow(gate: Gate, actor: Actor, number: str, fields: tuple[FieldKey, ...], now: datetime) -> Consent:
    """Fewer fields from now on. Raises ConsentTerms when they are more, or none."""
    with transaction.atomic():
        consent = locked(number)
        require_state(consent, ConsentState.GIVEN, ConsentState.PAUSED)
        left = write_fields(fields)
        if not left or not set(left.split()) < set(consent.fields.split()):
            raise ConsentTerms("只能缩小数据项范围")
        consent.fields, consent.version = left, consent.version + 1
        sign(gate, consent, actor, "narrowed", now)
    return consent


def renew(gate: Gate, actor: Actor, number: str, valid_to: datetime, max_uses: int, now: datetime) -> Consent:
    """A later end or more uses; also wakes a consent that ran out by itself, never a revoked one."""
    with transaction.atomic():
        consent = locked(number)
        require_state(consent, ConsentState.GIVEN, ConsentState.PAUSED, ConsentState.EXPIRED, ConsentState.USED_UP)
        if valid_to <= max(now, consent.valid_from) or not consent.used < max_uses <= _MOST_USES:
            raise ConsentTerms
        consent.valid_to, consent.max_uses, consent.version = valid_to, max_uses, consent.version + 1
        if consent.state != ConsentState.PAUSED:
            consent.state = ConsentState.GIVEN
        sign(gate, consent, actor, "renewed", now)
    return consent


def pause(actor: Actor, number: str, now: datetime) -> Consent:
    """Shut for a while."""
    return move(actor, number, now, "paused", ConsentState.PAUSED, ConsentState.GIVEN)


def resume(actor: Actor, number: str, now: datetime) -> Consent:
    """Open again what was paused."""
    return move(actor, number, now, "resumed", ConsentState.GIVEN, ConsentState.PAUSED)


def revoke(actor: Actor, number: str, now: datetime) -> Consent:
    """Shut for good; felt by the next use and the next download."""
    return move(
        actor, number, now, "revoked", ConsentState.REVOKED, ConsentState.ASKED, ConsentState.GIVEN, ConsentState.PAUSED
    )


def terms_of(consent: Consent) -> Terms:
    """The terms as the row has them now."""
    return Terms(
        number=consent.number,
        version=consent.version,
        subject=consent.subject,
        grantee=consent.grantee,
        platform=consent.platform,
        purpose=consent.purpose,
        fields=consent.fields,
        legal_basis=consent.legal_basis,
        valid_from=consent.valid_from,
        valid_to=consent.valid_to,
        max_uses=consent.max_uses,
        per_day=consent.per_day,
        text_version=consent.text_version,
        channel=consent.channel,
        evidence=consent.evidence,
    )


def uses_of(consent: Consent) -> Uses:
    """How often it was used."""
    return Uses(consent.used, consent.used_on, consent.used_today)


def genuine(gate: Gate, consent: Consent) -> bool:
    """Whether the signature is of these very terms; the answer for the same bytes is remembered."""
    return _genuine(gate.settings.home, terms_of(consent).message(), consent.signature)


@lru_cache(maxsize=20_000)
def _genuine(home: Path, message: bytes, signature: str) -> bool:
    try:
        stated = Signature.parse(signature)
        return verify_signature(message, stated, public_key_pem(home, SIGNING, stated.key_id))
    except (ValueError, ConsentForged):
        return False


def consent_place(consent: UUID) -> bytes:
    """What the sealed subject of a consent is bound to."""
    return b"disclosure_consent\0sealed\0" + consent.bytes


def subject_of(gate: Gate, consent: Consent) -> Asked:
    """The subject of a consent, unsealed."""
    kind, code, name = json.loads(gate.vault.open_cell(bytes(consent.sealed), consent_place(consent.id)))
    return Asked(kind, code, name)


def consents_of_subject(gate: Gate, subject: Asked) -> list[Consent]:
    """All consents of a subject, the newest first: for its own page."""
    return list(Consent.objects.filter(subject=gate.reference(subject)).order_by("-asked_at", "-id"))


def consents_of_grantee(unit: str, platform: str = "") -> list[Consent]:
    """All consents a unit asked for or was given, the newest first."""
    return list(Consent.objects.filter(grantee=unit, platform=platform).order_by("-asked_at", "-id"))


def consent_of_grantee(actor: Actor, number: str, now: datetime) -> Consent:
    """One of them. Raises NoConsent for another's as for none; that is on the record."""
    with auditing.refusals_recorded(actor, auditing.CONSENT_ASK, now):
        found = Consent.objects.filter(grantee=actor.unit, platform="", number=number).first()
        if found is None:
            raise NoConsent
        return found


def expire(now: datetime) -> int:
    """Mark those whose time is over; a use finds out by itself, this is for the lists. Returns how many."""
    return Consent.objects.filter(
        state__in=[ConsentState.ASKED, ConsentState.GIVEN, ConsentState.PAUSED], valid_to__lte=now
    ).update(state=ConsentState.EXPIRED, changed_at=now)


def as_dict(consent: Consent) -> Mapping[str, object]:
    """A consent for the interface: its terms without the subject, which the caller knows."""
    return {
        "number": consent.number,
        "state": consent.state,
        "version": consent.version,
        "grantee": consent.grantee,
        "platform": consent.platform,
        "purpose": consent.purpose,
        "fields": consent.fields.split(),
        "valid_from": consent.valid_from.astimezone(UTC).isoformat(),
        "valid_to": consent.valid_to.astimezone(UTC).isoformat(),
        "max_uses": consent.max_uses,
        "per_day": consent.per_day,
        "used": consent.used,
        "trace": consent.trace,
    }


def move(actor: Actor, number: str, now: datetime, step: str, to: ConsentState, *since: ConsentState) -> Consent:
    """Bring a consent from one of these states to another; its terms stay. Raises NoConsent, ConsentState."""
    with transaction.atomic():
        consent = locked(number)
        require_state(consent, *since)
        consent.state, consent.changed_at = to, now
        consent.save(update_fields=["state", "changed_at"])
        _note(consent, actor, step, now)
    return consent


def locked(number: str) -> Consent:
    """A consent under its row's lock. Raises NoConsent."""
    found = Consent.objects.select_for_update().filter(number=number).first()
    if found is None:
        raise NoConsent
    return found


def require_state(consent: Consent, *states: ConsentState) -> None:
    """Raise ConsentState unless it stands in one of these."""
    if consent.state not in states:
        raise WrongState("已结束" if consent.state in ENDED else "")


def sign(gate: Gate, consent: Consent, actor: Actor, step: str, now: datetime) -> None:
    """Sign the terms as they are now, store them and note the step."""
    consent.changed_at = now
    consent.signature = str(signer(gate.settings.home, SIGNING).sign(terms_of(consent).message()))
    consent.save()
    _note(consent, actor, step, now)


def _note(consent: Consent, actor: Actor, step: str, now: datetime) -> None:
    ConsentEvent.objects.create(consent=consent, at=now, actor=actor.id, step=step, version=consent.version)
    auditing.write(
        replace(
            auditing.entry(actor, _ACTIONS[step], now, ref=consent.subject, purpose=consent.purpose),
            trace=consent.trace,
            detail={"consent": consent.number, "step": step, "version": consent.version},
        )
    )
