"""The one writer: an entry and its act are one transaction; a refusal outlives the rollback; nothing is taken back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, ProgrammingError, connections, transaction
from tests.security.audit.conftest import NOW

from xinshu.security.audit.actions import ACTIONS
from xinshu.security.audit.domain import Outcome
from xinshu.security.audit.errors import AnchorStale, AuditUnavailable
from xinshu.security.audit.services import anchor_state, record, record_many, record_refusal, require_fresh

TABLES = ("entry", "link", "block", "stub")


def _rows(columns: str = "*") -> list[tuple]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM security_audit_entry ORDER BY id")
        return cursor.fetchall()


def _as(alias: str, statement: str) -> None:
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def stored(database, make_entry) -> int:
    """One entry is stored and has a place in a block."""
    with transaction.atomic():
        number = record(make_entry())
    _as("owner", f"INSERT INTO security_audit_link VALUES (1, {number}, 1, '\\x00')")
    _as("owner", "INSERT INTO security_audit_block VALUES (1, 1, 1, now(), now(), '{}', 'sm2:x:eA==')")
    _as("owner", "INSERT INTO security_audit_stub VALUES (7, 7, now(), '{}', 'sm2:x:eA==')")
    return number


def test_an_entry_is_stored_with_every_field(database, make_entry):
    entry = make_entry(
        outcome=Outcome.REFUSED,
        code="query.no_ticket",
        before="b",
        after="a",
        trace="TR-1",
        detail={"rows": 3, "a": "x"},
    )
    with transaction.atomic():
        record(entry)
    (row,) = _rows("at, actor, role, unit, address, action, object_ref, ticket, purpose, outcome, code, before_digest")
    assert row[:6] == (NOW, "u-17", "query_officer", "11990000000000043T", "192.0.2.7", "disclosure.query")
    assert (bytes(row[6]), *row[7:]) == (
        bytes(range(16)), "CX-2026-00001", "approval", "refused", "query.no_ticket", "b",
    )  # fmt: skip
    assert _rows("after_digest, trace, detail") == [("a", "TR-1", '{"a":"x","rows":3}')]


def test_an_entry_shares_the_fate_of_its_act(database, make_entry):
    def act() -> None:
        with transaction.atomic():
            record(make_entry())
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        act()
    assert _rows() == []


def test_outside_a_transaction_nothing_is_recorded(database, make_entry):
    with pytest.raises(RuntimeError):
        record(make_entry())
    with pytest.raises(RuntimeError):
        record_many([make_entry()])
    assert _rows() == []


def test_a_refusal_outlives_the_rollback_of_its_caller(database, make_entry):
    def act() -> None:
        with transaction.atomic():
            record(make_entry(actor="rolled back"))
            record_refusal(make_entry(actor="stays", outcome=Outcome.REFUSED))
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        act()
    record_refusal(make_entry(actor="alone", outcome=Outcome.REFUSED))
    assert _rows("actor") == [("stays",), ("alone",)]


@pytest.mark.parametrize("count", [0, 1, 8, 9, 500])
def test_many_entries_keep_their_order(database, make_entry, count):
    with transaction.atomic():
        record_many([make_entry(ticket=str(number)) for number in range(count)])
    assert _rows("ticket") == [(str(number),) for number in range(count)]


def test_an_entry_that_cannot_be_written_stops_its_act(database, make_entry):
    _as("owner", "ALTER TABLE security_audit_entry ADD CONSTRAINT disk_full CHECK (false) NOT VALID")
    for write in (record, record_refusal, lambda entry: record_many([entry] * 20)):
        with pytest.raises(AuditUnavailable), transaction.atomic():
            write(make_entry())
    assert _rows() == []


@pytest.mark.parametrize("alias", ["default", "owner"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nobody_takes_back_what_is_recorded(stored, alias, table, statement):
    name = f"security_audit_{table}"
    column = {"entry": "actor", "link": "chain", "block": "head", "stub": "statement"}[table]
    before = _count(name)
    with pytest.raises((ProgrammingError, DatabaseError)) as caught:
        _as(alias, statement.format(name, column, column))
    assert caught.value.__cause__.sqlstate == "42501"
    assert _count(name) == before == 1


def _count(name: str) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {name}")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("column", ["id", "stored_at", "xact"])
def test_the_program_chooses_neither_number_nor_time_of_storing(database, column):
    value = "'2020-01-01'" if column == "stored_at" else "1"
    others = "at, actor, role, unit, address, action, object_ref, ticket, purpose, outcome, code, before_digest,"
    others += " after_digest, trace, detail"
    values = "now(), '', '', '', '', 'a.b', '', '', '', 'done', '', '', '', '', ''"
    with pytest.raises(ProgrammingError):
        _as("default", f"INSERT INTO security_audit_entry ({column}, {others}) VALUES ({value}, {values})")


def test_a_young_block_cannot_be_purged_whatever_stub_is_stored(stored):
    _as(
        "default",
        "INSERT INTO security_audit_stub (first_block, last_block, statement, signature) VALUES (1, 1, '', '')",
    )
    with pytest.raises(ProgrammingError, match="refused"):
        _as("default", "SELECT security_audit_purge(1, 1)")
    assert len(_rows()) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"at": datetime(2026, 1, 1)}, id="no time zone"),  # noqa: DTZ001
        pytest.param({"action": "disclosure.unheard_of"}, id="unknown action"),
        pytest.param({"object_ref": b"91990102MA0000017"}, id="a code instead of an index"),
        pytest.param({"detail": {"rate": 0.5}}, id="float"),
        pytest.param({"detail": {"rate": float("nan")}}, id="NaN"),
        pytest.param({"detail": {"yes": True}}, id="bool"),
        pytest.param({"detail": {"big": 1 << 53}}, id="too large a number"),
        pytest.param({"detail": {"Ünlaut": 1}}, id="name"),
        pytest.param({"detail": {f"n{number}": "x" * 300 for number in range(20)}}, id="too long"),
    ],
)
def test_an_entry_that_would_not_encode_one_way_is_refused(make_entry, change):
    with pytest.raises(ValueError, match=r"."):
        make_entry(**change)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("a\x00b", "a�b", id="NUL"),
        pytest.param("a\ud800b", "a�b", id="lone surrogate"),
        pytest.param("x\r\ny\x1b[31m\u2028𠮷", "x\r\ny\x1b[31m\u2028𠮷", id="line ends, ANSI, four bytes"),
        pytest.param("长" * 301, "长" * 300, id="too long"),
    ],
)
def test_a_hostile_text_does_not_keep_its_entry_from_being_written(database, make_entry, text, kept):
    record_refusal(make_entry(address=text, purpose=text, detail={"agent": text}))
    assert _rows("address, purpose") == [(kept, kept)]
    assert json.loads(_rows("detail")[0][0]) == {"agent": kept}


def test_before_the_first_pass_of_the_sealer_sensitive_reads_wait(database, make_entry):
    assert not anchor_state(NOW).fresh
    with pytest.raises(AnchorStale):
        require_fresh(NOW)
    with pytest.raises(AnchorStale), transaction.atomic():
        record(make_entry(), sensitive=True)
    assert _rows() == []


@pytest.mark.parametrize(("late", "fresh"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_sensitive_reads_end_on_the_second(database, make_entry, late, fresh):
    _as("owner", f"UPDATE security_audit_watch SET fresh_until = '{NOW.isoformat()}'")
    assert anchor_state(NOW + late).fresh is fresh
    if fresh:
        with transaction.atomic():
            assert record(make_entry(at=NOW + late), sensitive=True)
    else:
        with pytest.raises(AnchorStale), transaction.atomic():
            record(make_entry(at=NOW + late), sensitive=True)
    assert len(_rows()) == fresh


def test_a_database_that_does_not_answer_counts_as_no_anchor(database):
    _as("owner", "ALTER TABLE security_audit_watch RENAME TO gone")
    with pytest.raises(AuditUnavailable):
        anchor_state(NOW)


def test_codes_of_actions_are_of_one_shape():
    assert [
        code for code in ACTIONS if code.count(".") != 1 or not code.replace(".", "").replace("_", "").isalpha()
    ] == []
    assert len({each.title for each in ACTIONS.values()}) == len(ACTIONS)
