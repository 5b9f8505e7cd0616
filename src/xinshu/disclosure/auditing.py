"""What the gate writes on the audit record: the one place of the room that does.

Each disclosure, refusal and step has a row; the object is the subject's blind index, never its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from xinshu.kernel.errors import XinshuError
from xinshu.kernel.logs import current_trace
from xinshu.security.audit.domain import AuditEntry, Outcome
from xinshu.security.audit.services import record, record_many, record_refusal, require_fresh
from xinshu.security.domain import Actor

QUERY = "disclosure.query"
REGISTER = "disclosure.register"
BATCH_APPLY = "disclosure.batch_apply"
BATCH_QUERY = "disclosure.batch_query"
REVIEW = "disclosure.review"
DOWNLOAD = "disclosure.download"
DESTROY = "disclosure.destroy"
OPERATOR = "disclosure.operator"
ALARM = "disclosure.alarm"
TRAIL = "disclosure.trail"
CONSENT_ASK = "consent.ask"
CONSENT_GIVE = "consent.give"
CONSENT_CHANGE = "consent.change"
CONSENT_REVOKE = "consent.revoke"
PAPER_REGISTER = "consent.paper_register"
PAPER_CONFIRM = "consent.paper_confirm"
PAPER_END = "consent.paper_end"
PAPER_VIEW = "consent.paper_view"


def entry(
    actor: Actor,
    action: str,
    now: datetime,
    *,
    ref: UUID | None = None,
    ticket: str = "",
    purpose: str = "",
    code: str = "",
    trace: str = "",
    detail: Mapping[str, str | int] | None = None,
) -> AuditEntry:
    """One row; with a `code` it is a refusal."""
    return AuditEntry(
        at=now,
        actor=actor.id,
        role=",".join(sorted(actor.roles)),
        unit=actor.unit,
        address=actor.address,
        action=action,
        object_ref=b"" if ref is None else ref.bytes,
        ticket=ticket,
        purpose=purpose,
        outcome=Outcome.REFUSED if code else Outcome.DONE,
        code=code,
        trace=trace or actor.trace or current_trace(),
        detail=detail or {},
    )


def write(one: AuditEntry, *, sensitive: bool = False) -> None:
    """A row in the transaction under way; when it cannot be written the transaction fails.

    Raises AuditUnavailable, and for a `sensitive` one AnchorStale while the record is not anchored.
    """
    record(one, sensitive=sensitive)


def write_disclosures(entries: Sequence[AuditEntry], now: datetime) -> None:
    """The rows of a disclosure, in the transaction under way: none of it happens without them or without an anchor."""
    if len(entries) == 1:
        record(entries[0], sensitive=True)
        return
    require_fresh(now)
    record_many(entries)


@contextmanager
def refusals_recorded(
    actor: Actor, action: str, now: datetime, *, ticket: str = "", purpose: str = ""
) -> Iterator[None]:
    """A refusal inside the block is on the record with its code, also after its transaction was rolled back."""
    try:
        yield
    except XinshuError as refused:
        record_refusal(entry(actor, action, now, ticket=ticket, purpose=purpose, code=refused.code))
        raise
