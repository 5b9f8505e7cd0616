"""Sealing: every committed entry once, in one chain, kept outside; nothing counts as anchored before all of it is."""

from __future__ import annotations

import errno
import os
from datetime import timedelta

import psycopg
import pytest
from django.db import connections, transaction

from xinshu.kernel.database import only_one
from xinshu.security.audit import anchors
from xinshu.security.audit import sealer as sealing
from xinshu.security.audit.errors import AnchorFailed, AnchorStale
from xinshu.security.audit.sealer import seal
from xinshu.security.audit.services import anchor_state, record, require_fresh

_INSERT = (
    "INSERT INTO security_audit_entry (at, actor, role, unit, address, action, object_ref, ticket, purpose, outcome, code,"
    " before_digest, after_digest, trace, detail) VALUES (now(), 'late', '', '', '', 'audit.view', '', '', '', 'done',"
    " '', '', '', '', '')"
)


def _links() -> list[tuple[int, str]]:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT l.seq, e.actor FROM security_audit_link l JOIN security_audit_entry e ON e.id = l.entry_id ORDER BY 1"
        )
        return cursor.fetchall()


def test_blocks_are_sealed_and_the_checker_finds_them_in_order(log):
    assert (log.seal(10).rows, log.seal(1).blocks, log.seal(0).rows) == (10, 1, 0)
    report = log.check()
    assert (report.bad, report.rows, report.blocks, report.anchors, report.unsealed) == (None, 11, 4, 4, 0)
    assert (report.first, report.last, report.keys) == (1, 11, {log.sealer.signer.key_id})


def test_an_empty_record_is_in_order_and_counts_as_anchored(log):
    log.seal()
    assert log.check().ok
    assert anchor_state(log.now).fresh


def test_texts_of_every_kind_are_sealed_as_they_are(log):
    for text in ("", '"\\', "\x01\x1f\x7f\n\t\r", "\u2028\u2029", "𠮷🙂", "é e\u0301", "ﬁ", "</script>", "NaN"):
        log.add(purpose=text, detail={"text": text, "number": -(2**53) + 1})
    log.seal()
    assert log.check().ok
    assert log.check(source=None, anchored=False).rows == 9


def test_who_commits_late_comes_into_a_later_block_and_nobody_is_skipped(log, database):
    with psycopg.connect(database.conninfo) as slow, psycopg.connect(database.conninfo) as rolled_back:
        slow.execute(_INSERT)
        rolled_back.execute(_INSERT)
        log.seal(3)
        assert [actor for _, actor in _links()] == ["u-17"] * 3
        log.seal(2)
        slow.commit()
        rolled_back.rollback()
    log.seal(1)
    assert _links() == [*((seq, "u-17") for seq in range(1, 6)), (6, "late"), (7, "u-17")]
    assert log.check().ok


def test_a_restored_server_that_counts_transactions_anew_skips_nothing(log, tamper):
    log.seal(2)
    tamper("UPDATE security_audit_watch SET settled_xact = 9000000000")
    log.seal(2)
    assert len(_links()) == 4
    log.add(1)
    tamper(
        "UPDATE security_audit_entry SET xact = 3 WHERE id = 5"
    )  # an entry below the mark: only a thorough pass looks
    assert seal(log.sealer, log.now).rows == 0
    assert seal(log.sealer, log.now, thorough=True).rows == 1
    assert log.check().ok


def test_only_one_process_seals_at_a_time(log):
    log.add(1)
    with only_one("xinshu.audit.sealer") as alone:
        assert alone
        assert log.seal() is None
    assert not anchor_state(log.now).fresh
    assert log.seal().rows == 1


def test_passes_right_after_one_another_all_work(log):
    for _ in range(300):
        with only_one("xinshu.audit.sealer") as alone:
            assert alone
    with pytest.raises(ZeroDivisionError), only_one("xinshu.audit.sealer"):
        1 / 0  # noqa: B018
    with only_one("xinshu.audit.sealer") as alone:
        assert alone


def test_the_checks_of_sm3_and_sha256_records_are_the_same(log):
    log.seal(2)
    log.sealer = sealing.Sealer(log.sealer.signer, log.sealer.anchors, timedelta(minutes=15), "sha256", 4)
    log.seal(6)
    assert (log.check().bad, log.check().rows) == (None, 8)


# Failures: nothing is unrecorded, sensitive reads wait, and begin again by themselves.


def _refused(log) -> bool:
    try:
        with transaction.atomic():
            record(log.make_entry(at=log.now), sensitive=True)
    except AnchorStale:
        return True
    return False


def test_with_the_sealer_killed_sensitive_reads_end_in_time_and_begin_again(log):
    log.seal(1)
    log.now += timedelta(minutes=15)
    assert not _refused(log)
    log.now += timedelta(seconds=1)
    assert _refused(log)
    with pytest.raises(AnchorStale):
        require_fresh(log.now)
    log.seal()
    assert not _refused(log)
    log.seal()
    assert log.check().rows == 3


@pytest.mark.parametrize("place", ["open", "fsync", "rename"])
def test_with_the_disk_of_the_anchors_full_reads_end_in_time_and_begin_again(log, monkeypatch, place):
    log.seal(1)

    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(
            *{"open": (anchors.os, "open"), "fsync": (anchors.os, "fsync"), "rename": (anchors.Path, "rename")}[place],
            full,
        )
        for _ in range(3):
            with pytest.raises(AnchorFailed):
                log.seal(2)
        log.now += timedelta(minutes=15)
        assert _refused(log)
    log.seal()
    assert not _refused(log)
    assert not list(log.anchors.rglob(".*")), "no half-written file is left"
    assert (log.check().bad, log.check().rows, log.check().anchors) == (None, 7, 4)


def test_an_anchor_that_went_missing_or_was_changed_stops_the_clock(log):
    log.seal(1)
    path = log.sealer.anchors.path(1)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"sm2:", b"sm2;"))
    with pytest.raises(AnchorFailed):
        log.seal()
    path.unlink()
    with pytest.raises(AnchorFailed):
        log.seal()
    assert anchor_state(log.now).checked_at == log.now - timedelta(minutes=2)
    path.write_bytes(content)
    log.seal()
    assert anchor_state(log.now).checked_at == log.now


def test_an_anchor_is_never_overwritten(log, tamper):
    log.seal(1)
    log.add(1)
    log.sealer.anchors.path(2).write_bytes(b"{}")
    with pytest.raises(AnchorFailed, match="已存在"):
        log.seal()
    assert log.sealer.anchors.path(2).read_bytes() == b"{}"


@pytest.mark.parametrize("step", range(1, 12))
def test_killed_at_any_step_the_next_pass_finishes(log, monkeypatch, step):
    """The sealer dies at its n-th piece of input or output; whatever was done, the next pass makes it whole."""
    log.seal(3)
    log.add(9)
    seen = [0]

    def dying(call):
        def run(*args: object, **kwargs: object):
            seen[0] += 1
            if seen[0] == step:
                raise KeyboardInterrupt
            return call(*args, **kwargs)

        return run

    with monkeypatch.context() as patch:
        for owner, name in [
            (sealing, "bulk_transaction"),
            (anchors, "_write"),
            (sealing, "_mark"),
            (sealing, "_copy_links"),
        ]:
            patch.setattr(owner, name, dying(getattr(owner, name)))
        try:
            log.seal()
        except KeyboardInterrupt:
            assert not anchor_state(log.now + timedelta(minutes=14, seconds=30)).fresh
    log.seal(1)
    report = log.check()
    assert (report.bad, report.rows, report.unanchored, report.unsealed) == (None, 13, 0, 0)
    assert len({actor for _, actor in _links()}) == 1
