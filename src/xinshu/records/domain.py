"""Pure parts of the store: digests of identity and content, publicity of a record, what a load returns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntFlag
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.domain import CatalogueItem
from xinshu.kernel.cells import PADDING, Bytes, Places, Texts
from xinshu.rules.domain import PenaltyFacts, PublicityVerdict, Rules
from xinshu.rules.publicity import publicity_on
from xinshu.security.crypto.many_digests import sha256_rows

OPEN_ENDED = date(2099, 12, 31)
DIGEST_BYTES = 16
PARTITIONS = 16
"""Of the store, by the hash of the counterpart (migration 0001)."""
DOCUMENT_BYTES = 8
NO_DAY = -(2**31)
"""Stands for an absent date among day numbers (since 1970-01-01)."""


class Marks(IntFlag):
    """What stands beside a record without changing it."""

    LATE = 1  # received after the reporting deadline
    DEFAULT_CLASS = 2  # severity by default, the authority named none
    CLOSED_SUBJECT = 4  # the subject was cancelled or revoked before the event


@dataclass(frozen=True, slots=True)
class LoadContext:
    """One batch being loaded: what is the same for all its rows."""

    item: CatalogueItem
    item_id: int
    catalogue: Mapping[int, CatalogueItem]  # every item by its number
    batch_id: int
    supplier: str
    region: int | None
    received_at: datetime
    today: date  # the Shanghai day of received_at
    file: str
    file_bytes: int
    rules: Rules
    confirmed: bool = False  # the supplier has confirmed what is in doubt


FACTS = ("row_no", "late", "event_date", "ends_on", "shown", "person")
"""Rows of `Accepted.facts`: number in the file; received after the deadline; dates as day numbers; the item's own condition
of publicity holds; about a natural person. Flags are 0 and 1."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Rows of a file that passed its checks; `collection.preparation.prepare` says what the texts are.

    `facts`: shape (len(FACTS), rows).
    """

    facts: npt.NDArray[np.int64]
    texts: Texts

    @classmethod
    def nothing(cls) -> Self:
        """No rows."""
        places = np.zeros((0, 0), dtype=np.int32)
        return cls(
            np.zeros((len(FACTS), 0), dtype=np.int64), Texts((), np.zeros(PADDING, dtype=np.uint8), places, places)
        )

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.facts.shape[1])

    def fact(self, name: str) -> npt.NDArray[np.int64]:
        """One of them for every row."""
        values: npt.NDArray[np.int64] = self.facts[FACTS.index(name)]
        return values


@dataclass(slots=True)
class Taken:
    """What became of one chunk. `doubtful` are row numbers the store's rules held back; `months` counts by event month:
    {month: [new, updated, unchanged, unlinked, late]}; late are those among the new: a row sent again is not late again."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    unlinked: int = 0
    doubtful: list[int] = field(default_factory=list)
    findings: pl.DataFrame = field(default_factory=pl.DataFrame)
    months: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Digester:
    """Digests texts (UTF-8) to 16 bytes: the beginning of the SHA-256 of secret and text.

    Without the secret nobody can test a guess about an identity or a content against the stored digest.
    """

    secret: bytes

    def one(self, text: bytes) -> bytes:
        """Of one text."""
        return hashlib.sha256(self.secret + text).digest()[:DIGEST_BYTES]

    def columns(self, texts: Texts, *columns: str) -> npt.NDArray[np.uint8]:
        """Of each row's texts in these columns one after another; shape (rows, 16)."""
        places = [texts.place(column) for column in columns]
        digests = sha256_rows(self.secret, texts.buffer, texts.starts[places], texts.sizes[places])
        return digests[:, :DIGEST_BYTES].copy()


def document_digests(buffer: Bytes, starts: Places, sizes: Places) -> Bytes:
    """`document_digest` of many keys; shapes (1, rows), of the answer (rows, 8)."""
    return sha256_rows(b"", buffer, starts, sizes)[:, :DOCUMENT_BYTES].copy()


def document_digest(key: bytes) -> bytes:
    """What a record is found by in the index of document numbers: eight bytes of the digest of a `document_key`.

    No secret: the numbers stand on public pages. Two numbers may share it, so whoever finds by it compares the numbers.
    """
    return hashlib.sha256(key).digest()[:DOCUMENT_BYTES]


@dataclass(frozen=True, slots=True)
class Publicity:
    """When a record is public: from, earliest repair, first day no longer shown; all None when it never is."""

    rule_set: str | None = None
    severity: str | None = None
    public_from: date | None = None
    repair_from: date | None = None
    public_until: date | None = None
    default_class: bool = False


@dataclass(frozen=True, slots=True)
class PublicityFacts:
    """What the publicity of one record depends on; equal facts have equal dates."""

    event_date: date | None
    ends_on: date | None
    kinds: str
    severity: str
    domain: str
    procedure: str
    person: bool
    shown: bool


def judge_publicity(item: CatalogueItem, facts: PublicityFacts, today: date, rules: Rules) -> Publicity:
    """The dates of one record as the rules say on the day it is received.

    Source: docs/rules.md section 4 for penalties; permits and lists architecture.md section 9.
    """
    way = item.publicity.by
    if way == "none" or not facts.shown or (facts.person and not item.publicity.natural_persons):
        return Publicity()
    if way == "penalty":
        return _penalty(facts, today, rules)
    if way == "until-removal":
        return Publicity(public_from=today, public_until=facts.ends_on)
    return Publicity(public_from=today)  # a permit stays after its end, shown as 已过期


def _penalty(facts: PublicityFacts, today: date, rules: Rules) -> Publicity:
    if facts.event_date is None:
        return Publicity()
    kinds = tuple(kind.split("-")[0] for kind in facts.kinds.split("；") if kind)
    verdict: PublicityVerdict = publicity_on(
        PenaltyFacts(
            facts.event_date,
            kinds,
            facts.severity or None,
            facts.domain or None,
            facts.procedure or None,
            facts.person,
        ),
        today,
        rules.publicity,
        rules.transition,
    )
    if not verdict.shown:
        return Publicity(verdict.rule_set, verdict.severity, default_class=verdict.default_class)
    return Publicity(
        verdict.rule_set,
        verdict.severity,
        verdict.shown_from,
        verdict.earliest_repair,
        verdict.stop_on,
        verdict.default_class,
    )
