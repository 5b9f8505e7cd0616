"""Tampering by somebody who owns the database: every kind is found, and the first bad row is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.security.audit.conftest import Log

from xinshu.kernel.database import bulk_transaction
from xinshu.security.audit.anchors import AnchorStore
from xinshu.security.audit.errors import NothingSealed
from xinshu.security.audit.exporting import prove
from xinshu.security.audit.format import path_to, root_of
from xinshu.security.auditcheck.chain import MerkleRoot
from xinshu.security.auditcheck.errors import RecordUnreadable
from xinshu.security.auditcheck.proofs import check_proof, sides
from xinshu.security.auditcheck.record import Keys, Kind
from xinshu.security.auditcheck.sources import ExportSource
from xinshu.security.crypto import signer, sm3


@pytest.fixture
def full(log: Log) -> Log:
    """Eleven rows in blocks of 4, 4, 3."""
    for number in range(11):
        log.add(actor=f"u-{number + 1}")
    log.seal()
    assert log.check().ok
    return log


_SWAP = """UPDATE security_audit_link SET entry_id = CASE seq WHEN 6 THEN -7 WHEN 7 THEN -6 END WHERE seq IN (6, 7);
UPDATE security_audit_link SET entry_id = -entry_id WHERE entry_id < 0"""
_INSERTED = """INSERT INTO security_audit_entry OVERRIDING SYSTEM VALUE
    SELECT 99, stored_at, xact, at, 'u-x', role, unit, address, action, object_ref, ticket, purpose, outcome, code,
    before_digest, after_digest, trace, detail FROM security_audit_entry WHERE id = 6"""


@pytest.mark.parametrize(
    ("statements", "kind", "seq"),
    [
        pytest.param(["UPDATE security_audit_entry SET actor = 'u-0' WHERE id = 6"], Kind.CHANGED, 6, id="edit"),
        pytest.param(["UPDATE security_audit_entry SET detail = ' ' WHERE id = 6"], Kind.CHANGED, 6, id="edit detail"),
        pytest.param(["UPDATE security_audit_entry SET stored_at = at WHERE id = 6"], Kind.CHANGED, 6, id="edit time"),
        pytest.param(["DELETE FROM security_audit_entry WHERE id = 6"], Kind.MISSING, 6, id="delete entry"),
        pytest.param(
            ["DELETE FROM security_audit_entry WHERE id = 6", "DELETE FROM security_audit_link WHERE seq = 6"],
            Kind.MISSING, 6, id="delete entry and link",
        ),
        pytest.param(
            [_INSERTED, "UPDATE security_audit_link SET entry_id = 99 WHERE seq = 6"], Kind.CHANGED, 6, id="insert in place"
        ),
        pytest.param(
            [_INSERTED, "INSERT INTO security_audit_link VALUES (12, 99, 3, '\\x00')"], Kind.ADDED, 12, id="insert behind"
        ),
        pytest.param([_SWAP], Kind.CHANGED, 6, id="reorder"),
        pytest.param(
            ["DELETE FROM security_audit_link WHERE seq > 8", "DELETE FROM security_audit_entry WHERE id > 8",
             "DELETE FROM security_audit_block WHERE number = 3"], Kind.CUT, 9, id="cut tail",
        ),
        pytest.param(
            ["DELETE FROM security_audit_block WHERE number = 2"], Kind.MISSING, 5, id="block missing"
        ),
        pytest.param(
            ["UPDATE security_audit_block b SET head = a.head, signature = a.signature FROM security_audit_block a"
             " WHERE a.number = 2 AND b.number = 3"], Kind.FORGED, 9, id="old head in a new place",
        ),
        pytest.param(
            ["UPDATE security_audit_block SET signature = replace(signature, ':M', ':N') WHERE number = 2"],
            Kind.FORGED, 5, id="signature",
        ),
    ],
)  # fmt: skip
def test_tampering_is_found_and_the_first_bad_row_named(full, tamper, statements, kind, seq):
    tamper(*statements)
    bad = full.check().bad
    assert (bad.kind, bad.seq) == (kind, seq)
    assert f"第 {seq} 条" in bad.message


def _rewrite(log: Log, tamper, other_key: bool) -> None:
    """Change row 6 and seal everything anew, as somebody with the tables, and perhaps with the signing key."""
    tamper(
        "UPDATE security_audit_entry SET actor = 'nobody' WHERE id = 6",
        "DELETE FROM security_audit_link",
        "DELETE FROM security_audit_block",
        "UPDATE security_audit_watch SET anchored_block = 0, settled_xact = 0",
    )
    kept = log.sealer
    home = log.home.parent / "thief"
    home.mkdir()
    log.sealer = type(kept)(
        signer(home, "audit") if other_key else kept.signer, AnchorStore(home / "anchors"), kept.stale_after, "sm3", 4
    )
    log.seal()
    log.sealer = kept


@pytest.mark.parametrize(
    ("other_key", "kind"),
    [pytest.param(True, Kind.FORGED, id="own key"), pytest.param(False, Kind.REWRITTEN, id="the key")],
)
def test_a_rewritten_record_is_found_and_its_first_changed_row_named(full, tamper, other_key, kind):
    _rewrite(full, tamper, other_key)
    bad = full.check().bad
    assert (bad.kind, bad.block, bad.seq, bad.entry) == (kind, 1, 6, 6)  # every head differs: its time of sealing does
    assert "第 2 区块" in bad.message


def test_a_row_rewritten_with_chain_and_tree_is_named_by_the_anchor(full, tamper):
    """Row 6 is changed and its block's head made anew and signed: the anchor still has the old leaves."""
    tamper(
        "UPDATE security_audit_entry SET actor = 'nobody' WHERE id = 6",
        "DELETE FROM security_audit_link WHERE block >= 2",
        "DELETE FROM security_audit_block WHERE number >= 2",
        "UPDATE security_audit_watch SET anchored_block = 1, settled_xact = 0",
    )
    kept = full.sealer
    full.sealer = type(kept)(kept.signer, AnchorStore(full.home / "other"), kept.stale_after, "sm3", 4)
    full.sealer.anchors.folder.mkdir()
    shutil.copytree(kept.anchors.folder, full.sealer.anchors.folder, dirs_exist_ok=True)
    for number in (2, 3):
        full.sealer.anchors.path(number).unlink()
    full.seal()
    full.sealer = kept
    bad = full.check().bad
    assert (bad.kind, bad.block, bad.seq, bad.entry) == (Kind.REWRITTEN, 2, 6, 6)


def test_a_database_put_back_to_an_older_state_is_found(full, tamper):
    """All of it is in order by itself: only the anchors know that there was more."""
    tamper(
        "DELETE FROM security_audit_link WHERE seq > 8",
        "DELETE FROM security_audit_entry WHERE id > 8",
        "DELETE FROM security_audit_block WHERE number > 2",
    )
    alone = full.check(anchored=False)
    assert alone.ok
    assert alone.not_checked
    assert (full.check().bad.kind, full.check().bad.seq) == (Kind.CUT, 9)


def test_missing_and_foreign_anchors_are_found(full, tmp_path):
    path = full.sealer.anchors.path(2)
    content = path.read_bytes()
    path.unlink()
    assert full.check().bad.kind is Kind.ANCHOR_MISSING
    path.write_bytes(content.replace(b'\\"after\\":\\"', b'\\"after\\":\\"0'))
    assert full.check().bad.kind is Kind.FORGED
    path.write_bytes(b"no json")
    assert full.check().bad.kind is Kind.FORGED


def test_anchors_that_are_still_to_come_are_counted_not_complained_of(full):
    full.sealer.anchors.path(3).unlink()
    report = full.check()
    assert (report.bad, report.unanchored) == (None, 1)


def test_a_strange_key_vouches_for_nothing(full, tmp_path):
    other = Log(tmp_path / "home2", full.sealer, full.make_entry)
    other.home.mkdir()
    signer(other.home, "audit")
    assert other.check().bad.kind is Kind.FORGED


def test_a_key_file_without_a_key_is_refused():
    with pytest.raises(RecordUnreadable):
        Keys(b"hello")


# An export, checked with nothing else at hand.


def test_an_export_is_checked_without_the_database(full):
    report = full.check(source=ExportSource(full.export()))
    assert (report.bad, report.rows, report.blocks, report.anchors) == (None, 11, 3, 3)


def test_a_part_of_the_record_is_checked_by_itself(full):
    report = full.check(source=ExportSource(full.export(2, 2)))
    assert (report.bad, report.rows, report.first, report.last) == (None, 4, 5, 8)


def _lines(path: Path, change) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join(change(lines)), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "kind", "seq"),
    [
        pytest.param(lambda ls: [each.replace('"u-6"', '"u-0"') for each in ls], Kind.CHANGED, 6, id="edit"),
        pytest.param(lambda ls: [each for each in ls if '"u-6"' not in each], Kind.MISSING, 6, id="delete"),
        pytest.param(lambda ls: [*ls[:9], ls[8], *ls[9:]], Kind.ADDED, 6, id="insert"),
        pytest.param(lambda ls: [*ls[:8], ls[9], ls[8], *ls[10:]], Kind.MISSING, 6, id="reorder"),
        pytest.param(lambda ls: ls[:11], Kind.CUT, 9, id="cut at a block"),
        pytest.param(lambda ls: [*ls[:12], ""], Kind.MISSING, 9, id="cut in a block"),
        pytest.param(lambda ls: [ls[0], *ls[6:]], Kind.MISSING, 1, id="head cut"),
        pytest.param(
            lambda ls: [ls[0].replace('"last_block":3', '"last_block":2'), *ls[1:]], Kind.FORGED, None, id="first line"
        ),
        pytest.param(
            lambda ls: [each.replace('"unit":"1', '"unit": "1') for each in ls], Kind.CHANGED, 1, id="another form"
        ),
    ],
)
def test_a_changed_export_is_found(full, change, kind, seq):
    path = full.export()
    _lines(path, change)
    bad = full.check(source=ExportSource(path)).bad
    assert (bad.kind, bad.seq) == (kind, seq)


@pytest.mark.parametrize("content", ["", "hello\n", "xinshu-audit-export-1\twhole\n"])
def test_what_is_no_export_is_refused(tmp_path, content):
    path = tmp_path / "x"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RecordUnreadable):
        ExportSource(path)


def test_exporting_nothing_is_refused(log):
    with pytest.raises(NothingSealed):
        log.export()


# Proofs of single rows.


def _proof(log: Log, seq: int) -> dict:
    with bulk_transaction() as bulk:
        return json.loads(prove(bulk, seq))


@pytest.mark.parametrize("seq", range(1, 12))
def test_a_row_is_proved_to_be_in_the_record(full, seq):
    holds, row = check_proof(json.dumps(_proof(full, seq)).encode(), full.keys)
    assert (holds, row["actor"], row["seq"]) == (True, f"u-{seq}", seq)


def test_there_is_no_proof_of_a_row_that_is_not_there(full):
    with pytest.raises(NothingSealed):
        _proof(full, 12)


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda p: p.update(row=p["row"].replace("u-6", "u-7")), id="row"),
        pytest.param(lambda p: p.update(row=p["row"].replace(":", ": ", 1)), id="another form"),
        pytest.param(lambda p: p.update(row=p["row"].replace('"seq":6', '"seq":5')), id="number"),
        pytest.param(lambda p: p.update(row=p["row"].replace('"seq":6', '"seq":60')), id="number outside"),
        pytest.param(lambda p: p.update(path=p["path"][:-1]), id="short path"),
        pytest.param(lambda p: p.update(path=[*p["path"], p["path"][0]]), id="long path"),
        pytest.param(lambda p: p.update(path=[each.swapcase() for each in p["path"]]), id="sides"),
        pytest.param(lambda p: p.update(path=["L" + each[1:] for each in p["path"]]), id="other sides"),
        pytest.param(lambda p: p.update(path=["L00", *p["path"][1:]]), id="short sibling"),
        pytest.param(lambda p: p.update(head=p["head"].replace('"block":2', '"block":3')), id="head"),
        pytest.param(lambda p: p.update(signature="sm2:x:eA=="), id="signature"),
        pytest.param(lambda p: p.update(signature="none"), id="no signature"),
        pytest.param(lambda p: p.update(format="xinshu-audit-proof-2"), id="form"),
    ],
)
def test_a_forged_proof_does_not_hold(full, forge):
    proof = _proof(full, 6)
    forge(proof)
    assert check_proof(json.dumps(proof).encode(), full.keys)[0] is False


def test_a_proof_with_another_blocks_head_does_not_hold(full):
    proof, other = _proof(full, 6), _proof(full, 2)
    proof.update(head=other["head"], signature=other["signature"])
    assert check_proof(json.dumps(proof).encode(), full.keys)[0] is False


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"row": 1}', b"\xff"])
def test_what_is_no_proof_is_refused(full, content):
    with pytest.raises(RecordUnreadable):
        check_proof(content, full.keys)


@pytest.mark.parametrize("count", range(1, 20))
def test_tree_and_paths_of_every_shape_agree(count):
    """The writer's tree, the checker's, and RFC 6962's definition."""
    leaves = [sm3(bytes([number])) for number in range(count)]

    def defined(part: list[bytes]) -> bytes:
        if len(part) == 1:
            return part[0]
        split = 1 << ((len(part) - 1).bit_length() - 1)
        return sm3(b"\x01" + defined(part[:split]) + defined(part[split:]))

    tree = MerkleRoot(sm3)
    for leaf in leaves:
        tree.add(leaf)
    assert root_of(leaves, sm3) == tree.root() == defined(leaves)
    for index in range(count):
        assert [each[0] for each in path_to(leaves, index, sm3)] == sides(index, count)
