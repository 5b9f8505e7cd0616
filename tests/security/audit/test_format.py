"""The form that is sealed: vectors that other programs can follow, one encoding for every value."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xinshu.security.audit.format import BEGINNING, HASHES, Head, chained, leaf_of, root_of, row_text
from xinshu.security.auditcheck.record import one_form, read_head

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
_ORDER = (
    "action", "actor", "address", "after", "at", "before", "code", "detail", "id", "object", "outcome", "purpose", "role",
    "stored", "ticket", "trace", "unit",
)  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS["rows"], ids=lambda each: each["name"])
def test_a_row_has_one_form_for_writer_and_checker(vector):
    facts = vector["facts"]
    text = row_text(facts["seq"], [facts[name] for name in _ORDER])
    assert text.encode() == bytes.fromhex(vector["bytes"])
    assert one_form(facts) == text
    assert json.loads(text) == facts
    assert "\n" not in text
    assert "\t" not in text
    assert leaf_of(text.encode(), HASHES["sm3"]).hex() == vector["leaf"]


def test_chain_tree_and_head():
    leaves = [bytes.fromhex(each["leaf"]) for each in VECTORS["rows"]]
    chain = BEGINNING
    for leaf in leaves:
        chain = chained(chain, leaf, HASHES["sm3"])
    root = root_of(leaves, HASHES["sm3"])
    head = Head(1, 1, len(leaves), BEGINNING, chain, root, BEGINNING, datetime(2026, 11, 22, 2, tzinfo=UTC), "sm3")
    assert head.text() == VECTORS["head"]
    assert read_head(head.text())["after"] == chain.hex()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace(":1", ": 1", 1), id="space"),
        pytest.param(lambda text: text.replace('"block"', '"bl\\u006fck"'), id="escape"),
        pytest.param(lambda text: text.replace('"rows":', '"rows":1,"rows":'), id="a key twice"),
        pytest.param(lambda text: text.replace('"hash":"sm3"', '"hash":"md5"'), id="hash"),
        pytest.param(lambda text: text.replace('"block":1', '"block":NaN'), id="NaN"),
        pytest.param(lambda text: text.replace('"block":1', '"block":1.0'), id="float"),
        pytest.param(lambda text: text.replace('"block":1', '"block":true'), id="bool"),
        pytest.param(lambda text: text.replace('"last":', '"last":9'), id="count"),
        pytest.param(lambda text: "[]", id="list"),
        pytest.param(lambda text: "{", id="no json"),
    ],
)
def test_a_head_in_another_form_is_none(change):
    assert read_head(VECTORS["head"]) is not None
    assert read_head(change(VECTORS["head"])) is None
