"""Taking a file from a channel: sealed away, its batch registered, its job asked for. What it holds is not looked at."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.db import transaction

from xinshu.catalogue.domain import CatalogueItem
from xinshu.collection.channels.errors import FileNameInvalid, FileTooLarge, ItemMissing, KeyReused, NothingInDoubt
from xinshu.collection.errors import UnknownSource
from xinshu.collection.models import Batch, HandIn
from xinshu.collection.rawfiles import FileChanged, keep_stream, stream_digest
from xinshu.collection.results import confirmation_of, last_hand_in, totals_of
from xinshu.collection.services import Desk, register_batch
from xinshu.collection.tasks import ask_to_load
from xinshu.kernel.ids import uuid7
from xinshu.security.queries import organisation

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a file came. `sender`: id of the user or number of the API key. `place`, `signature`: of a folder's file.
    `confirmed`: the supplier has confirmed what is in doubt in it."""

    channel: str
    source: str
    item: str
    name: str
    received_at: datetime
    sender: str = ""
    idempotency_key: str = ""
    place: str = ""
    signature: str = ""
    confirmed: bool = False


def hand_in(
    desk: Desk,
    stream: BinaryIO,
    delivery: Delivery,
    *,
    max_bytes: int,
    unchanged: Callable[[], bool] = lambda: True,
) -> HandIn:
    """Take a file in; when this returns it is stored and will be loaded, whatever happens to this process.

    Args:
        stream: at its beginning, and able to go back there.
        delivery: `source` is the USCC of the supplier, `item` an item code.
        max_bytes: the channel's limit.
        unchanged: asked after the file was read twice; False: somebody writes to it.
    Returns:
        The hand-in, waiting for its job; the earlier one for an idempotency key that came before with the same file.
    Raises:
        UnknownSource, ItemMissing, FileNameInvalid, FileTooLarge, FileChanged, KeyReused: nothing is registered.
    """
    item, name = require_item(desk, delivery.item), clean_name(delivery.name)
    if organisation(delivery.source) is None:
        raise UnknownSource(delivery.source)
    digest, size = stream_digest(stream, most=max_bytes)
    if size > max_bytes:
        raise FileTooLarge(max_bytes)
    earlier = _earlier(delivery, item, digest)
    if earlier is not None:
        return earlier
    stream.seek(0)
    keep_stream(stream, digest, desk.settings.home, desk.vault)
    if not unchanged():
        raise FileChanged
    return _queue(delivery, item, name, digest, size)


def confirm_doubts(desk: Desk, batch: Batch, *, sender: str, now: datetime) -> HandIn:
    """The supplier says that what is in doubt in a loaded batch is right: its file is taken once more, and doubts no
    longer keep rows back. What was loaded is unchanged by it, errors stay where they are.

    Args:
        sender: id of the user who says so; it stands in the hand-in.
    Returns:
        The hand-in of the batch that loads them; the earlier one when it was said before.
    Raises:
        NothingInDoubt: the batch has no such rows, or its item is no longer collected.
    """
    item = desk.catalogue.get(batch.item)
    if item is None or batch.state != "loaded" or batch.confirmed or not totals_of(batch).doubts:
        raise NothingInDoubt
    earlier = confirmation_of(batch)
    latest = None if earlier is None else last_hand_in(earlier)
    if latest is not None and latest.state in {"queued", "running", "done"}:
        return latest
    given = last_hand_in(batch)
    delivery = Delivery(
        channel="web",
        source=batch.supplier,
        item=batch.item,
        name=batch.file,
        received_at=now,
        sender=sender,
        confirmed=True,
    )
    return _queue(delivery, item, batch.file, batch.digest, 0 if given is None else given.size)


def _queue(delivery: Delivery, item: CatalogueItem, name: str, digest: str, size: int) -> HandIn:
    """Register batch and hand-in of a file that is kept, and ask for its job."""
    with transaction.atomic():
        batch = register_batch(name, item, delivery.source, digest, delivery.received_at, confirmed=delivery.confirmed)
        fresh = uuid7(delivery.received_at)
        made, new = HandIn.objects.get_or_create(
            **(_identity(delivery) or {"id": str(fresh)}),
            defaults={
                "id": fresh,
                "batch": batch,
                "channel": delivery.channel,
                "sender": delivery.sender,
                "idempotency_key": delivery.idempotency_key,
                "place": delivery.place,
                "signature": delivery.signature,
                "size": size,
                "received_at": delivery.received_at,
                "state": "queued",
                "step": "等待处理",
            },
        )
        if new:
            ask_to_load(made.id)
    return made if new else _same(made, item, digest, delivery)


def require_item(desk: Desk, item: str) -> CatalogueItem:
    """The item of that code. Raises ItemMissing."""
    found = desk.catalogue.get(item.strip())
    if found is None:
        raise ItemMissing(item)
    return found


def clean_name(name: str) -> str:
    """The last part of a file name in composed form. Raises FileNameInvalid."""
    last = unicodedata.normalize("NFC", name.replace("\\", "/")).rsplit("/", 1)[-1].strip()
    if not last or len(last) > _LONGEST_NAME or any(unicodedata.category(each) in {"Cc", "Cs"} for each in last):
        raise FileNameInvalid
    return last


def _identity(delivery: Delivery) -> dict[str, str]:
    """What finds an earlier hand-in of the same thing; empty where each time is a new one."""
    if delivery.idempotency_key:
        return {"sender": delivery.sender, "idempotency_key": delivery.idempotency_key}
    if delivery.place:
        return {"place": delivery.place, "signature": delivery.signature}
    return {}


def _earlier(delivery: Delivery, item: CatalogueItem, digest: str) -> HandIn | None:
    if not delivery.idempotency_key:
        return None
    found = HandIn.objects.select_related("batch").filter(**_identity(delivery)).first()
    return None if found is None else _same(found, item, digest, delivery)


def _same(found: HandIn, item: CatalogueItem, digest: str, delivery: Delivery) -> HandIn:
    batch = found.batch
    if (batch.item, batch.digest, batch.confirmed) != (item.item, digest, delivery.confirmed):
        raise KeyReused
    return found
