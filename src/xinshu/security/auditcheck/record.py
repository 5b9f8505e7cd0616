"""What a checker is given, whatever it comes from: blocks with their rows, anchors, stubs, and what lies loose."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from xinshu.security.auditcheck.errors import RecordUnreadable
from xinshu.security.crypto import Signature, key_id_of, sha256, sm3, verify_signature

FORMAT = "xinshu-audit-1"
STUB_FORMAT = "xinshu-audit-stub-1"
PROOF_FORMAT = "xinshu-audit-proof-1"
EXPORT_FORMAT = "xinshu-audit-export-1"
DIGESTS = {"sm3": sm3, "sha256": sha256}
_HEAD = {"after": str, "before": str, "block": int, "first": int, "format": str, "hash": str, "last": int} | {
    "previous": str,
    "root": str,
    "rows": int,
    "sealed_at": str,
}
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_PEM_END = b"-----END PUBLIC KEY-----"


class Kind(StrEnum):
    """What was found wrong."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    CUT = "cut"
    FORGED = "forged"
    REWRITTEN = "rewritten"
    BROKEN = "broken"
    ANCHOR_MISSING = "anchor_missing"


WORDS = {
    Kind.CHANGED: "记录内容与封存时不一致（被改动或调换次序）",
    Kind.MISSING: "封存过的记录不见了",
    Kind.ADDED: "出现未经封存却占有序号的记录",
    Kind.CUT: "存证中的后续区块在库中不存在（尾部被截去或数据库退回旧状态）",
    Kind.FORGED: "区块头或说明的签名不是由所给公钥的密钥作出",
    Kind.REWRITTEN: "区块与另处存证的不一致（被整体重写）",
    Kind.BROKEN: "区块之间不衔接",
    Kind.ANCHOR_MISSING: "区块没有另处存证",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row as found: its place, the entry it names, its bytes in the one form (None: gone), the chain kept with it."""

    seq: int
    entry: int
    text: bytes | None
    chain: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """A block as found. `rows`: to be read once, in order, before the next block."""

    number: int
    head: str
    signature: str
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class AnchorFound:
    """A head as it was found in the place of anchors."""

    head: str
    signature: str
    leaves: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StubFound:
    """A stub as it was found."""

    statement: str
    signature: str


class Source(Protocol):
    """Where the record comes from."""

    @property
    def statement(self) -> StubFound | None:
        """What an export says of itself: from which block to which, signed. None for the database."""

    def stubs(self) -> list[StubFound]:
        """All stubs, in order."""

    def blocks(self) -> Iterator[Found]:
        """The blocks, in order."""

    def loose(self, last_seq: int) -> Iterator[Bad]:
        """What lies beyond the last block but has a place in the chain. Asked after the blocks."""

    def unsealed(self) -> int | None:
        """Entries that wait for being sealed; None when the source does not know."""


@dataclass(frozen=True, slots=True)
class Bad:
    """The first thing that is not in order."""

    kind: Kind
    block: int
    seq: int | None = None
    entry: int | None = None
    note: str = ""

    @property
    def message(self) -> str:
        """In words."""
        place = f"第 {self.block} 区块" + (f"第 {self.seq} 条" if self.seq is not None else "")
        number = f"（记录编号 {self.entry}）" if self.entry else ""
        return f"{place}{number}：{WORDS[self.kind]}{'；' + self.note if self.note else ''}"


@dataclass(slots=True)
class Report:
    """What was checked and what came of it."""

    blocks: int = 0
    rows: int = 0
    first: int = 0
    last: int = 0
    anchors: int = 0
    unanchored: int = 0
    purged: int = 0
    late: int = 0
    unsealed: int | None = None
    bad: Bad | None = None
    not_checked: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    @property
    def ok(self) -> bool:
        """Nothing wrong was found."""
        return self.bad is None


class Keys:
    """The public keys that are trusted."""

    def __init__(self, pem: bytes) -> None:
        self._by_id: dict[str, bytes] = {}
        for part in pem.split(_PEM_END)[:-1]:
            one = part.strip() + b"\n" + _PEM_END + b"\n"
            self._by_id[key_id_of(one)] = one
        if not self._by_id:
            raise RecordUnreadable("公钥文件中没有公钥", fix="用 xinshu audit public-key -o 文件 导出审计公钥")

    def signed(self, message: str, signature: str) -> str | None:
        """The id of the key that signed the message; None when none of them did."""
        try:
            found = Signature.parse(signature)
        except ValueError:
            return None
        key = self._by_id.get(found.key_id)
        return found.key_id if key is not None and verify_signature(message.encode(), found, key) else None


def read_head(text: str) -> Mapping[str, Any] | None:
    """A head's facts when it has the one form it may have, else None."""
    facts = _json(text)
    if facts is None or set(facts) != set(_HEAD) or facts["format"] != FORMAT:
        return None
    well = all(type(facts[name]) is kind for name, kind in _HEAD.items())
    well = well and facts["hash"] in DIGESTS and facts["last"] - facts["first"] + 1 == facts["rows"] > 0
    return facts if well and one_form(facts) == text else None


def read_statement(text: str, form: str) -> Mapping[str, Any] | None:
    """The same for what is said of a run of blocks: a stub, or the first line of an export."""
    facts = _json(text)
    if facts is None or facts.get("format") != form or one_form(facts) != text:
        return None
    first, last = facts.get("first_block"), facts.get("last_block")
    return facts if isinstance(first, int) and isinstance(last, int) else None


def one_form(facts: Mapping[str, Any]) -> str:
    """JSON by RFC 8785 for facts with ASCII names and texts or whole numbers."""
    return _ENCODER.encode(facts)


def _json(text: str) -> dict[str, Any] | None:
    try:
        facts = json.loads(text)
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None
