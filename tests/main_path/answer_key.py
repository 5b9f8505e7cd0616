"""Holding what was found against the answer key of a generated demo set."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

Line = tuple[str, int, str, str, str]


def key_lines(folder: Path, *, scopes: Iterable[str]) -> Counter[Line]:
    """The multiset (file, row, field, rule, level) of the key."""
    wanted = set(scopes)
    with (folder / "key.csv").open(encoding="utf-8", newline="") as file:
        return Counter(
            (line["file"], int(line["row"]), line["field"], line["rule"], line["level"])
            for line in csv.DictReader(file)
            if line["scope"] in wanted
        )


def found_lines(findings_file: Path) -> Counter[Line]:
    """The same of a findings file."""
    with findings_file.open(encoding="utf-8-sig", newline="") as file:
        return Counter(
            (line["file"], int(line["row"]), line["field"], line["rule"], line["level"])
            for line in csv.DictReader(file)
        )


def difference(expected: Counter[Line], found: Counter[Line]) -> str:
    """Misses and false findings in words, the first few of each; empty when there are none."""
    missed, false = expected - found, found - expected
    parts = []
    if missed:
        parts.append(f"missed {missed.total()}: {list(missed)[:12]}")
    if false:
        parts.append(f"false {false.total()}: {list(false)[:12]}")
    return "; ".join(parts)
