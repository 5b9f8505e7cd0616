"""docs/settings.md lists exactly the settings, each with its default."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from xinshu.kernel.settings import Settings

_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| ([^|]*) \| ([^|]+) \|$", re.MULTILINE)


def _variable(field: str) -> str:
    return "DATABASE_URL" if field == "database_url" else f"XINSHU_{field.upper()}"


@pytest.fixture(scope="module")
def documented(root) -> dict[str, str]:
    """{variable: the default as written, without its back-quotes}."""
    page = (root / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = _ROW.findall(page.split("## Read by make and the tests")[0])
    assert len(rows) == len({name for name, _, _ in rows})
    return {name: default.strip().strip("`") for name, default, _ in rows}


def test_every_field_is_documented_and_nothing_else(documented):
    assert set(documented) == {_variable(each.name) for each in fields(Settings)}


@pytest.mark.parametrize("field", [each.name for each in fields(Settings)])
def test_the_default_is_the_one_written_down(documented, field, monkeypatch, root):
    monkeypatch.chdir(root)  # paths are written relative to the checkout
    written = documented[_variable(field)]
    given = {} if written == "empty" else {_variable(field): written}
    assert getattr(Settings.from_env(given), field) == getattr(Settings.from_env({}), field)
    if written == "empty":
        assert getattr(Settings.from_env({}), field) == ""
