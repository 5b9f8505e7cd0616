"""A valid row of an item, and a way to check rows: name only what the test is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from xinshu.catalogue.checks import CheckContext, ItemChecker
from xinshu.catalogue.checks.findings import as_findings
from xinshu.catalogue.checks.inspection import Facts
from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.reference import load_divisions, load_industries
from xinshu.catalogue.rulebook import Finding
from xinshu.kernel.cells import Cells
from xinshu.kernel.profiles import open_profile

TODAY = date(2026, 5, 20)
PROFILES = Path(__file__).parents[2] / "profiles"


@pytest.fixture(scope="session")
def items() -> dict[str, CatalogueItem]:
    return load_catalogue(open_profile("demo", PROFILES))


@pytest.fixture(scope="session")
def penalty(items: dict[str, CatalogueItem]) -> CatalogueItem:
    return items["administrative-penalty"]


@pytest.fixture(scope="session")
def facts() -> Facts:
    profile = open_profile("demo", PROFILES)
    return Facts.of(TODAY, load_divisions(profile), load_industries(profile))


@pytest.fixture(scope="session")
def make_row(items: dict[str, CatalogueItem]) -> Callable[..., dict[str, str]]:
    """A valid row as {column code: text}: the examples of the item, with changes."""

    def make(item: str = "administrative-penalty", **changes: str) -> dict[str, str]:
        row = {each.code: each.example for each in items[item].fields}
        assert set(changes) <= set(row)
        return row | changes

    return make


@pytest.fixture(scope="session")
def make_context(facts: Facts) -> Callable[..., CheckContext]:
    """A context in which everything is on time until ten days have gone by."""

    def make(**changes: object) -> CheckContext:
        usual = CheckContext(facts, "rows.csv", "", lambda day: day + timedelta(days=10), 7)
        return replace(usual, **changes)

    return make


@pytest.fixture(scope="session")
def check(items: dict[str, CatalogueItem], make_context: Callable[..., CheckContext]) -> Callable[..., list[Finding]]:
    """The findings of rows numbered from 2."""

    def run(*rows: dict[str, str], item: str = "administrative-penalty", chunk: int = 0, **changes: object):
        checker = ItemChecker(items[item], make_context(**changes))
        found: list[Finding] = []
        size = chunk or len(rows)
        for start in range(0, len(rows), size):
            part = list(rows[start : start + size])
            numbers = np.arange(start + 2, start + 2 + len(part), dtype=np.int64)
            found += as_findings(checker.check(Cells.of(pl.DataFrame(part)), numbers).findings)
        return found

    return run
