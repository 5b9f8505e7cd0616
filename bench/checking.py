"""Checking a 25-column penalty file: against Polars reading it, and against the same rules in pandera."""

from __future__ import annotations

from statistics import median

import polars as pl

from bench.lines import Line
from bench.pandera_rules import bad_rows
from bench.store import AS_OF, Store, say, timed
from xinshu.collection.reader import ReadJob, check_context, read_checked

_TURNS = 2  # rounds for each one asked for: a round is short, and times differ much


def run(store: Store, rounds: int) -> list[Line]:
    """Every finding of every row with its message, by turns with reading alone and with pandera."""
    file = store.file(store.rows)
    job = ReadJob(
        file,
        store.item,
        store.desk.reference,
        AS_OF,
        store.limits,
        store.settings.reader_memory_bytes,
        600,
        store.source,
    )
    context = check_context(job, file.name)
    _agreement(job)  # also starts the process that readers are forked from
    contenders = {
        "ours": lambda: list(read_checked(job)),
        "reading": lambda: pl.read_csv(file, infer_schema=False, truncate_ragged_lines=True),
        "pandera": lambda: bad_rows(file, store.item, context),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for number in range(rounds * _TURNS):
        say(f"checking, round {number + 1}")
        for name in order:
            seconds[name].append(timed(contenders[name]))
        order.append(order.pop(0))  # what one leaves behind (memory, caches) must not always meet the same one
    ours, reading, pandera = seconds.values()
    speed = store.rows / median(ours)
    return [
        Line("check", speed, "r/s", "Polars reading all text", store.rows / median(reading), 0.6),
        Line("check", speed, "r/s", "the same rules in pandera, reading included", store.rows / median(pandera), 0.85),
    ]


def _agreement(job: ReadJob) -> None:
    """Say how far both find the same rows; a peer that finds far fewer would be no peer."""
    mine: set[int] = set()
    for part in read_checked(job):
        mine.update(part.findings["row"].to_list() if part.findings.height else ())
    failures = bad_rows(job.path, job.item, check_context(job, job.path.name))
    theirs = set(failures["row"].to_list())
    either = len(mine | theirs) or 1
    say(
        f"rows with a finding: ours {len(mine):,}, pandera {len(theirs):,}, both {len(mine & theirs):,}"
        f" ({len(mine & theirs) / either:.1%}); only ours {len(mine - theirs):,}, only pandera {len(theirs - mine):,}"
    )
