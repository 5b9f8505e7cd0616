"""Asking the task worker to go on with a rotation. The task itself is wired in `bootstrap.tasks`."""

from __future__ import annotations

import contextlib

from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

ROTATE = "xinshu.continue_rotation"


def ask_to_continue() -> None:
    """Have what is on old keys moved soon; asked for already and not begun, it stays at that."""
    with contextlib.suppress(AlreadyEnqueued):
        configure_task(name=ROTATE, job_manager=JobManager(DjangoConnector()), queueing_lock=ROTATE, lock=ROTATE).defer(
            timestamp=0
        )
