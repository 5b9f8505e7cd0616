"""Actions of the audit are registered, and those that are written as text in the program are among them."""

from __future__ import annotations

import ast

from xinshu.security.audit.actions import ACTIONS


def actions_named(tree: ast.Module) -> set[str]:
    """Texts given as `action=` to anything called AuditEntry."""
    return {
        each.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
        if (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) == "AuditEntry"
        for each in node.keywords
        if each.arg == "action" and isinstance(each.value, ast.Constant)
    }


def test_every_action_written_is_registered(sources):
    named = {source.path: actions_named(source.tree) - set(ACTIONS) for source in sources}
    assert {path: unknown for path, unknown in named.items() if unknown} == {}


def test_the_guard_sees_an_action():
    assert actions_named(ast.parse('a = domain.AuditEntry(at=now, action="x.y")')) == {"x.y"}
