"""A batch: its progress while it is loaded, then what became of every row, and the files to take away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.rulebook import rule as rule_of
from xinshu.collection.annotation import annotate
from xinshu.collection.channels.errors import NothingInDoubt
from xinshu.collection.channels.handing_in import confirm_doubts
from xinshu.collection.channels.loading import unsealed
from xinshu.collection.channels.receipts import CHANNEL_WORDS, came_before
from xinshu.collection.channels.workfolder import work_folder
from xinshu.collection.queries import findings_path
from xinshu.collection.results import (
    Batch,
    Filter,
    HandIn,
    Level,
    StoredFinding,
    Totals,
    ahead_of,
    batch_of,
    confirmation_of,
    fields_of,
    file_findings,
    findings_of,
    last_hand_in,
    problems_of,
    row_titles,
    totals_of,
)
from xinshu.collection.services import Desk
from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import Role
from xinshu.security.routes import passive, requires_role
from xinshu.web.console.desk import OpenDesk, organisation_of, page, progress_of

_PER_PAGE = 20
_LEVELS: tuple[str, ...] = get_args(Level)
_SHORT = 64  # longest word taken from the address


@requires_role(Role.REPORTER)
@require_safe
def batch(request: HttpRequest, open_desk: OpenDesk, label: str) -> HttpResponse:
    """`/c/submit/{label}`: the batch of the caller's organisation; 404 for another's as for none."""
    desk = open_desk()
    found = _own(request, label)
    item, latest = desk.catalogue.get(found.item), last_hand_in(found)
    context: dict[str, Any] = {
        "batch": found,
        "item": item,
        "title": found.item if item is None else item.title,
        "hand_in": latest,
        "channel": CHANNEL_WORDS["" if latest is None else latest.channel],
        "repeated": latest is not None and came_before(latest),
        "file_notes": file_findings(found, desk.settings.home),
    }
    if found.state == "loaded":
        return page(request, desk, "batch_loaded", context | _loaded(request, desk, found, item))
    if latest is not None and latest.finished_at is None:
        return page(request, desk, "batch_open", context | _waiting(latest, desk))
    reasons = [each for each in context["file_notes"] if each["level"] != "warning"]
    return page(request, desk, "batch_refused", context | {"reasons": reasons})


@requires_role(Role.REPORTER)
@require_POST
def confirm(request: HttpRequest, open_desk: OpenDesk, label: str) -> HttpResponse:
    """`/c/submit/{label}/confirm`: what is in doubt is right; leads to the batch in which it is loaded."""
    desk, found = open_desk(), _own(request, label)
    try:
        made = confirm_doubts(desk, found, sender=str(request.user.pk), now=timezone.now())
    except NothingInDoubt:
        return HttpResponseRedirect(reverse("console-batch", args=[label]), status=303)
    return HttpResponseRedirect(reverse("console-batch", args=[made.batch.label]), status=303)


@passive
@requires_role(Role.REPORTER)
@require_safe
def progress(request: HttpRequest, open_desk: OpenDesk, label: str) -> HttpResponse:
    """`/c/submit/{label}/progress`: the progress alone; once the job has ended the page is asked to load anew."""
    latest = last_hand_in(_own(request, label))
    if latest is None or latest.finished_at is not None:
        answer = HttpResponse()
        answer["HX-Refresh"] = "true"
        return answer
    answer = render(request, "console/_progress.html", {**_waiting(latest, open_desk()), "polled": True})
    answer["Cache-Control"] = "no-store"
    return answer


@requires_role(Role.REPORTER)
@require_safe
def findings_file(request: HttpRequest, open_desk: OpenDesk, label: str) -> HttpResponseBase:
    """`/c/submit/{label}/findings.csv`: every finding of the batch."""
    found = _own(request, label)
    path = findings_path(open_desk().settings.home, found)
    if not path.exists():
        raise Http404
    return _attached(path, f"问题清单 {found.label}.csv")


@requires_role(Role.REPORTER)
@require_safe
def annotated(request: HttpRequest, open_desk: OpenDesk, label: str) -> HttpResponseBase:
    """`/c/submit/{label}/annotated.xlsx`: the file as it came, its bad cells marked. Made anew each time, kept nowhere."""
    desk = open_desk()
    found = _own(request, label)
    item = desk.catalogue.get(found.item)
    if item is None or found.state != "loaded":
        raise Http404
    with work_folder(desk.settings.home) as folder:
        source, target = unsealed(desk, found, folder), folder / "annotated.xlsx"
        try:
            annotate(
                source,
                findings_path(desk.settings.home, found),
                target,
                item=item,
                settings=desk.settings,
                name=found.file,
            )
        except XinshuError as problem:
            return page(request, desk, "not_annotated", {"batch": found, "problem": problem}, status=422)
        return _attached(target, f"带批注的原表 {Path(found.file).stem}.xlsx")


def _own(request: HttpRequest, label: str) -> Batch:
    found = batch_of(label, organisation_of(request))
    if found is None:
        raise Http404
    return found


def _attached(path: Path, name: str) -> FileResponse:
    answer = FileResponse(path.open("rb"), as_attachment=True, filename=name)
    answer["Cache-Control"] = "no-store"
    return answer


def _waiting(latest: HandIn, desk: Desk) -> dict[str, Any]:
    return {"job": progress_of(latest, desk, timezone.now()), "ahead": ahead_of(latest), "label": latest.batch.label}


@dataclass(frozen=True, slots=True)
class _Problem:
    """One kind of problem: a link that leaves only its findings."""

    rule: str
    name: str
    level: str
    count: int
    per_cent: float
    query: str
    current: bool


@dataclass(frozen=True, slots=True)
class _Row:
    """The findings of one row, which is named once."""

    number: int
    subject: str
    document_no: str
    findings: list[StoredFinding]


def _loaded(request: HttpRequest, desk: Desk, found: Batch, item: CatalogueItem | None) -> dict[str, Any]:
    chosen = _chosen(request)
    totals = totals_of(found)
    pages = Paginator(findings_of(found, chosen), _PER_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    all_problems = problems_of(found)
    return {
        "totals": totals,
        "shares": _shares(totals),
        "rate": totals.accepted / totals.rows if totals.rows else None,
        "held": totals.rows - totals.accepted,
        "confirmation": None if found.confirmed else confirmation_of(found),
        "chosen": chosen,
        "problems": list(_problems(all_problems, chosen)),
        "all_query": _query(Filter(level=chosen.level, field=chosen.field)),
        "all_count": sum(each.count for each in all_problems if _level_fits(each.level, chosen)),
        "warnings": sum(each.count for each in all_problems if each.level == "warning"),
        "fields": fields_of(found),
        "rows": _rows(list(shown), desk, found, item),
        "pages": shown,
        "page_numbers": pages.get_elided_page_range(shown.number, on_each_side=2, on_ends=1),
        "query": _query(chosen),
    }


def _chosen(request: HttpRequest) -> Filter:
    level = request.GET.get("level", "")
    return Filter(
        rule=request.GET.get("problem", "")[:_SHORT].replace("\0", ""),
        field=request.GET.get("field", "")[:_SHORT].replace("\0", ""),
        level=level if level in _LEVELS else "",  # type: ignore[arg-type]
    )


def _query(chosen: Filter) -> str:
    words = {"problem": chosen.rule, "field": chosen.field, "level": chosen.level}
    return urlencode({key: value for key, value in words.items() if value})


def _level_fits(level: str, chosen: Filter) -> bool:
    return level == chosen.level if chosen.level else level != "warning"


def _problems(tallies: list[Any], chosen: Filter) -> Iterator[_Problem]:
    fitting = [each for each in tallies if _level_fits(each.level, chosen)]
    whole = sum(each.count for each in fitting) or 1
    for each in fitting:
        current = each.rule == chosen.rule
        query = _query(Filter(rule=each.rule, level=chosen.level))
        share = 100 * each.count / whole
        yield _Problem(each.rule, rule_of(each.rule).name, each.level, each.count, share, query, current)


def _rows(findings: list[StoredFinding], desk: Desk, found: Batch, item: CatalogueItem | None) -> list[_Row]:
    numbers = {each.row_no for each in findings}
    titles = {} if item is None else row_titles(found, numbers, item=item, vault=desk.vault)
    rows = []
    for number, group in groupby(findings, key=lambda each: each.row_no):
        title = titles.get(number)
        subject, document = ("", "") if title is None else (title.subject, title.document_no)
        rows.append(_Row(number, subject, document, list(group)))
    return rows


def _shares(totals: Totals) -> list[dict[str, Any]]:
    """The proportional bar: (class, start, width) in per cent; a part with rows is never too thin to see."""
    parts = [
        ("ok", totals.accepted),
        ("bad", totals.errors),
        ("doubt", totals.doubts),
        ("same", totals.duplicates),
    ]
    wide = {name: max(100 * count / totals.rows, 0.5) for name, count in parts if count} if totals.rows else {}
    factor = 100 / sum(wide.values()) if wide else 1
    start, bars = 0.0, []
    for name, width in wide.items():
        bars.append({"name": name, "x": f"{start:.3f}", "width": f"{width * factor:.3f}"})
        start += width * factor
    return bars
