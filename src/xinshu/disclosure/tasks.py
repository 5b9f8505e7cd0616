"""What the task worker is asked to do; the tasks themselves are wired in `bootstrap.tasks`, which knows the gate."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

RUN = "xinshu.run_query_batch"


def ask_to_run(ticket: UUID, *, after: timedelta = timedelta(0)) -> None:
    """Have a batch query carried out; part of the transaction under way."""
    job = configure_task(
        name=RUN,
        job_manager=JobManager(DjangoConnector()),
        queueing_lock=f"{RUN}:{ticket}",
        schedule_in={"seconds": int(after.total_seconds())} if after else None,
    )
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        job.defer(ticket=str(ticket))
