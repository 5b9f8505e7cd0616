"""What the task worker is asked to do. The tasks themselves are wired in `bootstrap.tasks`, which knows the desk."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from uuid import UUID

from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import JobDeferrer
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

LOAD = "xinshu.load_hand_in"
SCAN = "xinshu.scan_inbox"


def ask_to_load(hand_in: UUID, *, after: timedelta = timedelta(0)) -> None:
    """Have a file loaded; asked for already and not begun, it stays at that. Outside a transaction, or for a new id."""
    with contextlib.suppress(AlreadyEnqueued):
        _job(LOAD, f"{LOAD}:{hand_in}", after).defer(hand_in=str(hand_in))


def ask_to_scan() -> None:
    """Have the watched folder looked through soon."""
    with contextlib.suppress(AlreadyEnqueued):
        _job(SCAN, SCAN).defer(timestamp=0)


def _job(task: str, once: str, after: timedelta = timedelta(0)) -> JobDeferrer:
    """By Django's connection in every process, the worker's own threads too: part of the transaction under way."""
    return configure_task(
        name=task,
        job_manager=JobManager(DjangoConnector()),
        queueing_lock=once,
        schedule_in={"seconds": int(after.total_seconds())} if after else None,
    )
