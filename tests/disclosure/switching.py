"""Guards switched off, one at a time: the code of one function without one refusal, put in its place for a test."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType

ROOM = Path(__file__).parents[2] / "src" / "xinshu" / "disclosure"


def _raised(node: ast.If) -> str:
    """The error a guard raises or returns, in words: `NotApproved`; empty where the branch does something else."""
    last = node.body[-1]
    if isinstance(last, ast.Raise) and last.exc is not None:
        return ast.unparse(last.exc.func if isinstance(last.exc, ast.Call) else last.exc)
    if isinstance(last, ast.Return) and isinstance(last.value, ast.Name) and last.value.id.startswith("Consent"):
        return last.value.id
    return ""


def _chosen(node: ast.IfExp) -> str:
    return node.body.id if isinstance(node.body, ast.Name) and node.body.id.startswith("Consent") else ""


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((ROOM / f"{module}.py").read_text(encoding="utf-8"))


def _guards(function: ast.FunctionDef) -> Iterator[tuple[str, ast.If | ast.IfExp]]:
    found: dict[str, int] = {}
    for node in ast.walk(function):
        error = _raised(node) if isinstance(node, ast.If) else _chosen(node) if isinstance(node, ast.IfExp) else ""
        if error:
            found[error] = found.get(error, 0) + 1
            yield (error if found[error] == 1 else f"{error} {found[error]}"), node


def guards_of(module: str) -> list[str]:
    """Every guard of a module as `module.function Error`, a second one of the same error with its number."""
    functions = [node for node in ast.walk(_tree(module)) if isinstance(node, ast.FunctionDef)]
    return [f"{module}.{each.name} {name}" for each in functions for name, _ in _guards(each)]


def switch_off(guard: str) -> tuple[FunctionType, CodeType]:
    """The function of a guard, and its code without it; `guard` as `guards_of` names it."""
    place, _, error = guard.partition(" ")
    module, name = place.split(".")
    tree = ast.parse((ROOM / f"{module}.py").read_text(encoding="utf-8"))
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
    node = dict(_guards(function))[error]
    node.test = ast.copy_location(ast.Constant(False), node.test)
    code = compile(tree, str(ROOM / f"{module}.py"), "exec")
    return _function(module, name), _code(code, name)


def _function(module: str, name: str) -> FunctionType:
    loaded = importlib.import_module(f"xinshu.disclosure.{module}")
    found = getattr(loaded, name, None) or getattr(loaded.Gate, name)
    assert isinstance(found, FunctionType)
    return found


def _code(code: CodeType, name: str) -> CodeType:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    found = next((each for each in inner if each.co_name == name), None)
    return found or next(_code(each, name) for each in inner if name in each.co_names or name in _names(each))


def _names(code: CodeType) -> set[str]:
    return {each.co_name for each in code.co_consts if isinstance(each, CodeType)}
