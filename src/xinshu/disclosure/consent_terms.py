"""Terms of a consent, their canonical form that is signed, and whether a use fits them. Pure.

Source: security.md section 4 (consent artefact) [proposed].
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from xinshu.disclosure.errors import (
    ConsentDaily,
    ConsentExpired,
    ConsentNotYet,
    ConsentOther,
    ConsentPaused,
    ConsentRefused,
    ConsentRevoked,
    ConsentScope,
    ConsentUsedUp,
)


class ConsentState(StrEnum):
    """Where a consent stands."""

    ASKED = "asked"
    GIVEN = "given"
    PAUSED = "paused"
    REVOKED = "revoked"
    EXPIRED = "expired"
    USED_UP = "used_up"


ENDED = frozenset({ConsentState.REVOKED, ConsentState.EXPIRED, ConsentState.USED_UP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a subject agrees to. `fields`: item.COLUMN by blanks, sorted; `evidence`: SHA-256 of the paper or record."""

    number: str
    version: int
    subject: UUID
    grantee: str
    platform: str
    purpose: str
    fields: str
    legal_basis: str
    valid_from: datetime
    valid_to: datetime
    max_uses: int
    per_day: int
    text_version: str
    channel: str
    evidence: str

    def message(self) -> bytes:
        """The one encoding of the terms; what is signed."""
        content = {
            name: getattr(self, name) if isinstance(getattr(self, name), int) else str(getattr(self, name))
            for name in [
                "number",
                "version",
                "grantee",
                "platform",
                "purpose",
                "fields",
                "legal_basis",
                "max_uses",
                "per_day",
                "text_version",
                "channel",
                "evidence",
            ]
        }
        content["subject"] = self.subject.hex
        content["valid_from"] = int(self.valid_from.timestamp() * 1_000_000)
        content["valid_to"] = int(self.valid_to.timestamp() * 1_000_000)
        return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Uses:
    """How often a consent was used, in all and on its last day."""

    used: int
    used_on: date | None
    used_today: int


def judge_terms(terms: Terms, grantee: str, platform: str, purpose: str) -> type[ConsentRefused] | None:
    """Whether a consent is this grantee's for this purpose: platform, bank and purpose are judged apart."""
    if (terms.grantee, terms.platform, terms.purpose) != (grantee, platform, purpose):
        return ConsentOther
    return None


def judge_state(terms: Terms, state: str, now: datetime) -> type[ConsentRefused] | None:
    """Whether a consent is in force at a moment: from its first instant up to, not including, its last."""
    if state == ConsentState.REVOKED:
        return ConsentRevoked
    if state == ConsentState.USED_UP:
        return ConsentUsedUp
    if state == ConsentState.EXPIRED or now >= terms.valid_to:
        return ConsentExpired
    if state != ConsentState.GIVEN:
        return ConsentPaused
    return ConsentNotYet if now < terms.valid_from else None


def judge_uses(terms: Terms, uses: Uses, day: date) -> type[ConsentRefused] | None:
    """Whether one more use is left, in all and on that day."""
    if uses.used >= terms.max_uses:
        return ConsentUsedUp
    if uses.used_on == day and uses.used_today >= terms.per_day:
        return ConsentDaily
    return None


def judge_scope(terms: Terms, wanted: Collection[str]) -> type[ConsentRefused] | None:
    """Whether every field wanted (item.COLUMN) was consented to."""
    return None if set(wanted) <= set(terms.fields.split()) else ConsentScope
