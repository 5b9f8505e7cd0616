"""The generator: plans the files, fills, spoils and writes them, and writes manifest and key beside them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from random import Random

import numpy as np

from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.reference import load_divisions, load_organisations
from xinshu.catalogue.rulebook import RULEBOOK
from xinshu.demo import decisions, declared, listings, promises
from xinshu.demo.domain import EPOCH, Columns, GenerationSummary, KeyLine, Progress, Table
from xinshu.demo.drafts import Draft, Order
from xinshu.demo.errors import DemoTooSmall
from xinshu.demo.plants import plant
from xinshu.demo.plants.spot import Spot
from xinshu.demo.registry import build_registry
from xinshu.demo.schedule import REGISTRATION, PlannedFile, plan_files
from xinshu.demo.spoiled import write_spoiled
from xinshu.demo.styles import with_unknown_column
from xinshu.demo.words import load_words
from xinshu.demo.world import World
from xinshu.demo.writing import write_table
from xinshu.kernel.clock import SHANGHAI
from xinshu.kernel.profiles import Profile
from xinshu.rules.loading import load_rules

MANIFEST_COLUMNS = ("file", "item", "source", "received_at", "encoding")
KEY_COLUMNS = ("file", "row", "field", "rule", "level", "scope")
_FEWEST_SUBJECTS = 20
_ROWS_PER_SUBJECT = 20
_EVERY_UNKNOWN = 12  # one file in so many has a column that no catalogue has

_Builder = Callable[[World, Order], tuple[Draft, Columns]]
_BUILDERS: dict[str, _Builder] = {
    "administrative-license": decisions.permits,
    "administrative-penalty": decisions.penalties,
    "credit-commitment": promises.commitments,
    "contract-performance": promises.contracts,
    "tax-credit-a": promises.tax_ratings,
    "abnormal-operation-list": listings.abnormal,
    "serious-dishonesty-list": listings.serious,
}
"""Items whose rows have a maker of their own; all others are made from their declaration."""


def generate(
    out: Path,
    *,
    profile: Profile,
    subjects: int,
    rows: int,
    bad_rate: float,
    seed: int,
    as_of: datetime,
    progress: Progress | None = None,
) -> GenerationSummary:
    """Write a demo province into the folder `out`: source files, `manifest.csv`, `key.csv`.

    Args:
        subjects: rows of the registrations.
        rows: rows of all other items together; at most 20 for a subject, less the bad_rate.
        bad_rate: share of the rows of each file that are spoiled, 0 to 0.5; 0 leaves out the spoiled files as well.
        as_of: the moment nothing is received after; needs a time zone.
        progress: called after each file with files done, files in all, and its name.
    Returns:
        What was written. The same arguments give the same bytes.
    Raises:
        DemoTooSmall: too few subjects for so many rows, or a number out of range.
        WordsInvalid: the profile has no usable word lists.
    """
    refuse(subjects, rows, bad_rate)
    moment = as_of.astimezone(SHANGHAI).replace(second=0, microsecond=0)
    catalogue = load_catalogue(profile)
    dice = Random(f"{seed}/plan")  # noqa: S311 - demonstration data
    organisations = load_organisations(profile)
    words = load_words(profile)
    plan = plan_files(
        catalogue, words, organisations, subjects=subjects, rows=rows, spoiled=bad_rate > 0, dice=dice, as_of=moment
    )
    world = make_world(profile, subjects, seed, plan[0].received_at)
    out.mkdir(parents=True, exist_ok=True)
    key: list[KeyLine] = []
    spoiled_subjects: set[int] = set()
    for place, planned in enumerate(plan, start=1):
        if planned.item.item != REGISTRATION and not len(world.usable):
            world.settle_registry(spoiled_subjects)
        table = _make(planned, world, seed, bad_rate, key, out)
        if planned.item.item == REGISTRATION:
            spoiled_subjects |= {planned.first + index for index in table.plants}
        if progress is not None:
            progress(place, len(plan), planned.file)
    _write_csv(out / "manifest.csv", MANIFEST_COLUMNS, (_manifest_line(each) for each in plan))
    lines = ((each.file, each.row, each.field, each.rule, each.level, each.scope) for each in key)
    _write_csv(out / "key.csv", KEY_COLUMNS, lines)
    return GenerationSummary(
        out,
        len(plan),
        subjects,
        sum(each.rows for each in plan) - subjects,
        sum(world.planted.values()),
        dict(sorted(world.planted.items())),
        len(key),
    )


def make_world(profile: Profile, subjects: int, seed: int, received_at: datetime) -> World:
    """Registry and reference data of a demo; the same for the same subjects, seed and day."""
    words, divisions = load_words(profile), load_divisions(profile)
    rng = np.random.default_rng([seed, 1])
    top = next(each.region for each in load_organisations(profile) if each.level == "province")
    received = received_at.date().toordinal() - EPOCH
    registry = build_registry(words, divisions, subjects, rng, received, top)
    return World(words, registry, divisions, load_organisations(profile), load_rules(profile))


def refuse(subjects: int, rows: int, bad_rate: float) -> None:
    """Raise DemoTooSmall for numbers that cannot give a demo."""
    if not 0 <= bad_rate <= 0.5:
        raise DemoTooSmall(f"错误率 {bad_rate} 超出范围", fix="错误率取 0 至 0.5，如 0.05")
    if subjects < _FEWEST_SUBJECTS or rows < 0 or rows > subjects * _ROWS_PER_SUBJECT * (1 - bad_rate):
        raise DemoTooSmall(
            f"{subjects} 个主体不能生成 {rows} 行记录",
            fix=f"主体至少 {_FEWEST_SUBJECTS} 个，每个主体平均不超过 {_ROWS_PER_SUBJECT * (1 - bad_rate):.0f} 行",
        )


def _make(planned: PlannedFile, world: World, seed: int, bad_rate: float, key: list[KeyLine], out: Path) -> Table:
    """Fill, spoil and write one file; add its lines to the key."""
    rng = np.random.default_rng([seed, 2, planned.number])
    dice = Random(f"{seed}/file/{planned.number}")  # noqa: S311 - demonstration data
    order = Order(planned.item, planned.supplier, planned.received_at.date(), planned.rows, rng, dice, planned.supplier)
    if planned.item.item == REGISTRATION:
        draft, columns = listings.registrations(world, order, planned.first)
    else:
        draft, columns = _BUILDERS.get(planned.item.item, declared.records)(world, order)
    style = planned.style
    unknown = bad_rate > 0 and planned.spoiling is None and planned.number % _EVERY_UNKNOWN == _EVERY_UNKNOWN // 2
    if unknown:
        style = with_unknown_column(style, dice)
        world.count("column.unknown")
    table = Table(
        planned.item,
        planned.file,
        planned.supplier,
        planned.received_at,
        style,
        columns,
        draft.kinds,
        draft.subjects,
        findings=[(-1, ("", "column.unknown"))] if unknown else [],
    )
    if planned.spoiling is not None:
        rule = write_spoiled(table, planned.spoiling, out, dice)
        world.count(rule)
        table.findings = [(-1, ("", rule))]
    else:
        plant(Spot(table, world, dice, set()), round(planned.rows * bad_rate))
        write_table(table, out, dice)
    key += key_lines(table)
    return table


def key_lines(table: Table, before: int = 0) -> list[KeyLine]:
    """The lines of the answer key for one file, by row, field and rule; `before` rows of the file precede the table."""
    lines = []
    for index, (field, rule) in table.findings:
        found = RULEBOOK[rule]
        row = 0 if index < 0 else table.style.first_row + before + index
        lines.append(KeyLine(table.file, row, field, rule, found.level, found.scope))
    return sorted(lines, key=lambda each: (each.row, each.field, each.rule))


def _manifest_line(planned: PlannedFile) -> tuple[str, ...]:
    return (
        planned.file,
        planned.item.item,
        planned.supplier.uscc,
        planned.received_at.isoformat(),
        planned.style.encoding,
    )


def _write_csv(path: Path, columns: tuple[str, ...], lines: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(lines)
