"""What the guards look at: our source files, parsed once."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """A Python file of the program: its path in the checkout, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module


def parse(path: str, text: str) -> Source:
    return Source(path, text, ast.parse(text))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    """Every module under src/xinshu, by path."""
    paths = sorted((ROOT / "src" / "xinshu").rglob("*.py"))
    return [parse(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in paths]


@pytest.fixture(scope="session")
def tracked() -> list[str]:
    """Files that are in the repository or would be added to it."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file())
