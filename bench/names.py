"""The two name lines: matching a list of sloppy names, and name search against pg_trgm on the same table.

Names are those of the demo generator's world; whose name a sloppy line was is known, so recall and precision are counted.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median

import psycopg

from bench.lines import Line
from xinshu.bootstrap.installation import django_ready, migrate, open_installation
from xinshu.demo.generation import make_world
from xinshu.demo.registry import Registry
from xinshu.demo.sloppy import Sloppy, sloppy_names
from xinshu.kernel.embedded import locate
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.text import normalise_name
from xinshu.project.environment import read_settings

AS_OF = datetime(2026, 11, 22, 4, tzinfo=UTC)
STRANGERS = 0.3
QUERIES = 200
PEER_EVERY = 5  # pg_trgm is asked each fifth of them: two characters take it half a second
LENGTHS = (2, 3, 4, 5, 6, 0)  # characters of a fragment; 0 for the whole name
_BLOCK = 20_000
_TRGM = (
    "SELECT name FROM subjects_subjectname WHERE name_norm LIKE %s ORDER BY char_length(name_norm), name_norm LIMIT 20"
)


def run(names: int = 300_000, lines: int = 100_000) -> list[Line]:
    """All lines of this part, on an installation of its own in the state folder."""
    settings = read_settings()
    profile = open_profile("demo", settings.profiles_dir)
    django_ready()
    registry = make_world(profile, names, 1, AS_OF).registry
    sloppy = list(sloppy_names(registry, lines, strangers=STRANGERS, seed=2))
    with open_installation(settings):
        migrate()
        with psycopg.connect(locate(settings).conninfo(), autocommit=True) as connection:
            connection.execute("TRUNCATE subjects_subject, subjects_subjectname, subjects_merge CASCADE")
            _register(registry, names)
            return [*_resolving(registry, sloppy), *_searching(connection, registry)]


def _register(registry: Registry, names: int) -> None:
    from xinshu.kernel.database import bulk_transaction
    from xinshu.subjects.services import Registration, register

    print("  … registering", flush=True)
    with bulk_transaction() as bulk:
        for start in range(0, names, _BLOCK):
            register(
                bulk,
                [
                    Registration(
                        registry.codes[place],
                        registry.names[place],
                        normalise_name(registry.names[place]),
                        registry.status[place],
                        registry.counties[registry.county[place]][0],
                        AS_OF.date(),
                        registry.former[place],
                    )
                    for place in range(start, min(start + _BLOCK, names))
                ],
                now=AS_OF,
            )


def _resolving(registry: Registry, sloppy: Sequence[Sloppy]) -> list[Line]:
    """Reading the registry, making the index and answering every line, timed together."""
    from xinshu.subjects.matching import NameIndex, registry_rows
    from xinshu.subjects.resolution import Asked, resolve_list
    from xinshu.subjects.vocabulary import load_vocabulary

    print("  … resolving", flush=True)
    settings = read_settings()
    vocabulary = load_vocabulary(open_profile("demo", settings.profiles_dir))
    started = time.perf_counter()
    index = NameIndex(registry_rows(), vocabulary)
    asked = [Asked(each.text) for each in sloppy]
    answers = list(resolve_list(asked, index, processes=os.cpu_count() or 1))
    seconds = time.perf_counter() - started
    counts: Counter[str] = Counter()
    for each, answer in zip(sloppy, answers, strict=True):
        whose = "stranger" if each.subject < 0 else "known"
        best = answer.best
        right = best is not None and each.subject >= 0 and best.uscc == registry.codes[each.subject]
        counts[whose] += 1
        counts[f"{whose} {answer.decision}"] += 1
        counts[f"right {answer.decision}"] += right
        if whose == "known":
            counts[f"manner {each.manner}"] += 1
            counts[f"found {each.manner}"] += right
    for name in sorted(name[7:] for name in counts if name.startswith("manner ")):
        print(f"    {name:12} {counts[f'found {name}'] / counts[f'manner {name}']:.3f} of {counts[f'manner {name}']}")
    linked = counts["known linked"] + counts["stranger linked"]
    unlinked = counts["known"] - counts["known linked"]
    recall = counts["right suggested"] / max(unlinked, 1)
    return [
        Line("resolve, index included", len(sloppy) / seconds, "/s", "bar", 5_000, 1.0),
        Line("suggestion recall@1, lines not linked", recall, "", "bar", 0.97, 1.0),
        Line("precision of links", counts["right linked"] / max(linked, 1), "", "bar", 0.999, 1.0),
        Line(
            "strangers linked, per cent",
            max(100 * counts["stranger linked"] / max(counts["stranger"], 1), 1e-9),
            "%",
            "bar",
            0.1,
            1.0,
            higher_is_better=False,
        ),
    ]


def _searching(connection: psycopg.Connection, registry: Registry) -> list[Line]:
    """p95 of each kind of query, ours (the whole search with its ranking) and pg_trgm's by turns."""
    from django.db import connection as ours

    from xinshu.subjects.queries import search_names
    from xinshu.subjects.vocabulary import load_vocabulary

    vocabulary = load_vocabulary(open_profile("demo", read_settings().profiles_dir))
    print("  … index of pg_trgm", flush=True)
    connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    connection.execute("CREATE INDEX names_trgm ON subjects_subjectname USING gin (name_norm gin_trgm_ops)")
    connection.execute("VACUUM ANALYZE subjects_subject, subjects_subjectname")
    ours.ensure_connection()
    for text in registry.names[:50]:
        search_names(text, vocabulary=vocabulary)
    lines = []
    for length in LENGTHS:
        print(f"  … searching, {length or 'all'} characters", flush=True)
        texts = _fragments(registry, length)
        mine, theirs = [], []
        for number, text in enumerate(texts):
            mine.append(_milliseconds(lambda text=text: search_names(text, vocabulary=vocabulary)))
            pattern = [f"%{normalise_name(text)}%"]
            if number % PEER_EVERY == 0:
                theirs.append(_milliseconds(lambda pattern=pattern: connection.execute(_TRGM, pattern).fetchall()))
        kind = f"{length} characters" if length else "whole names"
        lines.append(Line(f"search {kind}, p95", _p95(mine), "ms", "10 ms", 10, 1.0, higher_is_better=False))
        bar = 20.0 if length == 2 else None
        for name, of in (("p95", _p95), ("median", median)):
            lines.append(
                Line(
                    f"search {kind}, {name}",
                    of(mine),
                    "ms",
                    "pg_trgm",
                    of(theirs),
                    bar if name == "p95" else None,
                    higher_is_better=False,
                )
            )
    connection.execute("DROP INDEX names_trgm")
    return lines


def _fragments(registry: Registry, length: int) -> list[str]:
    dice = random.Random(length)
    found: list[str] = []
    while len(found) < QUERIES:
        name = dice.choice(registry.names)
        if len(name) >= length:
            place = dice.randrange(len(name) - length + 1) if length else 0
            found.append(name[place : place + length] if length else name)
    return found


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1_000


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]
