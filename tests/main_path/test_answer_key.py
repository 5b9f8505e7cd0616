"""The whole main path against the answer key: what is found is exactly what was planted, no miss and no false finding.

By default one small seed; `SEEDS=1,2,3 pytest tests/main_path` takes others. The generator never asks the checker.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.main_path.answer_key import difference, found_lines, key_lines
from tests.plugins.main_path import World

from xinshu.kernel.profiles import open_profile

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
AS_OF = datetime(2026, 11, 22, 4, tzinfo=UTC)
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1").split(",")]


@pytest.mark.parametrize("seed", SEEDS)
def test_ingest_finds_exactly_what_was_planted(world: World, tmp_path: Path, seed: int) -> None:
    from xinshu.collection.errors import FileRefused
    from xinshu.collection.services import receive
    from xinshu.demo import generate

    folder = tmp_path / "demo"
    generate(
        folder, profile=open_profile("demo", PROFILES), subjects=400, rows=3000, bad_rate=0.05, seed=seed, as_of=AS_OF
    )
    found: Counter[tuple[str, int, str, str, str]] = Counter()
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        manifest = list(csv.DictReader(file))
    for line in manifest:
        try:
            report = receive(
                world.desk,
                folder / line["file"],
                item=world.desk.catalogue[line["item"]],
                source=line["source"],
                received_at=datetime.fromisoformat(line["received_at"]),
            )
            assert report.rows == report.accepted + report.doubtful + report.duplicates
            findings: Path | None = report.findings_file
        except FileRefused as refused:
            findings = refused.findings_file
        assert findings is not None
        found += found_lines(findings)
    expected = key_lines(folder, scopes=("file", "store"))
    assert expected.total() > 150
    assert difference(expected, found) == ""
