"""Handing in: the form, the organisation's batches, the tray."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from xinshu.catalogue.template import write_template
from xinshu.collection.channels.errors import FileMissing
from xinshu.collection.channels.handing_in import Delivery, hand_in, require_item
from xinshu.collection.channels.receipts import CHANNEL_WORDS
from xinshu.collection.channels.uploads import take_upload
from xinshu.collection.channels.workfolder import work_folder
from xinshu.collection.results import Batch, batches_of
from xinshu.collection.services import Desk
from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import Role
from xinshu.security.identity.requests import actor_of
from xinshu.security.routes import passive, requires_role, requires_sign_in
from xinshu.web.console.desk import OpenDesk, organisation_of, page, tray_of
from xinshu.web.console.templatetags.menu import home_of

_PER_PAGE = 20
_BATCH_WORDS = {"received": "未完成", "loaded": "已处理", "refused": "整份退回"}
_FIELD_OF = {"channel.item_missing": "item"}  # every other refusal is about the file


@requires_sign_in
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """`/c`: work begins at the page of one's post, a reporter's at the form."""
    return redirect(home_of(actor_of(request).roles))


@requires_role(Role.REPORTER)
@csrf_exempt  # checked inside, after the caller is known: the check reads the body, files and all
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, open_desk: OpenDesk) -> HttpResponse:
    """`/c/submit`: the form and the batches; POST takes a file in and leads to its batch."""
    desk = open_desk()
    if request.method != "POST":
        return _form(request, desk)
    with work_folder(desk.settings.home) as folder:
        try:
            file, problem = take_upload(request, folder, desk.settings.web_max_bytes), None
        except XinshuError as refused:
            file, problem = None, refused
        return _take(request, desk, file, problem)


@csrf_protect
def _take(
    request: HttpRequest, desk: Desk, file: UploadedFile[bytes] | None, problem: XinshuError | None
) -> HttpResponse:
    item = str(request.POST.get("item", ""))
    try:
        if problem is not None:
            raise problem
        require_item(desk, item)
        if file is None or not file.name:
            raise FileMissing
        found = hand_in(
            desk,
            file,  # type: ignore[arg-type]
            Delivery(
                channel="web",
                source=organisation_of(request),
                item=item,
                name=file.name,
                received_at=timezone.now(),
                sender=str(request.user.pk),
            ),
            max_bytes=desk.settings.web_max_bytes,
        )
    except XinshuError as refused:
        return _form(request, desk, chosen=item, problem=refused, status=422)
    return HttpResponseRedirect(reverse("console-batch", args=[found.batch.label]), status=303)


def _form(
    request: HttpRequest, desk: Desk, *, chosen: str = "", problem: XinshuError | None = None, status: int = 200
) -> HttpResponse:
    pages = Paginator(batches_of(organisation_of(request)), _PER_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    groups: dict[str, list[Any]] = {}
    for each in desk.catalogue.values():
        groups.setdefault(each.category or "其他", []).append(each)
    context = {
        "groups": groups,
        "chosen": chosen or request.GET.get("item", ""),
        "problem": problem,
        "problem_field": "" if problem is None else _FIELD_OF.get(problem.code, "file"),
        "max_bytes": desk.settings.web_max_bytes,
        "max_rows": desk.settings.web_max_rows,
        "batches": [_line(each, desk) for each in shown],
        "pages": shown,
        "page_numbers": pages.get_elided_page_range(shown.number, on_each_side=2, on_ends=1),
    }
    return page(request, desk, "submit", context, status)


def _line(batch: Batch, desk: Desk) -> dict[str, Any]:
    """One batch in the list."""
    latest = max(batch.hand_ins.all(), key=lambda each: each.received_at, default=None)
    item = desk.catalogue.get(batch.item)
    accepted = batch.new + batch.updated + batch.unchanged
    return {
        "batch": batch,
        "title": batch.item if item is None else item.title,
        "channel": CHANNEL_WORDS["" if latest is None else latest.channel],
        "state": "open" if batch.state == "received" and latest and latest.finished_at is None else batch.state,
        "state_text": _BATCH_WORDS[batch.state],
        "accepted": accepted,
        "held": batch.doubtful + batch.duplicates,
        "rate": accepted / batch.rows if batch.rows else None,
    }


@requires_role(Role.REPORTER)
@require_safe
def template(request: HttpRequest, open_desk: OpenDesk) -> HttpResponseBase:
    """`/c/submit/template?item=`: the form to fill for an item."""
    desk = open_desk()
    try:
        item = require_item(desk, request.GET.get("item", ""))
    except XinshuError as refused:
        return _form(request, desk, problem=refused, status=422)
    with work_folder(desk.settings.home) as folder:
        path = folder / "template.xlsx"
        write_template(item, path)
        return FileResponse(path.open("rb"), as_attachment=True, filename=f"{item.title}模板{item.version}.xlsx")


@passive
@requires_role(Role.REPORTER)
@require_safe
def tray(request: HttpRequest, open_desk: OpenDesk) -> HttpResponse:
    """`/c/tray`: the tray alone, for the page that is open."""
    answer = render(request, "console/_tray.html", {"tray": tray_of(request, open_desk()), "polled": True})
    answer["Cache-Control"] = "no-store"
    return answer


@requires_sign_in
@require_safe
def watermark(request: HttpRequest) -> HttpResponse:
    """`/c/watermark.svg`: who is looking and on which day, to lie faintly under the page."""
    answer = render(request, "console/watermark.svg", content_type="image/svg+xml")
    answer["Cache-Control"] = "private, max-age=600"
    return answer
