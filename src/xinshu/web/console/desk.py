"""What every page of the console has: who is asking, for which organisation, and the jobs in the tray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from xinshu.collection.channels.receipts import STATE_WORDS
from xinshu.collection.results import HandIn, hand_ins_of
from xinshu.collection.services import Desk

OpenDesk = Callable[[], Desk]

_KEPT = timedelta(days=30)
_SHOWN = 8
_ESTIMATE_FROM = 0.1  # share done from which a guess is worth something


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a hand-in has come, in words. `quarter`: the last of 0, 25, 50, 75, 100 per cent that was passed."""

    batch: str
    file: str
    title: str
    state: str
    state_text: str
    step: str
    per_cent: int
    rows: int
    expected: int | None
    elapsed: int
    left: int | None
    open: bool

    @property
    def quarter(self) -> int:
        """For the announcement to screen readers."""
        return self.per_cent // 25 * 25


def progress_of(found: HandIn, desk: Desk, now: datetime) -> Progress:
    """The progress of a hand-in at a moment; the total and the time left are estimates, from 10 per cent on."""
    running = found.finished_at is None
    elapsed = ((found.finished_at or now) - (found.started_at or found.received_at)).total_seconds()
    guess = running and found.share >= _ESTIMATE_FROM
    item = desk.catalogue.get(found.batch.item)
    return Progress(
        found.batch.label,
        found.batch.file,
        found.batch.item if item is None else item.title,
        found.state,
        STATE_WORDS[found.state],
        found.step,
        int(found.share * 100),
        found.rows,
        int(found.rows / found.share) if guess and found.rows else None,
        max(0, int(elapsed)),
        int(elapsed / found.share - elapsed) if guess else None,
        running,
    )


def organisation_of(request: HttpRequest) -> str:
    """USCC of the organisation whose data the caller hands in; a reporter always has one."""
    return str(getattr(request.user, "organisation_id", None) or "")


def tray_of(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    """The tray: the organisation's jobs that are under way, and those that ended in the last 30 days."""
    now = timezone.now()
    jobs = [progress_of(each, desk, now) for each in hand_ins_of(organisation_of(request), now - _KEPT, _SHOWN)]
    return {"jobs": jobs, "open_jobs": sum(each.open for each in jobs)}


def page(request: HttpRequest, desk: Desk, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of the console; never kept by a cache."""
    answer = render(request, f"console/{name}.html", {"tray": tray_of(request, desk), **context}, status=status)
    answer["Cache-Control"] = "no-store"
    return answer
