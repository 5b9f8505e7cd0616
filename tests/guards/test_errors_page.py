"""Every error a person may see has a code of its own and a line in docs/errors.md."""

from __future__ import annotations

import importlib.util
import re

import pytest


@pytest.fixture(scope="module")
def write_docs(root):
    """scripts/write_docs.py as a module."""
    found = importlib.util.spec_from_file_location("write_docs", root / "scripts" / "write_docs.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    module.import_everything()
    return module


def test_codes_are_unique_and_well_formed(write_docs):
    by_code: dict[str, list[str]] = {}
    for each in write_docs.error_classes():
        by_code.setdefault(each.code, []).append(each.__qualname__)
    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}
    assert [code for code in by_code if not re.fullmatch(r"[a-z_]+\.[a-z_]+", code)] == []


def test_every_class_names_its_own_code_and_says_what_it_means(write_docs):
    for each in write_docs.error_classes():
        assert "code" in vars(each), each
        assert each.__doc__, each


def test_the_page_is_what_the_classes_say(write_docs, root):
    page = (root / "docs" / "errors.md").read_text(encoding="utf-8")
    assert page == write_docs.errors_page(), "run make docs"
