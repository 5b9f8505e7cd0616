"""Checking that one row is in the sealed record: the row, the siblings up to the root, the signed head."""

from __future__ import annotations

import json
from typing import Any

from xinshu.security.auditcheck.errors import RecordUnreadable
from xinshu.security.auditcheck.record import DIGESTS, PROOF_FORMAT, Keys, one_form, read_head

_DIGEST = 32


def check_proof(content: bytes, keys: Keys) -> tuple[bool, dict[str, Any]]:
    """Whether a proof holds, and the row it is about.

    Raises:
        RecordUnreadable: it has not the form of a proof.
    """
    try:
        proof = json.loads(content)
        text, head, signature, path = proof["row"], proof["head"], proof["signature"], proof["path"]
        row = json.loads(text)
        siblings = [(each[0], bytes.fromhex(each[1:])) for each in path]
        facts = read_head(head)
    except (ValueError, KeyError, TypeError, IndexError) as problem:
        raise RecordUnreadable("不是存证证明文件", fix="用 xinshu audit prove 出具") from problem
    if proof.get("format") != PROOF_FORMAT or facts is None or not isinstance(row, dict) or one_form(row) != text:
        return False, row if isinstance(row, dict) else {}
    seq = row.get("seq")
    if not isinstance(seq, int) or not facts["first"] <= seq <= facts["last"]:
        return False, row
    if [side for side, _ in siblings] != sides(seq - facts["first"], facts["rows"]):
        return False, row
    digest = DIGESTS[facts["hash"]]
    node = digest(b"\x00" + text.encode())
    for side, sibling in siblings:
        if len(sibling) != _DIGEST:
            return False, row
        node = digest(b"\x01" + (sibling + node if side == "L" else node + sibling))
    return node.hex() == facts["root"] and keys.signed(head, signature) is not None, row


def sides(index: int, count: int) -> list[str]:
    """On which sides the siblings of a leaf stand, from the leaf to the root, in a tree of `count` leaves."""
    found = []
    while count > 1:
        if index % 2:
            found.append("L")
        elif index + 1 < count:
            found.append("R")
        index, count = index // 2, (count + 1) // 2
    return found
