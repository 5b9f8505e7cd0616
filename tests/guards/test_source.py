"""Rules for the source that no linter here checks: who reads the environment, sizes, printing, what a room says."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}
_MODULE_LINES = 400
_FUNCTION_LINES = 60
_REASON = "Long because"  # in the docstring, of a function or module that is longer


def reads_environment(tree: ast.Module) -> list[int]:
    """Lines that use os.environ or os.getenv, however imported."""
    found = []
    for node in ast.walk(tree):
        by_attribute = isinstance(node, ast.Attribute) and node.attr in _ENVIRONMENT
        by_import = isinstance(node, ast.ImportFrom) and any(each.name in _ENVIRONMENT for each in node.names)
        if by_attribute or by_import:
            found.append(node.lineno)
    return found


def prints(tree: ast.Module) -> list[int]:
    """Lines that call print."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]


def too_long(text: str, tree: ast.Module) -> Iterator[str]:
    """The module and its functions that are over the limit and give no reason in their docstrings."""
    lines = len(text.splitlines())
    if lines > _MODULE_LINES and _REASON not in (ast.get_docstring(tree) or ""):
        yield f"module: {lines} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > _FUNCTION_LINES and _REASON not in (ast.get_docstring(node) or ""):
                yield f"{node.name}: {lines} lines"


def test_only_the_project_reads_the_environment(sources):
    found = {source.path: reads_environment(source.tree) for source in sources}
    readers = {path for path, lines in found.items() if lines}
    assert readers == {"src/xinshu/project/environment.py"}


def test_nothing_prints(sources):
    assert {source.path: prints(source.tree) for source in sources if prints(source.tree)} == {}


def test_modules_and_functions_stay_readable(sources):
    found = {source.path: list(too_long(source.text, source.tree)) for source in sources}
    assert {path: complaints for path, complaints in found.items() if complaints} == {}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import os\nhome = os.environ['HOME']", id="attribute"),
        pytest.param("from os import environ", id="import"),
        pytest.param("import os as o\no.getenv('HOME')", id="getenv"),
    ],
)
def test_the_guard_sees_a_reader(text):
    assert reads_environment(ast.parse(text))


def test_the_guard_sees_length_and_printing():
    body = "".join(f"    a = {number}\n" for number in range(60))
    plain = f"def f():\n{body}"
    excused = f'def f():\n    """Long because it is a table."""\n{body}'
    assert list(too_long(plain, ast.parse(plain))) == ["f: 61 lines"]
    assert list(too_long(excused, ast.parse(excused))) == []
    module = "a = 1\n" * 401
    assert list(too_long(module, ast.parse(module))) == ["module: 401 lines"]
    assert prints(ast.parse("print('x')")) == [1]
