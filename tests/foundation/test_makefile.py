"""The Makefile's fixed interface."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _make(*arguments: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MAKELEVEL", "SERVE"}}
    command = ["make", "--no-print-directory", "-C", str(ROOT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_default_is_help_and_names_every_target():
    assert _make() == _make("help")
    for target in ("demo", "test", "bench", "lint", "help"):
        assert f"\n  {target} " in _make()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["demo"], "demo run --serve", id="demo serves"),
        pytest.param(["demo", "SERVE=0"], "demo run --no-serve", id="demo ends after printing"),
        pytest.param(["bench"], "-m bench", id="bench"),
        pytest.param(["bench", "ROWS=1000"], "-m bench --rows 1000", id="bench of a size"),
    ],
)
def test_what_a_target_runs(arguments, expected):
    assert _make("--dry-run", *arguments).splitlines()[-1].rstrip().endswith(expected)
