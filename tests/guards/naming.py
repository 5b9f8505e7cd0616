"""Names of the tests of a module, read without running it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def named_in(path: Path) -> frozenset[str]:
    """Names of the tests of a module, those of a class as `Class::test`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return frozenset(name for name in found if name.split("::")[-1].startswith("test_"))


def complaint_about(reference: str, root: Path) -> str:
    """What is wrong with `tests/x.py::test_y` or the path of a file; empty when it exists."""
    path, _, name = reference.partition("::")
    if not (root / path).exists():
        return f"{reference}: no such file"
    if name and (not path.startswith("tests/") or name not in named_in(root / path)):
        return f"{reference}: no such test"
    return ""
