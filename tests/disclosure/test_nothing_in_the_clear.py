"""Persons are asked about, approved, disclosed and taken home: nothing of them is in a dump, a file of ours or a log."""

from __future__ import annotations

import io
import logging
import sys

import pytest
from tests.disclosure.conftest import NOW
from tests.security.test_nothing_in_the_clear import found_in, id_number, name

from xinshu.disclosure.asking import query
from xinshu.disclosure.batches import run_batch
from xinshu.disclosure.domain import Asked
from xinshu.disclosure.downloads import fetch, make_link
from xinshu.disclosure.models import Ticket
from xinshu.disclosure.review import decide_query
from xinshu.kernel.logs import configure_logs

COUNT = 60


@pytest.fixture
def logged(monkeypatch):
    """What this process logs, the libraries too."""
    root, written = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", written)
    configure_logs("DEBUG")
    yield written
    root.handlers[:] = before
    root.setLevel(level)


def test_what_was_asked_and_disclosed_about_persons_is_nowhere_in_the_clear(
    gate, world, officer, approver, make_request, dumped, logged
):
    person = {"行政相对人类别": "自然人", "行政相对人代码_1(统一社会信用代码)": "", "法定代表人": ""}
    rows = [
        world.penalty(n, n, **person, 行政相对人名称=name(n), 自然人证件类型="身份证", 自然人证件号码=id_number(n))
        for n in range(10, 10 + COUNT)
    ]
    assert world.penalise(rows).accepted == COUNT
    for path in world.folder.glob("*.csv"):
        path.unlink()  # what a department sent is the department's
    asked = tuple(Asked("person", id_number(n), name(n)) for n in range(10, 10 + COUNT))
    given = make_request(purpose="award-evaluation", legal_basis="《评比达标表彰活动管理办法》", subjects=asked)
    ticket = Ticket.objects.get(number=query(gate, officer, given, NOW).number)
    counts = {"field_count": ticket.field_count, "subject_count": COUNT}
    decide_query(gate, approver, ticket.number, approve=True, reason="", now=NOW, **counts)
    run_batch(gate, ticket.id, NOW)

    values = [each for n in range(10, 10 + COUNT) for each in (name(n), id_number(n))]
    taken = {
        form: fetch(gate, officer, make_link(gate, officer, ticket.number, form, NOW), NOW) for form in ("csv", "pdf")
    }
    assert found_in(values, taken["csv"].content) == values, "the search finds what was disclosed"

    dump = dumped()
    assert ticket.number.encode() in dump
    assert found_in(values, dump) == []
    kept = {path: path.read_bytes() for path in world.desk.settings.home.rglob("*") if path.is_file()}
    assert any("disclosed" in path.parts for path in kept)
    assert {path: found for path, text in kept.items() if (found := found_in(values, text))} == {}
    assert found_in(values, logged.getvalue().encode()) == []
