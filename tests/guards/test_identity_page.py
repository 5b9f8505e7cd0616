"""docs/identity.md shows the matrix of operations as it is."""

from __future__ import annotations

from pathlib import Path

from xinshu.security.domain import ROLE_WORDS
from xinshu.security.matrix import OPERATIONS, SCOPES, Operation


def line(name: str, operation: Operation) -> str:
    """A row of the page's table."""
    posts = "、".join(word for role, word in ROLE_WORDS.items() if role in operation.roles)
    words = SCOPES.get(operation.mandate, "法定代表人" if operation.mandate else "")
    posts += f"（{words}）" if words else ""
    fresh, data = ("yes" if each else "" for each in (operation.step_up, operation.subject_data))
    return f"| `{name}` | {posts} | {operation.scope.value} | {fresh} | {data} |"


def test_the_page_shows_the_matrix(root: Path):
    text = (root / "docs" / "identity.md").read_text(encoding="utf-8")
    shown = [each for each in text.splitlines() if each.startswith("| `")]
    assert shown == [line(name, operation) for name, operation in OPERATIONS.items()]
