"""Registering a query: judged by purpose, unit, subjects, fields and size before anything is read or stored.

Source: security.md section 4 [proposed].
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from xinshu.disclosure.domain import LARGEST_ON_PAPER, Asked, FieldKey, Kind, Limits, Opening, Purpose, Request
from xinshu.disclosure.errors import (
    BatchLimit,
    FieldShut,
    Incomplete,
    NotAllowed,
    OwnSubject,
    PurposeNotListed,
    SubjectInvalid,
    SubjectKindShut,
)
from xinshu.disclosure.gate import Gate
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.identifiers import CitizenId, Uscc
from xinshu.kernel.ids import public_id
from xinshu.kernel.text import normalise_cell, upper_ascii
from xinshu.security.crypto import sm3
from xinshu.security.domain import Actor
from xinshu.security.policy import RoleMissing, decide

_LONGEST = 300
_NUMBER = "CX-"


@dataclass(frozen=True, slots=True)
class Judged:
    """A request that may be registered, with everything that follows from it."""

    request: Request
    purpose: Purpose
    limits: Limits
    kind: Kind
    day: date
    subjects: tuple[Asked, ...]
    references: tuple[UUID, ...]
    fields: Mapping[FieldKey, Opening]
    approvers: int
    destroy_by: date


def judge(gate: Gate, actor: Actor, request: Request, now: datetime) -> Judged:
    """Whether a request may be registered, before a row is written.

    Raises:
        NotAllowed, PurposeUnknown, PurposeNotListed, Incomplete, SubjectInvalid, SubjectKindShut, OwnSubject, FieldShut,
        BatchLimit: the whole request is refused.
    """
    day = shanghai_date(now)
    purpose, limits = gate.purpose(request.purpose, day), gate.limits(day)
    may_ask(gate, actor, purpose, now)
    _complete(request)
    most = min(limits.per_batch, LARGEST_ON_PAPER) if purpose.sealed else limits.per_batch
    if len(request.subjects) > most:
        raise BatchLimit(f"{len(request.subjects)}，上限 {most}")
    subjects = tuple(readable(each) for each in request.subjects)
    if any(each.kind not in purpose.subjects for each in subjects):
        raise SubjectKindShut(purpose.title)
    not_own(gate, actor, subjects)
    references = tuple(gate.reference(each) for each in subjects)
    if len(set(references)) < len(references):
        raise SubjectInvalid("同一主体列了两次")
    fields = _fields(gate, purpose, request.fields)
    may_see(actor, fields, now)
    kind = Kind.SINGLE if len(subjects) == 1 else Kind.BATCH
    reviewed = kind is Kind.BATCH or subjects[0].kind == "person" or any(each.review for each in fields.values())
    return Judged(
        request,
        purpose,
        limits,
        kind,
        day,
        subjects,
        references,
        fields,
        max(purpose.approvers, int(reviewed)),
        destruction(request.destroy_by, limits, day),
    )


def may_ask(gate: Gate, actor: Actor, purpose: Purpose, now: datetime) -> None:
    """Whether the policy lets a caller ask for his unit, and the unit state the purpose.

    Raises NotAllowed, PurposeNotListed, PolicyRefused (an administrator, whatever else he is).
    """
    allow(actor, "disclosure.operator" if purpose.scene == "upkeep" else "disclosure.query", now)
    unit = gate.units().get(actor.unit)
    if unit is None:
        raise NotAllowed
    if not purpose.on_list_of(unit.kind):
        raise PurposeNotListed(purpose.title)


def may_see(actor: Actor, fields: Mapping[FieldKey, Opening], now: datetime) -> None:
    """Raise OtherItem where the caller's posts are limited to other catalogue items than the query asks about."""
    for item in dict.fromkeys(item for item, _ in fields) if actor.items else ():
        allow(actor, "disclosure.register", now, item=item)


def not_own(gate: Gate, actor: Actor, subjects: Iterable[Asked]) -> None:
    """Raise OwnSubject where somebody would ask about, approve or register himself or a firm of his."""
    if any(gate.is_own(actor, each) for each in subjects):
        raise OwnSubject


def allow(actor: Actor, action: str, now: datetime, *, unit: str = "", item: str = "") -> None:
    """Ask the policy; a missing post is the gate's own NotAllowed. Raises that or PolicyRefused."""
    decision = decide(actor, action, unit=unit, item=item, now=now)
    if isinstance(decision.error, RoleMissing):
        raise NotAllowed
    if decision.error is not None:
        raise decision.error


def _complete(request: Request) -> None:
    texts = (request.legal_basis, request.matter_no)
    if not request.subjects or not all(each.strip() for each in texts):
        raise Incomplete
    if any(len(each) > _LONGEST for each in (*texts, request.use)):
        raise Incomplete(f"每项不超过 {_LONGEST} 字")
    if request.since is not None and request.until is not None and request.until < request.since:
        raise Incomplete("信息止早于信息起")


def readable(asked: Asked) -> Asked:
    """The subject in its normal form. Raises SubjectInvalid, without the code: it may be somebody's id number."""
    code = upper_ascii(normalise_cell(asked.code)).replace(" ", "")
    valid = CitizenId.is_valid(code) if asked.kind == "person" else Uscc.is_valid(code)
    if not valid or code == Uscc.PLACEHOLDER:
        raise SubjectInvalid
    return Asked(asked.kind, code, asked.name.strip()[:_LONGEST])


def _fields(gate: Gate, purpose: Purpose, wanted: Sequence[FieldKey]) -> Mapping[FieldKey, Opening]:
    """The fields asked for; without any, all the purpose opens without an approval."""
    if not wanted:
        return gate.default_fields(purpose)
    openings = gate.openings(purpose)
    if shut := [key for key in wanted if key not in openings]:
        raise FieldShut("、".join(f"{item}.{column}" for item, column in shut[:5]))
    return {key: openings[key] for key in dict.fromkeys(wanted)}


def destruction(wanted: date | None, limits: Limits, day: date) -> date:
    """The day by which copies are destroyed: the one wanted, else in a month. Raises Incomplete beyond the limit."""
    latest = day + timedelta(days=limits.longest_use_days)
    wanted = wanted or min(latest, day + timedelta(days=30))
    if not day <= wanted <= latest:
        raise Incomplete(f"销毁期限应在 {day} 至 {latest} 之间")
    return wanted


def ticket_number(ticket: UUID) -> str:
    """The number of a query: CX- and the public form of its id."""
    return f"{_NUMBER}{public_id(ticket)}"


def write_fields(fields: Iterable[FieldKey]) -> str:
    """Field set as it is stored: item.COLUMN, sorted, by blanks."""
    return " ".join(sorted(f"{item}.{column}" for item, column in fields))


def read_fields(text: str) -> tuple[FieldKey, ...]:
    """The pairs of a stored field set."""
    return tuple((item, column) for item, _, column in (each.rpartition(".") for each in text.split()))


def subjects_digest(references: Iterable[UUID]) -> str:
    """Digest of the subjects in their order."""
    return sm3(b"".join(each.bytes for each in references)).hex()


def content_digest(**content: str | int | date | None) -> str:
    """Digest of everything an approver approves; a change of any part changes it."""
    text = json.dumps({key: str(value) for key, value in content.items()}, sort_keys=True, ensure_ascii=False)
    return sm3(text.encode()).hex()
