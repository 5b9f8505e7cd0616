"""The whole way of a query in one call: from the consent it rests on to the destruction of its copies; and from a leaked
copy back to its query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from xinshu.disclosure import auditing
from xinshu.disclosure.errors import MarkUnknown
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Approval, ConsentEvent, Copy, Link, Ticket, TicketSubject
from xinshu.disclosure.tables import read_rows
from xinshu.disclosure.watermark import CHECK_LENGTH, check_number, is_in_order_of
from xinshu.kernel.ids import read_public_id
from xinshu.security.crypto import sha256
from xinshu.security.domain import Actor

SYSTEM = "system"  # the command line, on the machine itself
_ENOUGH = 3  # check numbers that fit, of the rows looked at
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way. `what` is a stable word, `text` Chinese, `who` a user's id or `key:ID`."""

    at: datetime
    what: str
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Trail:
    """Everything that happened to one query, in the order of time."""

    number: str
    trace: str
    purpose: str
    unit: str
    state: str
    subjects: int
    steps: tuple[Step, ...]

    def as_dict(self) -> Mapping[str, object]:
        """For JSON."""
        steps = [
            {"at": each.at.isoformat(), "what": each.what, "who": each.who, "text": each.text} for each in self.steps
        ]
        return {
            "ticket": self.number,
            "trace": self.trace,
            "purpose": self.purpose,
            "unit": self.unit,
            "state": self.state,
            "subjects": self.subjects,
            "steps": steps,
        }


@dataclass(frozen=True, slots=True)
class Source:
    """Whose copy a leaked file is. `rows_changed`: rows whose check number does not fit their content any more."""

    mark: str
    ticket: str
    recipient: str
    by: str
    rows_changed: int


def trail(actor: Actor, number: str, now: datetime) -> Trail:
    """The trail of a query, by its number or the mark of any of its copies; looking at it is on the record too.

    Raises:
        MarkUnknown: there is nothing of that number, or it is another unit's.
    """
    with auditing.refusals_recorded(actor, auditing.TRAIL, now), transaction.atomic():
        ticket = _ticket(number)
        if ticket is None or (actor.id != SYSTEM and ticket.unit != actor.unit):
            raise MarkUnknown
        auditing.write(
            auditing.entry(actor, auditing.TRAIL, now, ticket=ticket.number, purpose=ticket.purpose, trace=ticket.trace)
        )
        steps = sorted(_steps(ticket), key=lambda each: each.at)
    return Trail(
        ticket.number, ticket.trace, ticket.purpose, ticket.unit, ticket.state, ticket.subject_count, tuple(steps)
    )


def identify(gate: Gate, content: bytes) -> Source | None:
    """Whose copy a leaked file is: one as it went out by its SHA-256, the rows of a CSV by their check numbers or their
    order; None when nothing fits."""
    whole = Copy.objects.filter(digest=sha256(content).hex()).select_related("ticket").first()
    if whole is not None:
        return Source(whole.mark, whole.ticket.number, whole.recipient, "digest", 0)
    rows = read_rows(content)
    codes = list(dict.fromkeys(row[0] for row in rows))
    for copy in _candidates(gate, codes):
        checks = [_fits(gate, copy.mark, row) for row in rows if len(row[-1]) == CHECK_LENGTH]
        if sum(checks) >= min(_ENOUGH, len(rows)) > 0:
            return Source(copy.mark, copy.ticket.number, copy.recipient, "check_number", len(checks) - sum(checks))
        if is_in_order_of(gate.vault, copy.mark, codes):
            return Source(copy.mark, copy.ticket.number, copy.recipient, "order", 0)
    return None


def _fits(gate: Gate, mark: str, row: Sequence[str]) -> bool:
    return check_number(gate.vault, mark, row[:-1]) == row[-1]


def _candidates(gate: Gate, codes: Sequence[str]) -> Iterable[Copy]:
    """Copies of the queries that asked about the first subjects, the newest first."""
    references = [gate.vault.reference(kind, code) for code in codes[:_LOOKED_AT] for kind in ("subject", "id_no")]
    tickets = TicketSubject.objects.filter(ref__in=references).values_list("ticket_id", flat=True)
    return (
        Copy.objects.filter(ticket__in=tickets, form__in=["csv", "xlsx"]).select_related("ticket").order_by("-made_at")
    )


def _ticket(number: str) -> Ticket | None:
    text = number.strip().upper()
    found = Ticket.objects.filter(number=text).first()
    mark = read_public_id(text)
    if found is None and mark is not None:
        copy = Copy.objects.filter(mark=mark).select_related("ticket").first()
        found = None if copy is None else copy.ticket
    return found


def _steps(ticket: Ticket) -> Iterator[Step]:
    consents = TicketSubject.objects.filter(ticket=ticket, consent__isnull=False).values_list("consent_id", flat=True)
    for event in ConsentEvent.objects.filter(consent__in=consents).select_related("consent"):
        yield Step(event.at, f"consent_{event.step}", event.actor, f"授权 {event.consent.number}")
    yield Step(
        ticket.registered_at,
        "registered",
        ticket.requester,
        f"登记：{ticket.matter_no}，{ticket.subject_count} 个主体，{ticket.field_count} 个数据项",
    )
    for approval in Approval.objects.filter(ticket=ticket):
        word = "同意" if approval.approved else "退回"
        yield Step(
            approval.at, "reviewed", approval.approver, f"审核：{word}（第 {approval.version} 版）{approval.reason}"
        )
    if ticket.done_at is not None:
        text = f"查询：已披露 {ticket.disclosed}，未授权 {ticket.unauthorised}"
        yield Step(ticket.done_at, "failed" if ticket.code else "disclosed", ticket.requester, ticket.code or text)
    for link in Link.objects.filter(ticket=ticket):
        yield Step(link.made_at, "link_made", link.user, f"取得 {link.form.upper()} 下载链接")
    for copy in Copy.objects.filter(ticket=ticket):
        what = f"在{copy.recipient_name}的卡片上查看" if copy.form == "card" else f"下载 {copy.form.upper()}"
        yield Step(copy.made_at, "fetched", copy.recipient, f"{what}，水印 {copy.mark}")
    if ticket.reminded_at is not None:
        yield Step(ticket.reminded_at, "reminded", "system", f"提醒于 {ticket.destroy_by} 前销毁")
    if ticket.destroyed_at is not None:
        yield Step(ticket.destroyed_at, "destroyed", ticket.requester, f"销毁：{ticket.destroyed_how}")
