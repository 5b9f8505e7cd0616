"""Kept three years by the database's clock; what goes leaves a signed stub, and the record still verifies."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connections

from xinshu.security.audit import anchors
from xinshu.security.audit.errors import AnchorFailed
from xinshu.security.audit.retention import purge
from xinshu.security.auditcheck.record import Kind
from xinshu.security.auditcheck.sources import ExportSource

_YEARS = 3


@pytest.fixture
def aged(log, tamper):
    """Blocks 1 and 2 (8 rows) were stored three years and some days ago, block 3 (3 rows) just now."""

    def make(days: int):
        for table in ("entry", "block"):
            tamper(
                f"ALTER TABLE security_audit_{table} ALTER stored_at"
                f" SET DEFAULT now() - interval '{_YEARS} years' - interval '{days} days'"
            )
        log.seal(8)
        for table in ("entry", "block"):
            tamper(f"ALTER TABLE security_audit_{table} ALTER stored_at SET DEFAULT now()")
        log.seal(3)
        with connections["owner"].cursor() as cursor:
            for table in ("entry", "link", "block", "stub"):
                cursor.execute(f"ALTER TABLE security_audit_{table} ENABLE TRIGGER USER")
        return log

    return make


def _count(table: str) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM security_audit_{table}")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(("days", "gone"), [(1, True), (-1, False)])
def test_purged_a_day_after_three_years_and_not_a_day_before(aged, days, gone):
    log = aged(days)
    done = purge(log.sealer, log.now)
    assert (done is not None) is gone
    assert _count("entry") == (3 + 1 if gone else 11)


def test_the_chain_verifies_across_a_purge_and_the_purge_is_on_the_record(aged):
    log = aged(1)
    done = purge(log.sealer, log.now)
    assert (done.first_block, done.last_block, done.rows) == (1, 2, 8)
    assert purge(log.sealer, log.now) is None
    log.seal()
    report = log.check()
    assert (report.bad, report.purged, report.rows, report.blocks) == (None, 8, 4, 4)
    (stub,) = (log.anchors / "stubs").iterdir()
    assert json.loads(json.loads(stub.read_text(encoding="utf-8"))["statement"])["last"] == 8
    assert log.check(source=ExportSource(log.export())).purged == 8
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT detail FROM security_audit_entry WHERE action = 'audit.purge'")
        assert json.loads(cursor.fetchone()[0]) == {"first_block": 1, "last_block": 2, "rows": 8}


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        pytest.param(
            "UPDATE security_audit_stub SET statement = replace(statement, ':2,', ':3,')", Kind.FORGED, id="wider"
        ),
        pytest.param("DELETE FROM security_audit_stub", Kind.MISSING, id="gone"),
    ],
)
def test_a_forged_or_missing_stub_is_found(aged, tamper, statement, kind):
    log = aged(1)
    purge(log.sealer, log.now)
    tamper(statement)
    assert log.check().bad.kind is kind


def test_without_a_place_for_the_stub_nothing_is_purged(aged, monkeypatch):
    log = aged(1)

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(anchors, "_write", full)
    with pytest.raises(AnchorFailed):
        purge(log.sealer, log.now + timedelta(days=1))
    assert (_count("entry"), _count("stub")) == (11, 0)
