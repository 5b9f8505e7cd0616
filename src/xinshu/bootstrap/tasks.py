"""Periodic work of the task worker (named in the settings; procrastinate imports it)."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from procrastinate.contrib.django import app

from xinshu.bootstrap.desk import bring_up_to_date
from xinshu.kernel.clock import shanghai_date
from xinshu.project.environment import read_settings

_log = structlog.get_logger(__name__)


@app.periodic(cron="5 16 * * *")  # by UTC: five past midnight in Shanghai
@app.task(name="xinshu.bring_up_to_date", queueing_lock="xinshu.bring_up_to_date")
def bring_up_to_date_daily(timestamp: int) -> None:
    """Publicity by the rules of the new day. `timestamp`: when it was due; the rules are asked about that day or later."""
    day = shanghai_date(max(datetime.fromtimestamp(timestamp, UTC), datetime.now(UTC)))
    _log.info("rejudged", day=day.isoformat(), changed=bring_up_to_date(read_settings(), day))
