"""The sealed form of the record, as it is written: rows, leaves, chain, Merkle tree, heads, stubs.

docs/audit.md section "Format" binds; `xinshu.security.auditcheck` follows the same page with code of its own.
Source: RFC 8785 (one form of JSON), RFC 6962 section 2.1 (tree and proofs), GB/T 32905-2016 (SM3).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Any

from xinshu.security.crypto import sha256, sm3

Hash = Callable[[bytes], bytes]
HASHES: Mapping[str, Hash] = {"sm3": sm3, "sha256": sha256}
BEGINNING = bytes(32)
HEAD_FORMAT, STUB_FORMAT = "xinshu-audit-1", "xinshu-audit-stub-1"
EXPORT_FORMAT, PROOF_FORMAT = "xinshu-audit-export-1", "xinshu-audit-proof-1"
_LEAF, _NODE, _CHAIN = b"\x00", b"\x01", b"\x02"

# The values of an entry in the order `row_text` takes them; instants as text, to the microsecond.
_INSTANT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
ROW_COLUMNS = (
    f"e.action, e.actor, e.address, e.after_digest, {_INSTANT.format('e.at')}, e.before_digest, e.code, e.detail, e.id,"
    f" encode(e.object_ref, 'hex'), e.outcome, e.purpose, e.role, {_INSTANT.format('e.stored_at')}, e.ticket, e.trace, e.unit"
)


@dataclass(frozen=True, slots=True)
class Head:
    """What is signed of a block."""

    block: int
    first: int
    last: int
    before: bytes
    after: bytes
    root: bytes
    previous: bytes
    sealed_at: datetime
    hash_name: str

    def text(self) -> str:
        """In its one form."""
        return canonical(
            {
                "after": self.after.hex(),
                "before": self.before.hex(),
                "block": self.block,
                "first": self.first,
                "format": HEAD_FORMAT,
                "hash": self.hash_name,
                "last": self.last,
                "previous": self.previous.hex(),
                "root": self.root.hex(),
                "rows": self.last - self.first + 1,
                "sealed_at": instant(self.sealed_at),
            }
        )


def row_text(seq: int, values: Sequence[Any]) -> str:
    """A row in its one form: JSON by RFC 8785, keys in order, every one there. `values`: as `ROW_COLUMNS`."""
    (action, actor, address, after, at, before, code, detail, number, obj, outcome, purpose, role, stored, *rest) = (
        values
    )
    ticket, trace, unit = rest
    q = _quoted
    return (
        f'{{"action":{q(action)},"actor":{q(actor)},"address":{q(address)},"after":{q(after)},"at":"{at}",'
        f'"before":{q(before)},"code":{q(code)},"detail":{q(detail)},"id":{number},"object":"{obj}",'
        f'"outcome":"{outcome}","purpose":{q(purpose)},"role":{q(role)},"seq":{seq},"stored":"{stored}",'
        f'"ticket":{q(ticket)},"trace":{q(trace)},"unit":{q(unit)}}}'
    )


def leaf_of(row: bytes, digest: Hash) -> bytes:
    """The leaf of a row."""
    return digest(_LEAF + row)


def chained(before: bytes, leaf: bytes, digest: Hash) -> bytes:
    """The chain's value after a row."""
    return digest(_CHAIN + before + leaf)


def root_of(leaves: Sequence[bytes], digest: Hash) -> bytes:
    """The root of a Merkle tree; an odd node at the end of a level moves up as it is, which gives RFC 6962's tree."""
    level = list(leaves)
    while len(level) > 1:
        paired = [digest(_NODE + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = [*paired, level[-1]] if len(level) % 2 else paired
    return level[0]


def path_to(leaves: Sequence[bytes], index: int, digest: Hash) -> list[str]:
    """The siblings from a leaf up to the root, hexadecimal, each with the side it stands on: `L…` or `R…`."""
    level, path = list(leaves), []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(("L" if sibling < index else "R") + level[sibling].hex())
        paired = [digest(_NODE + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = [*paired, level[-1]] if len(level) % 2 else paired
        index //= 2
    return path


def canonical(facts: Mapping[str, str | int]) -> str:
    """Facts with ASCII names and texts or whole numbers, by RFC 8785."""
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def instant(moment: datetime) -> str:
    """UTC, to the microsecond: `2026-11-22T02:00:00.000000Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
