"""The demo: the same arguments give the same bytes; the checks find what the key says, no more and no less."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from xinshu.catalogue.checks import CheckContext, ItemChecker
from xinshu.catalogue.checks.findings import as_findings
from xinshu.catalogue.checks.inspection import Facts
from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.reference import Divisions, load_divisions, load_industries, load_organisations
from xinshu.catalogue.rulebook import Finding, codes
from xinshu.collection.errors import FileRefused
from xinshu.collection.reading import ReadLimits, ReadPlan, open_file
from xinshu.demo import DemoTooSmall, GenerationSummary, WordsInvalid, generate, penalty_file
from xinshu.demo.declared import records
from xinshu.demo.domain import Table
from xinshu.demo.drafts import Order
from xinshu.demo.generation import _BUILDERS, make_world
from xinshu.demo.schedule import FEWEST_ROWS, registered_at, rows_of_items, suppliers_of
from xinshu.demo.styles import STYLES
from xinshu.demo.words import load_words
from xinshu.demo.writing import write_table
from xinshu.kernel.clock import SHANGHAI, parse_as_of
from xinshu.kernel.identifiers import CitizenId
from xinshu.kernel.profiles import Profile, open_profile
from xinshu.rules.deadlines import due
from xinshu.rules.domain import Rules
from xinshu.rules.loading import load_rules

ROOT = Path(__file__).parents[2]
AS_OF = parse_as_of("2026-11-22")
LIMITS = ReadLimits(4 << 30, 5_000_000, 300, 100_000, 2 << 30, 1 << 20)
Line = tuple[str, int, str, str, str]


@dataclass(frozen=True)
class Reference:
    """What judging a file needs of the profile."""

    profile: Profile
    catalogue: dict[str, CatalogueItem]
    divisions: Divisions
    industries: frozenset[str]
    rules: Rules

    def findings(self, path: Path, item_name: str, supplier: str, received: date) -> list[Finding]:
        """All findings of file scope of one file."""
        item = self.catalogue[item_name]
        deadline = item.deadline
        rules = self.rules

        def last_day(day: date) -> date:
            assert deadline is not None
            return due(deadline.rule, day, rules.calendar, rules.deadlines).day

        facts = Facts.of(received, self.divisions, self.industries)
        context = CheckContext(facts, path.name, supplier, last_day if deadline else None, 7)
        checker = ItemChecker(item, context)
        try:
            opened = open_file(path, ReadPlan(item, path.name, LIMITS))
        except FileRefused as refused:
            return list(refused.findings)
        found = list(opened.findings)
        for chunk in opened.chunks:
            result = checker.check(chunk.cells, chunk.rows, sheet=chunk.sheet, shape=chunk.shape)
            found += as_findings(result.findings)
        return found

    def judged(self, table: Table) -> list[tuple[int, str, str]]:
        """(row, field, rule) of a table that is in no file."""
        with TemporaryDirectory() as folder:
            path = write_table(table, Path(folder), Random(1))
            found = self.findings(path, table.item.item, table.supplier.uscc, table.received)
        return [(each.row, each.field, each.rule) for each in found]


@pytest.fixture(scope="module")
def reference() -> Reference:
    profile = open_profile("demo", ROOT / "profiles")
    return Reference(
        profile,
        load_catalogue(profile),
        load_divisions(profile),
        frozenset(load_industries(profile)),
        load_rules(profile),
    )


@dataclass(frozen=True)
class Demo:
    """One generated folder."""

    folder: Path
    summary: GenerationSummary

    def manifest(self) -> list[dict[str, str]]:
        return list(_rows(self.folder / "manifest.csv"))

    def key(self, scope: str) -> list[dict[str, str]]:
        return [line for line in _rows(self.folder / "key.csv") if line["scope"] == scope]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _demo(folder: Path, reference: Reference, **numbers: float) -> Demo:
    wanted = {"subjects": 300, "rows": 1_500, "bad_rate": 0.12, "seed": 1} | numbers
    summary = generate(
        folder,
        profile=reference.profile,
        subjects=int(wanted["subjects"]),
        rows=int(wanted["rows"]),
        bad_rate=wanted["bad_rate"],
        seed=int(wanted["seed"]),
        as_of=AS_OF,
    )
    return Demo(folder, summary)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> Demo:
    return _demo(tmp_path_factory.mktemp("demo"), reference, subjects=400, rows=3_000, seed=5)


def _compare(demo: Demo, reference: Reference) -> tuple[Counter[Line], Counter[Line]]:
    """(what the key names and the checks miss, what they find and the key has not)."""
    expected: Counter[Line] = Counter(
        (line["file"], int(line["row"]), line["field"], line["rule"], line["level"]) for line in demo.key("file")
    )
    found: Counter[Line] = Counter()
    for line in demo.manifest():
        received = datetime.fromisoformat(line["received_at"]).date()
        for each in reference.findings(demo.folder / line["file"], line["item"], line["source"], received):
            found[each.file, each.row, each.field, each.rule, each.level] += 1
    return expected - found, found - expected


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_checks_find_exactly_what_the_key_says(tmp_path: Path, reference: Reference, seed: int) -> None:
    made = _demo(tmp_path, reference, seed=seed)
    missed, false = _compare(made, reference)
    assert not missed
    assert not false
    assert len(made.key("file")) > 150


def test_a_demo_without_errors_is_without_findings(tmp_path: Path, reference: Reference) -> None:
    made = _demo(tmp_path, reference, bad_rate=0.0)
    assert _compare(made, reference) == (Counter(), Counter())
    assert made.key("file") == []
    assert {line["rule"] for line in made.key("store")} == {"subject.unknown"}  # persons: there is no registry of them
    assert made.summary.by_rule == {}


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path, reference: Reference) -> None:
    first = _demo(tmp_path / "one", reference, subjects=120, rows=900)
    second = _demo(tmp_path / "two", reference, subjects=120, rows=900)
    assert _digests(first.folder) == _digests(second.folder)


def test_another_seed_gives_other_subjects(tmp_path: Path, reference: Reference) -> None:
    first = _demo(tmp_path / "one", reference, subjects=60, rows=0, seed=1)
    second = _demo(tmp_path / "two", reference, subjects=60, rows=0, seed=2)
    name = "enterprise-registration--01.csv"
    assert (first.folder / name).read_bytes() != (second.folder / name).read_bytes()


WORKBOOK_RULES = {"cell.error", "cell.uncalculated", "sheet.unread"}  # of formulas and further sheets; tests/collection


def test_every_rule_is_planted(demo: Demo) -> None:
    assert set(demo.summary.by_rule) == {*codes("file"), *codes("store")} - WORKBOOK_RULES
    named = {line["rule"] for scope in ("file", "store") for line in demo.key(scope)}
    assert named == set(demo.summary.by_rule)


def test_errors_are_spread_evenly(demo: Demo) -> None:
    of_rows = [count for rule, count in demo.summary.by_rule.items() if not rule.startswith(("column.", "file."))]
    assert sum(of_rows) == pytest.approx(0.12 * (3_000 + 400), rel=0.02)
    assert max(of_rows) <= 3 * sorted(of_rows)[len(of_rows) // 4]


def test_the_manifest_is_in_the_order_of_ingest(demo: Demo, reference: Reference) -> None:
    lines = demo.manifest()
    items = [line["item"] for line in lines]
    registrations = items.count("enterprise-registration")
    assert set(items[:registrations]) == {"enterprise-registration"}
    assert set(items[registrations:]) == set(load_words(reference.profile).shares) <= set(reference.catalogue)
    moments = [datetime.fromisoformat(line["received_at"]) for line in lines]
    assert moments == sorted(moments)
    assert moments[-1] <= AS_OF
    assert all(moment.utcoffset() == timedelta(hours=8) for moment in moments)
    suppliers = {each.uscc for each in load_organisations(reference.profile)}
    assert {line["source"] for line in lines} <= suppliers
    on_disk = {path.name for path in demo.folder.iterdir()} - {"manifest.csv", "key.csv"}
    assert on_disk == {line["file"] for line in lines}
    assert len(lines) == demo.summary.files


def test_all_forms_of_file_occur(demo: Demo) -> None:
    lines = demo.manifest()
    assert {line["encoding"] for line in lines} == {"utf-8", "utf-8-sig", "gb18030", "utf-16", ""}
    assert {Path(line["file"]).suffix for line in lines} == {".csv", ".xlsx", ".jsonl", ".parquet"}


def test_nobody_living_is_named(demo: Demo) -> None:
    found = []
    for line in demo.manifest():
        if line["encoding"] in {"utf-8", "utf-8-sig"} and line["item"] == "administrative-penalty":
            for word in (demo.folder / line["file"]).read_text(encoding=line["encoding"]).replace('"', ",").split(","):
                if CitizenId.is_valid(word):
                    found.append(CitizenId(word))
    assert found
    assert all(each.birth_date.year < 1900 and each.region.startswith("99") for each in found)


def test_store_findings_name_what_they_should(demo: Demo, reference: Reference) -> None:
    items = {line["file"]: reference.catalogue[line["item"]] for line in demo.manifest()}
    for line in demo.key("store"):
        roles = items[line["file"]].roles
        allowed = {
            "subject.unknown": {roles.uscc, roles.counterpart_name},
            "duplicate.similar": {roles.document_no},
        }.get(line["rule"], {roles.counterpart_name})
        assert line["field"] in allowed
        assert not items[line["file"]].creates_subjects


def test_rows_with_a_blocking_finding_have_no_store_finding(demo: Demo) -> None:
    blocked = {(line["file"], line["row"]) for line in demo.key("file") if line["level"] != "warning"}
    assert not blocked & {(line["file"], line["row"]) for line in demo.key("store")}


@pytest.mark.parametrize(
    ("numbers", "word"),
    [
        ({"subjects": 10, "rows": 0}, "主体"),
        ({"subjects": 100, "rows": 2_001}, "主体"),
        ({"subjects": 100, "rows": 1_500, "bad_rate": 0.5}, "主体"),
        ({"bad_rate": 0.7}, "错误率"),
        ({"bad_rate": -0.1}, "错误率"),
    ],
    ids=["few-subjects", "many-rows", "few-good-subjects", "rate-too-high", "rate-negative"],
)
def test_impossible_numbers_are_refused(
    tmp_path: Path, reference: Reference, numbers: dict[str, float], word: str
) -> None:
    with pytest.raises(DemoTooSmall, match=word):
        _demo(tmp_path, reference, **numbers)
    assert list(tmp_path.iterdir()) == []


def test_a_profile_without_words_is_refused(tmp_path: Path) -> None:
    base = open_profile("base", ROOT / "profiles")
    with pytest.raises(WordsInvalid, match=r"demo\.yaml"):
        generate(tmp_path, profile=base, subjects=50, rows=0, bad_rate=0.0, seed=1, as_of=AS_OF)


def test_every_item_of_the_catalogue_has_rows(demo: Demo, reference: Reference) -> None:
    assert {line["item"] for line in demo.manifest()} == set(reference.catalogue)


def test_errors_are_planted_in_items_made_from_their_declaration(demo: Demo) -> None:
    of_file = {line["file"]: line["item"] for line in demo.manifest()}
    items = {of_file[line["file"]] for line in demo.key("file")}
    assert len(items - set(_BUILDERS)) > 15


def test_too_few_rows_for_all_items_are_refused_with_the_number_needed(tmp_path: Path, reference: Reference) -> None:
    with pytest.raises(DemoTooSmall) as refused:
        _demo(tmp_path, reference, subjects=100, rows=50)
    assert str(FEWEST_ROWS * len(load_words(reference.profile).shares)) in str(refused.value.fix)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rows", [96, 100, 4_000])
def test_rows_of_items_add_up_and_none_is_left_out(reference: Reference, rows: int) -> None:
    counts = rows_of_items(load_words(reference.profile), rows)
    assert sum(counts.values()) == rows
    assert min(counts.values()) >= FEWEST_ROWS


def test_rows_made_from_a_declaration_follow_its_rules_even_without_words(reference: Reference) -> None:
    """The words of the profile only make rows livelier: the declaration alone gives rows without findings."""
    moment = AS_OF.astimezone(SHANGHAI)
    world = make_world(reference.profile, 300, 3, registered_at(moment))
    world.words = replace(world.words, records={})
    world.settle_registry(set())
    for name in sorted(set(reference.catalogue) - set(_BUILDERS) - {"enterprise-registration"}):
        item = reference.catalogue[name]
        office = suppliers_of(world.words.shares[name], world.organisations)[0]
        dice = Random(name)
        order = Order(item, office, moment.date(), 40, np.random.default_rng(7), dice, office)
        draft, columns = records(world, order)
        table = Table(item, "rows.csv", office, moment, STYLES[0], columns, draft.kinds, draft.subjects)
        assert reference.judged(table) == [], name


def test_progress_tells_each_file(tmp_path: Path, reference: Reference) -> None:
    told: list[tuple[int, int, str]] = []
    made = generate(
        tmp_path,
        profile=reference.profile,
        subjects=40,
        rows=100,
        bad_rate=0.0,
        seed=1,
        as_of=AS_OF,
        progress=lambda done, of, name: told.append((done, of, name)),
    )
    assert [done for done, _, _ in told] == list(range(1, made.files + 1))
    assert {of for _, of, _ in told} == {made.files}


def test_the_large_penalty_file_agrees_with_its_key(tmp_path: Path, reference: Reference) -> None:
    path = tmp_path / "penalties.csv"
    key = penalty_file(path, profile=reference.profile, rows=3_000, seed=4, bad_rate=0.03, as_of=AS_OF, subjects=3_000)
    supplier = next(
        each.uscc
        for each in load_organisations(reference.profile)
        if each.level == "province" and each.kind == "market-regulation"
    )
    found = Counter(
        (each.row, each.field, each.rule)
        for each in reference.findings(path, "administrative-penalty", supplier, AS_OF.date())
    )
    assert found == Counter((line.row, line.field, line.rule) for line in key if line.scope == "file")
    with path.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    assert len(heading) == 25
    assert len(rows) == 3_000
    facts = heading.index(reference.catalogue["administrative-penalty"].field("CF_SY").title)
    assert len({row[facts] for row in rows}) > 2_950
    assert 700 < path.stat().st_size / 3_000 < 950
