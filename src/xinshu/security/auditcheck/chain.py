"""The check itself: signatures, chain, tree, anchors; it stops at the first thing that is not in order and names it.

Source: docs/audit.md section "Format"; RFC 6962 section 2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from xinshu.security.auditcheck.record import (
    DIGESTS,
    EXPORT_FORMAT,
    STUB_FORMAT,
    AnchorFound,
    Bad,
    Found,
    Keys,
    Kind,
    Report,
    Source,
    read_head,
    read_statement,
)

Digest = Callable[[bytes], bytes]
_START = "00" * 32
_LATE = timedelta(hours=1)


class MerkleRoot:
    """The root of leaves that come one after another: the peaks of perfect trees, joined at the end."""

    def __init__(self, digest: Digest) -> None:
        self._digest, self._peaks, self._count = digest, list[bytes](), 0

    def add(self, leaf: bytes) -> None:
        """Another leaf."""
        self._peaks.append(leaf)
        self._count += 1
        full = self._count
        while full % 2 == 0:
            right = self._peaks.pop()
            self._peaks[-1] = self._digest(b"\x01" + self._peaks[-1] + right)
            full //= 2

    def root(self) -> bytes:
        """Of all leaves so far; at least one."""
        root = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            root = self._digest(b"\x01" + peak + root)
        return root


@dataclass(slots=True)
class _Before:
    """What the next block has to follow. Before the first block of a part only its number is known."""

    number: int
    known: bool
    last: int = 0
    after: str = _START
    digest_of_head: str = _START


def check(
    source: Source,
    keys: Keys,
    anchors: Mapping[int, AnchorFound] | None = None,
    *,
    first_block: int = 1,
    last_block: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Check a record.

    Args:
        anchors: {block: anchor}, read before the source was opened; None: not compared, and the report says so.
        first_block, last_block: the part of the database that `source` gives; an export says that of itself.
        progress: told the number of rows after each block.
    Returns:
        The report; `bad` is the first thing wrong.
    """
    report = Report()
    if anchors is None:
        report.not_checked.append("未与另处存证比对：尾部被截去、持有签名密钥者的重写、退回旧状态不能发现")
    span, report.bad = _span(source, keys, first_block, last_block)
    if report.bad is None:
        purged, report.bad = _stubs(source, keys, report)
    before = _Before(span.first - 1, span.first == 1)
    blocks = source.blocks() if report.bad is None else iter(())
    for found in blocks:
        report.bad = _Block(found, keys, anchors, report).check(before, purged)
        if report.bad is not None:
            report.bad = _located(report.bad, blocks, anchors or {})
            break
        if progress is not None:
            progress(report.rows)
    if report.bad is None:
        report.bad = _end(source, anchors, before, span)
    report.unsealed = source.unsealed()
    return report


@dataclass(frozen=True, slots=True)
class _Span:
    """From which block to which, as it must be."""

    first: int
    last: int | None


def _span(source: Source, keys: Keys, first: int, last: int | None) -> tuple[_Span, Bad | None]:
    said = source.statement
    if said is None:
        return _Span(first, last), None
    facts = read_statement(said.statement, EXPORT_FORMAT)
    if facts is None or keys.signed(said.statement, said.signature) is None:
        return _Span(first, last), Bad(Kind.FORGED, 0, note="导出文件的首行")
    return _Span(facts["first_block"], facts["last_block"]), None


def _stubs(source: Source, keys: Keys, report: Report) -> tuple[set[int], Bad | None]:
    """The blocks whose rows may be gone, by signed stubs."""
    purged: set[int] = set()
    for each in source.stubs():
        facts = read_statement(each.statement, STUB_FORMAT)
        key = keys.signed(each.statement, each.signature)
        if facts is None or key is None:
            return purged, Bad(Kind.FORGED, 0 if facts is None else facts["first_block"], note="清理说明")
        report.keys.add(key)
        purged |= set(range(facts["first_block"], facts["last_block"] + 1))
    return purged, None


def _end(source: Source, anchors: Mapping[int, AnchorFound] | None, before: _Before, span: _Span) -> Bad | None:
    """Nothing may follow the last block, neither here nor among the anchors; an export reaches as far as it says."""
    number, following = before.number, before.last + 1 if before.known else None
    if span.last is not None:
        return Bad(Kind.CUT, number + 1, following) if number < span.last else None
    for bad in source.loose(before.last):
        return bad
    newer = [each for each in anchors or {} if each > number]
    return Bad(Kind.CUT, min(newer), following) if newer else None


@dataclass(slots=True)
class _Block:
    """A block under check."""

    found: Found
    keys: Keys
    anchors: Mapping[int, AnchorFound] | None
    report: Report

    def check(self, before: _Before, purged: set[int]) -> Bad | None:
        """Whether head, place, rows and anchor are in order; moves `before` on."""
        found, report = self.found, self.report
        head = read_head(found.head)
        key = None if head is None else self.keys.signed(found.head, found.signature)
        if head is None or key is None or head["block"] != found.number:
            return self._forged(before)
        anchor = (self.anchors or {}).get(found.number)
        if self.anchors is not None and anchor is None:
            if found.number < max(self.anchors, default=0):
                return Bad(Kind.ANCHOR_MISSING, found.number, head["first"])
            report.unanchored += 1
        if anchor is not None and anchor.head != found.head:
            return self._rewritten(head, anchor)
        if (bad := _follows(head, before, found.number)) is not None:
            return bad
        if found.number in purged:
            report.purged += head["rows"]
        elif (bad := self._rows(head, anchor)) is not None:
            return bad
        report.anchors += anchor is not None
        report.keys.add(key)
        report.blocks += 1
        report.first = report.first or head["first"]
        report.last = head["last"]
        before.number, before.known, before.last, before.after = found.number, True, head["last"], head["after"]
        before.digest_of_head = DIGESTS[head["hash"]](found.head.encode()).hex()
        return None

    def _rows(self, head: Mapping[str, Any], anchor: AnchorFound | None) -> Bad | None:
        """Long because every row of a million goes through this loop: nothing in it is a call that could be spared."""
        digest, number = DIGESTS[head["hash"]], self.found.number
        chain, seq, tree = bytes.fromhex(head["before"]), int(head["first"]), MerkleRoot(digest)
        sealed_at = datetime.strptime(head["sealed_at"], "%Y-%m-%dT%H:%M:%S.%f%z")
        late_before = f'"stored":"{sealed_at - _LATE:%Y-%m-%dT%H:%M:%S}'.encode()
        leaves = anchor.leaves if anchor is not None and len(anchor.leaves) == head["rows"] else ()
        last, late = head["last"], 0
        for row in self.found.rows:
            if row.seq != seq or row.text is None:
                if row.seq < seq or seq > last:
                    return Bad(Kind.ADDED, number, row.seq, row.entry)
                return Bad(Kind.MISSING, number, seq, row.entry if row.seq == seq else None)
            leaf = digest(b"\x00" + row.text)
            chain = digest(b"\x02" + chain + leaf)
            if chain != row.chain or (leaves and leaves[seq - head["first"]] != leaf):
                return Bad(Kind.CHANGED, number, seq, row.entry)
            tree.add(leaf)
            at = row.text.find(b'"stored":"')
            late += row.text[at : at + len(late_before)] < late_before
            seq += 1
        if seq <= last:
            return Bad(Kind.MISSING, number, seq)
        if chain.hex() != head["after"] or tree.root().hex() != head["root"]:
            return Bad(Kind.CHANGED, number, head["first"], note="区块内某条；没有存证可定位到条")
        self.report.rows += head["rows"]
        self.report.late += late
        return None

    def _forged(self, before: _Before) -> Bad:
        """A head nobody trusted has signed: of a rewritten block, whose first changed row the anchor can tell."""
        anchor = (self.anchors or {}).get(self.found.number)
        other = None if anchor is None else _first_other(self.found, anchor)
        seq, entry = other or (before.last + 1 if before.known else None, None)
        return Bad(Kind.FORGED, self.found.number, seq, entry)

    def _rewritten(self, head: Mapping[str, Any], anchor: AnchorFound) -> Bad:
        """The anchor tells another block: it counts if it is signed itself."""
        kept = read_head(anchor.head)
        if kept is None or self.keys.signed(anchor.head, anchor.signature) is None:
            return Bad(Kind.FORGED, self.found.number, head["first"], note="存证文件中的区块头")
        seq, entry = _first_other(self.found, anchor) or (kept["first"], None)
        return Bad(Kind.REWRITTEN, self.found.number, seq, entry)


def _first_other(found: Found, anchor: AnchorFound) -> tuple[int, int | None] | None:
    """The first row of a block that is not the one whose leaf was anchored, with its entry's number if it is there."""
    kept = read_head(anchor.head)
    if kept is None:
        return None
    digest, seq = DIGESTS[kept["hash"]], int(kept["first"])
    rows = {row.seq: row for row in found.rows}
    for leaf in anchor.leaves:
        row = rows.get(seq)
        if row is None or row.text is None or digest(b"\x00" + row.text) != leaf:
            return seq, None if row is None else row.entry
        seq += 1
    return None


def _located(bad: Bad, rest: Iterator[Found], anchors: Mapping[int, AnchorFound]) -> Bad:
    """A head was wrong though its rows are those anchored: the first row that is not may come in a later block."""
    if bad.kind not in {Kind.FORGED, Kind.REWRITTEN} or bad.entry is not None:
        return bad
    for found in rest:
        anchor = anchors.get(found.number)
        other = None if anchor is None else _first_other(found, anchor)
        if other is not None:
            return replace(bad, seq=other[0], entry=other[1], note=f"第一条被改动的记录在第 {found.number} 区块")
    return bad


def _follows(head: Mapping[str, Any], before: _Before, number: int) -> Bad | None:
    """Whether a block follows the one before it."""
    if number > before.number + 1:
        return Bad(Kind.MISSING, before.number + 1, before.last + 1 if before.known else None)
    joined = number == before.number + 1
    if joined and not before.known:
        return None
    joined = joined and head["first"] == before.last + 1
    if not joined or head["before"] != before.after or head["previous"] != before.digest_of_head:
        return Bad(Kind.BROKEN, number, head["first"])
    return None
