"""Work of the task worker (named in the settings; procrastinate imports it)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ParamSpec
from uuid import UUID

import structlog
from django.db import close_old_connections
from procrastinate.contrib.django import app

from xinshu.bootstrap.audit import QUEUE, check_whole_record, collect_ended, purge_record, seal_record
from xinshu.bootstrap.desk import bring_up_to_date, open_desk
from xinshu.bootstrap.sealed import continue_rotation, count_all
from xinshu.collection.channels.inbox import scan_inbox
from xinshu.collection.channels.loading import ask_for_unfinished, load_hand_in
from xinshu.collection.services import Desk
from xinshu.collection.tasks import LOAD, SCAN, ask_to_scan
from xinshu.disclosure import batches as query_batches
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.tasks import RUN
from xinshu.disclosure.upkeep import sweep
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.logs import new_trace
from xinshu.ops.evidence import Collected
from xinshu.project.environment import read_settings
from xinshu.security.identity.accounts import disable_idle
from xinshu.security.rotation.progress import Phase
from xinshu.security.rotation.tasks import ROTATE, ask_to_continue

_P = ParamSpec("_P")
_log = structlog.get_logger(__name__)
_ROTATION_SECONDS = 60.0  # of a worker at a time


def _own_trace(work: Callable[_P, None]) -> Callable[_P, None]:
    """Each task under its own trace number, with connections that are not worn out."""

    @functools.wraps(work)
    def traced(*args: _P.args, **kwargs: _P.kwargs) -> None:
        new_trace()
        close_old_connections()
        try:
            work(*args, **kwargs)
        finally:
            close_old_connections()

    return traced


@functools.cache
def _desk() -> Desk:
    return open_desk(read_settings())


@functools.cache
def _gate() -> Gate:
    return Gate.open(read_settings())


@app.periodic(cron="5 16 * * *")  # by UTC: five past midnight in Shanghai
@app.task(name="xinshu.bring_up_to_date", queueing_lock="xinshu.bring_up_to_date")
@_own_trace
def bring_up_to_date_daily(timestamp: int) -> None:
    """Publicity by the rules of the new day. `timestamp`: when it was due; the rules are asked about that day or later."""
    day = shanghai_date(max(datetime.fromtimestamp(timestamp, UTC), datetime.now(UTC)))
    _log.info("rejudged", day=day.isoformat(), changed=bring_up_to_date(read_settings(), day))


@app.task(name=LOAD)
@_own_trace
def load_one(hand_in: str) -> None:
    """Load a file that was handed in; those of the watched folder are put away soon after."""
    load_hand_in(_desk(), UUID(hand_in))
    ask_to_scan()


@app.periodic(cron="* * * * *")
@app.task(name=SCAN, queueing_lock=SCAN)
@_own_trace
def scan(timestamp: int) -> None:
    """Look through the watched folder. `timestamp`: when it was due; a late pass looks at what is there now."""
    del timestamp
    found = scan_inbox(_desk(), datetime.now(UTC))
    if found.taken or found.done or found.refused:
        _log.info("inbox", taken=found.taken, done=found.done, refused=found.refused)


@app.periodic(cron="* * * * *")
@app.task(name="xinshu.ask_for_unfinished", queueing_lock="xinshu.ask_for_unfinished")
@_own_trace
def ask_again(timestamp: int) -> None:
    """Jobs lost with their worker are asked for anew. `timestamp`: when it was due."""
    del timestamp
    ask_for_unfinished(datetime.now(UTC))


@app.periodic(cron="*/10 * * * *")
@app.task(name=ROTATE, queueing_lock=ROTATE, lock=ROTATE)
@_own_trace
def rotate_on(timestamp: int) -> None:
    """Move what is on old keys for a while, then let others work. `timestamp`: when it was due."""
    del timestamp
    found = continue_rotation(read_settings(), seconds=_ROTATION_SECONDS)
    if found.phase is Phase.MOVING and found.left:
        ask_to_continue()


@app.task(name=RUN)
@_own_trace
def run_query_batch(ticket: str) -> None:
    """Carry out an approved batch query."""
    query_batches.run_batch(_gate(), UUID(ticket), datetime.now(UTC))


@app.periodic(cron="*/5 * * * *")
@app.task(name="xinshu.sweep_disclosure", queueing_lock="xinshu.sweep_disclosure")
@_own_trace
def sweep_disclosure(timestamp: int) -> None:
    """Files, reminders and consents whose time has come; batches whose job was lost. `timestamp`: when it was due."""
    del timestamp
    now = datetime.now(UTC)
    query_batches.ask_for_unfinished(now)
    found = sweep(_gate(), now)
    if found.files or found.reminders:
        _log.info("disclosure swept", files=found.files, reminders=found.reminders)


@app.periodic(cron="* * * * *")
@app.task(name="xinshu.seal_audit", queueing_lock="xinshu.seal_audit", queue=QUEUE)
@_own_trace
def seal_audit(timestamp: int) -> None:
    """Seal and anchor the audit record. `timestamp`: when it was due; what is recorded by now is sealed."""
    del timestamp
    done = seal_record(read_settings(), datetime.now(UTC))
    if done is not None and done.rows:
        _log.info("audit sealed", rows=done.rows, blocks=done.blocks, anchored=done.anchored)


@app.periodic(cron="40 18 * * *")  # by UTC: at night in Shanghai
@app.task(name="xinshu.tend_audit", queueing_lock="xinshu.tend_audit", queue=QUEUE)
@_own_trace
def tend_audit(timestamp: int) -> None:
    """Look for entries that were left out, check everything, and purge what is too old. `timestamp`: when it was due."""
    del timestamp
    now = datetime.now(UTC)
    seal_record(read_settings(), now, thorough=True)
    if not check_whole_record(read_settings(), now).ok:
        return  # nothing goes while something is wrong
    gone = purge_record(read_settings(), now)
    if gone is not None:
        _log.info("audit purged", first_block=gone.first_block, last_block=gone.last_block, rows=gone.rows)


@app.periodic(cron="0 20 1 1,4,7,10 *")  # by UTC: early on the second day of a quarter in Shanghai
@app.task(name="xinshu.audit_quarter", queueing_lock="xinshu.audit_quarter")
@_own_trace
def audit_quarter(timestamp: int) -> None:
    """Evidence of the quarter that ended. `timestamp`: when it was due; a late pass is about the same quarter."""
    _tell_evidence(collect_ended(read_settings(), "quarter", datetime.fromtimestamp(timestamp, UTC)))


@app.periodic(cron="0 20 5 1 *")  # by UTC: early on the sixth of January in Shanghai
@app.task(name="xinshu.audit_year", queueing_lock="xinshu.audit_year")
@_own_trace
def audit_year(timestamp: int) -> None:
    """Evidence of the year that ended. `timestamp`: when it was due."""
    _tell_evidence(collect_ended(read_settings(), "year", datetime.fromtimestamp(timestamp, UTC)))


def _tell_evidence(made: Collected | None) -> None:
    if made is not None:
        _log.info("audit evidence", period=made.period, open=made.open, failed=made.failed, ok=made.ok)


@app.periodic(cron="20 17 * * *")  # by UTC: twenty past one at night in Shanghai
@app.task(name="xinshu.count_keys", queueing_lock="xinshu.count_keys")
@_own_trace
def count_keys_daily(timestamp: int) -> None:
    """How much is on each key, for the page of keys. `timestamp`: when it was due."""
    del timestamp
    count_all(read_settings())


@app.periodic(cron="50 16 * * *")  # by UTC: ten to one at night in Shanghai
@app.task(name="xinshu.disable_idle", queueing_lock="xinshu.disable_idle")
@_own_trace
def disable_idle_daily(timestamp: int) -> None:
    """Accounts nobody signed in with for too long. `timestamp`: when it was due."""
    del timestamp
    gone = disable_idle(datetime.now(UTC))
    if gone:
        _log.info("idle accounts disabled", count=len(gone))
