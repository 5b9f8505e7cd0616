"""Words of the audit: an entry before it is written, and whether the record is anchored."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter

from xinshu.security.audit.actions import ACTIONS

_REF_BYTES = 16
_LONGEST = 300  # characters of a text; longer ones are cut
_LONGEST_DETAIL = 4_000
_WHOLE = 1 << 53  # integers beyond are not the same in every reader of JSON (RFC 8785 section 3.2.2.3)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL and UTF-8 know no such characters


class Outcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did, or was refused, what; no personal values.

    at: when, with time zone. actor: user id, `key:ID` or `system`. unit: USCC. address: source address.
    action: one of `ACTIONS`. object_ref: blind index of the subject, 16 bytes or none. ticket: number of the query
    registration or case. code: stable error code of a refusal. before, after: salted digests. trace: the log's number.
    detail: names of small letters, digits and `_` with texts or whole numbers.

    Texts that come from outside are taken as they are, without characters that cannot be stored, and cut at 300
    characters: a hostile header must not keep its own refusal from being recorded. Raises ValueError where a caller of
    the program is wrong (no time zone, unknown action, a reference of another length, a detail that is no text or number).
    """

    at: datetime
    actor: str
    role: str
    unit: str
    address: str
    action: str
    object_ref: bytes = b""
    ticket: str = ""
    purpose: str = ""
    outcome: Outcome = Outcome.DONE
    code: str = ""
    before: str = ""
    after: str = ""
    trace: str = ""
    detail: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        if self.action not in ACTIONS:
            raise ValueError(f"{self.action} is no action; see audit/actions.py")
        if len(self.object_ref) not in {0, _REF_BYTES}:
            raise ValueError("an object reference has 16 bytes")
        for name in _TEXTS:
            value = getattr(self, name)
            if len(value) > _LONGEST or not value.isprintable():  # what can be printed can be written
                object.__setattr__(self, name, writable(value))
        detail_text(self.detail)


_TEXTS = tuple(each.name for each in fields(AuditEntry) if each.type == "str")


@dataclass(frozen=True, slots=True)
class AnchorState:
    """Whether the record is sealed and anchored. `checked_at`: when everything was, last; `block`: the last one."""

    fresh: bool
    checked_at: datetime | None
    fresh_until: datetime | None
    block: int


def writable(text: str, longest: int = _LONGEST) -> str:
    """The text as it can be stored: unwritable characters become U+FFFD; cut."""
    return _UNWRITABLE.sub("�", text[:longest])


def detail_text(detail: Mapping[str, str | int]) -> str:
    """The detail in its one form: JSON by RFC 8785 (JCS), empty for none. Raises ValueError."""
    if not detail:
        return ""
    for name, value in detail.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError(f"the detail {name} is neither text nor whole number")
    return _text_of(tuple((name, type(value), value) for name, value in detail.items()))


@lru_cache(maxsize=1024)
def _text_of(detail: tuple[tuple[str, type, str | int], ...]) -> str:
    """Kept, since the rows of a batch say the same few things. The type is there because 1 and True are equal."""
    for name, _, value in detail:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a detail")
        if isinstance(value, int) and abs(value) >= _WHOLE:
            raise ValueError(f"the detail {name} is too large a number")
    kept = {
        name: writable(each) if isinstance(each, str) else each for name, _, each in sorted(detail, key=itemgetter(0))
    }
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    if len(text) > _LONGEST_DETAIL:
        raise ValueError("the detail is too long")
    return text
