"""`/api/v1/batches`: hand a file in, ask what became of it. A key sees its own organisation's batches only."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import FileResponse, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from xinshu.collection.channels.errors import BatchUnknown, FileMissing
from xinshu.collection.channels.handing_in import Delivery, hand_in, require_item
from xinshu.collection.channels.receipts import batch_receipt, receipt
from xinshu.collection.channels.uploads import take_upload
from xinshu.collection.channels.workfolder import work_folder
from xinshu.collection.queries import findings_path
from xinshu.collection.results import Batch, batch_of, batches_of, last_hand_in
from xinshu.collection.services import Desk
from xinshu.gateway.problems import IdempotencyKeyInvalid, KeyMissing, PageInvalid, WrongMethod, told
from xinshu.security.domain import KeyFacts
from xinshu.security.routes import requires_key
from xinshu.security.services import use_api_key

OpenDesk = Callable[[], Desk]
_View = Callable[..., HttpResponseBase]

_PAGE = 50
_LARGEST_PAGE = 100


def with_key(*methods: str) -> Callable[[_View], _View]:
    """Only these methods, only with a key in force; the view is given the key."""

    def decorate(view: _View) -> _View:
        @requires_key
        @told
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
            key = use_api_key(secret.strip(), timezone.now()) if scheme.lower() == "bearer" else None
            if key is None:
                raise KeyMissing
            if request.method not in methods:
                raise WrongMethod("、".join(methods))
            return view(request, key, *args, **kwargs)

        guarded.methods = methods  # type: ignore[attr-defined]  # told to the document (openapi.py)
        return guarded

    return decorate


@with_key("GET", "POST")
def batches(request: HttpRequest, key: KeyFacts, open_desk: OpenDesk) -> JsonResponse:
    """POST hands a file in (202 and its receipt); GET lists the organisation's batches, the newest first."""
    return _take(request, key, open_desk()) if request.method == "POST" else _list(request, key, open_desk())


@with_key("GET")
def batch(request: HttpRequest, key: KeyFacts, open_desk: OpenDesk, label: str) -> JsonResponse:
    """GET: the receipt of a batch as it stands."""
    del request
    return _json(_receipt(_own(label, key), open_desk()))


@with_key("GET")
def findings(request: HttpRequest, key: KeyFacts, open_desk: OpenDesk, label: str) -> FileResponse:
    """GET: the findings file (CSV)."""
    del request
    path = findings_path(open_desk().settings.home, _own(label, key))
    if not path.exists():
        raise BatchUnknown
    answer = FileResponse(path.open("rb"), as_attachment=True, filename=path.name, content_type="text/csv")
    answer["Cache-Control"] = "no-store"
    return answer


def _take(request: HttpRequest, key: KeyFacts, desk: Desk) -> JsonResponse:
    idempotency_key = request.headers.get("Idempotency-Key", "")
    if len(idempotency_key) > 200 or (
        idempotency_key and not (idempotency_key.isascii() and idempotency_key.isprintable())
    ):
        raise IdempotencyKeyInvalid
    with work_folder(desk.settings.home) as folder:
        file = take_upload(request, folder, desk.settings.web_max_bytes)
        item = str(request.POST.get("item", ""))
        require_item(desk, item)
        if file is None or not file.name:
            raise FileMissing
        found = hand_in(
            desk,
            file,  # type: ignore[arg-type]
            Delivery(
                channel="http",
                source=key.organisation,
                item=item,
                name=file.name,
                received_at=timezone.now(),
                sender=key.id,
                idempotency_key=idempotency_key,
                confirmed=request.POST.get("confirmed") == "true",
            ),
            max_bytes=desk.settings.web_max_bytes,
        )
    answer = _json(receipt(found, desk.settings.home), status=202)
    answer["Location"] = f"/api/v1/batches/{found.batch.label}"
    return answer


def _list(request: HttpRequest, key: KeyFacts, desk: Desk) -> JsonResponse:
    """`cursor` is the number of the last batch seen."""
    limit, cursor = request.GET.get("limit", str(_PAGE)), request.GET.get("cursor", "")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= _LARGEST_PAGE):
        raise PageInvalid
    found = batches_of(key.organisation)
    if cursor:
        last = batch_of(cursor, key.organisation)
        if last is None:
            raise PageInvalid
        found = found.filter(id__lt=last.id)
    shown = list(found[: int(limit) + 1])
    more = len(shown) > int(limit)
    shown = shown[: int(limit)]
    return _json({"batches": [_receipt(each, desk) for each in shown], "next": shown[-1].label if more else None})


def _own(label: str, key: KeyFacts) -> Batch:
    found = batch_of(label, key.organisation)
    if found is None:
        raise BatchUnknown
    return found


def _receipt(found: Batch, desk: Desk) -> dict[str, object]:
    latest = last_hand_in(found)
    return batch_receipt(found, desk.settings.home) if latest is None else receipt(latest, desk.settings.home)


def _json(body: dict[str, object], status: int = 200) -> JsonResponse:
    answer = JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    answer["Cache-Control"] = "no-store"
    return answer
