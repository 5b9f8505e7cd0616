"""Cards for other systems' pages: a link good once and for minutes, under a query that was registered for it.

The system behind a key asks for the link, naming who will look; its page shows it in a frame. What the card shows is
disclosed when it is shown: purpose, consents and limits are judged then, in the name of the system. Which pages may frame it
is the list of web addresses the system was registered with. Source: security.md sections 4 and 8 [proposed].
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction

from xinshu.disclosure import auditing
from xinshu.disclosure.asking import carry_out, register
from xinshu.disclosure.domain import Request, Result, State
from xinshu.disclosure.downloads import note_copy
from xinshu.disclosure.errors import (
    AlreadyDecided,
    CardShut,
    EditedAfterApproval,
    Incomplete,
    LinkUnknown,
    NotApproved,
    OriginInvalid,
)
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Card, System, Ticket
from xinshu.disclosure.registration import judge
from xinshu.disclosure.requesters import PROGRAM, machine_requester
from xinshu.disclosure.tickets import digest_of, is_batch, own_ticket, references_of
from xinshu.kernel.clock import shanghai_date
from xinshu.security.crypto import sm3
from xinshu.security.domain import Actor

LIFE = timedelta(minutes=5)
FORM = "card"
_TOKEN_BYTES = 32
_LONGEST_VIEWER = 60
_LOCAL = frozenset({"localhost", "127.0.0.1"})


@dataclass(frozen=True, slots=True)
class Made:
    """A card to be; without `token` its query waits for an approval."""

    number: str
    state: State
    token: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A card as it is shown. `mark`: the number of this copy; `origins`: the web addresses whose pages may frame it."""

    result: Result
    ticket: Ticket
    viewer: str
    mark: str
    origins: tuple[str, ...]


def origins_of(text: str) -> tuple[str, ...]:
    """Web addresses by blanks, in the one form a frame-ancestors list takes. Raises OriginInvalid.

    https only, but for the machine itself; nothing behind the port: a path, a wildcard or a sign of the header is refused.
    """
    return tuple(dict.fromkeys(map(_origin, text.split())))


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise OriginInvalid(text[:60]) from None
    found = f"{parts.scheme}://{host}{'' if port is None else f':{port}'}"
    plain = host.isascii() and all(each.isalnum() or each in ".-" for each in host)
    if not host or not plain or found != text.lower() or not (parts.scheme == "https" or _is_local(parts.scheme, host)):
        raise OriginInvalid(text[:60])
    return found


def _is_local(scheme: str, host: str) -> bool:
    return scheme == "http" and host in _LOCAL


def register_card(gate: Gate, actor: Actor, request: Request, viewer: str, now: datetime) -> Made:
    """Register a query about one subject and make its card, or have it wait for its approval.

    Args:
        viewer: who will look, as the system knows him (name or number); stands on the card and in the trail.
    Raises:
        CardShut, Incomplete (no viewer), and what `asking.query` raises.
    """
    with auditing.refusals_recorded(actor, auditing.QUERY, now, purpose=request.purpose), transaction.atomic():
        if not viewer.strip() or len(viewer) > _LONGEST_VIEWER or not viewer.isprintable():
            raise Incomplete("请写明由谁查看卡片")
        judged = judge(gate, actor, request, now)
        if len(judged.subjects) > 1 or judged.purpose.sealed:
            raise CardShut
        _system_of(actor)
        seen_by = replace(actor, name=f"{actor.name}（{viewer.strip()}）")
        registered = register(gate, seen_by, judged, now)
        if registered.state is State.WAITING:
            return Made(registered.number, State.WAITING)
        Ticket.objects.filter(number=registered.number).update(expires_at=now + LIFE)  # nobody else may take it up
        return _made(actor, registered.number, now)


def card_of(gate: Gate, actor: Actor, number: str, now: datetime) -> Made:
    """The card of a query that has been approved. Raises NotRegistered, NotApproved, AlreadyDecided, CardShut."""
    with auditing.refusals_recorded(actor, auditing.QUERY, now, ticket=number), transaction.atomic():
        ticket = own_ticket(number, actor, lock=True)
        if ticket.state == State.WAITING:
            raise NotApproved
        if ticket.state != State.READY:
            raise AlreadyDecided
        if is_batch(ticket) or gate.purpose(ticket.purpose, shanghai_date(now)).sealed:
            raise CardShut
        return _made(actor, number, now)


def framers_of(token: str) -> tuple[str, ...]:
    """The web addresses whose pages may frame whatever is said about a link, a refusal too; none for an unknown one."""
    card = Card.objects.select_related("system").filter(token=_digest(token), system__active=True).first()
    return () if card is None else origins_of(card.system.origins)


def show_card(gate: Gate, token: str, stranger: Actor, framer: str, now: datetime) -> Shown:
    """What a card shows, once; the disclosure happens here.

    Args:
        stranger: whoever calls, known by his address only.
        framer: origin of the page that frames it, as the browser says.
    Raises:
        LinkUnknown: used, out of time, of a system shut out, unknown: all the same answer.
        CardShut: framed by a page of another address: a link that turned up elsewhere is good no more.
        EditedAfterApproval: the query was changed after the card was made. What `asking.carry_out` raises.
        After any of these the card is used up.
    """
    card = Card.objects.select_related("system", "ticket").filter(token=_digest(token)).first()
    actor = None if card is None else machine_requester(f"{PROGRAM}{card.system.code}")
    if card is None or actor is None:
        with auditing.refusals_recorded(stranger, auditing.QUERY, now):
            raise LinkUnknown
    viewer = replace(actor, name=card.ticket.requester_name, address=stranger.address, trace=card.ticket.trace)
    with auditing.refusals_recorded(viewer, auditing.QUERY, now, ticket=card.ticket.number):
        _use_up(card, now)
        if framer not in origins_of(card.system.origins):
            raise CardShut("这个页面不在系统登记的网址内")
    with transaction.atomic():
        answer = carry_out(gate, viewer, card.ticket.number, now)
        if answer.result is None:
            raise AlreadyDecided
        mark = note_copy(card.ticket, FORM, viewer, now, b"")
    return Shown(answer.result, card.ticket, viewer.name, mark, origins_of(card.system.origins))


def _use_up(card: Card, now: datetime) -> None:
    """Mark a card as used, whatever comes of it. Raises LinkUnknown, EditedAfterApproval."""
    with transaction.atomic():
        fresh = Card.objects.select_for_update().get(token=card.token)
        if fresh.used_at is not None or now >= fresh.expires_at:
            raise LinkUnknown
        fresh.used_at = now
        fresh.save(update_fields=["used_at"])
    if digest_of(card.ticket, references_of(card.ticket)) != fresh.digest:
        raise EditedAfterApproval


def _made(actor: Actor, number: str, now: datetime) -> Made:
    token, until = secrets.token_urlsafe(_TOKEN_BYTES), now + LIFE
    ticket = Ticket.objects.get(number=number)
    Card.objects.create(
        token=_digest(token),
        system=_system_of(actor),
        ticket=ticket,
        digest=digest_of(ticket, references_of(ticket)),
        made_at=now,
        expires_at=until,
    )
    return Made(number, State.READY, token, until)


def _system_of(actor: Actor) -> System:
    """The caller's system. Raises CardShut where no page of it may frame anything."""
    found = System.objects.filter(code=actor.id.removeprefix(PROGRAM), active=True).first()
    if found is None or not found.origins:
        raise CardShut("没有登记可嵌入的网址")
    return found


def _digest(token: str) -> str:
    return sm3(token.encode()).hex()
