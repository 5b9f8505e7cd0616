"""Reads of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from xinshu.kernel.database import fetch
from xinshu.kernel.ids import read_public_id
from xinshu.kernel.text import normalise_cell, upper_ascii
from xinshu.subjects.domain import Found, Hit
from xinshu.subjects.errors import SubjectNotFound
from xinshu.subjects.models import Subject
from xinshu.subjects.searching import search_names, without_controls

__all__ = [
    "Found",
    "Hit",
    "SubjectFacts",
    "find_subject",
    "one_subject",
    "registered_names",
    "search",
    "search_names",
    "without_controls",
]

_CODE_LENGTH = 18
_FACTS: LiteralString = """
SELECT s.id, s.public_id, s.uscc, s.name, s.status, s.region, s.closed_on,
    ARRAY(SELECT n.name FROM subjects_subjectname n WHERE n.subject_id = s.id AND NOT n.current ORDER BY n.id),
    coalesce((SELECT w.uscc FROM subjects_merge m JOIN subjects_subject w ON w.id = m.winner_id
        WHERE m.loser_id = s.id AND m.undone_at IS NULL), '')
FROM subjects_subject s WHERE"""
_BY_CODE: LiteralString = f"{_FACTS} s.uscc = %s"
_BY_PUBLIC_ID: LiteralString = f"{_FACTS} s.public_id = %s"
# UNION, not UNION ALL: it ends even on merges that lead in a circle at some moment.
_FAMILY: LiteralString = """
WITH RECURSIVE counted AS (SELECT m.loser_id, m.winner_id FROM subjects_merge m WHERE {counted}),
family AS (
    SELECT c.loser_id FROM counted c WHERE c.winner_id = %s
    UNION SELECT c.loser_id FROM family f JOIN counted c ON c.winner_id = f.loser_id
) SELECT loser_id FROM family"""
_MERGED: LiteralString = _FAMILY.replace("{counted}", "m.undone_at IS NULL")
_MERGED_AT: LiteralString = _FAMILY.replace(
    "{counted}", "m.merged_at <= %s AND (m.undone_at IS NULL OR %s < m.undone_at)"
)


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """What identifies a subject. `merged_into`: USCC of the subject it is judged to be part of, empty when none."""

    id: UUID
    public_id: str
    uscc: str
    name: str
    status: str
    region: str
    closed_on: date | None
    former_names: tuple[str, ...]
    merged_into: str = ""


def find_subject(code: str) -> SubjectFacts:
    """The subject with this USCC or public id. Raises SubjectNotFound."""
    text = upper_ascii(normalise_cell(without_controls(code)))
    public = read_public_id(text)
    by_code = public is None or len(text) == _CODE_LENGTH
    found = fetch(_BY_CODE, [text]) if by_code else fetch(_BY_PUBLIC_ID, [public])
    if not found:
        raise SubjectNotFound(text)
    *facts, former, merged_into = found[0]
    return SubjectFacts(*[*facts, tuple(former), merged_into])


def one_subject(subject: UUID, at: datetime | None = None) -> list[UUID]:
    """A subject and those merged into it (at that moment, by default now), whose records its page shows."""
    losers = fetch(_MERGED, [subject]) if at is None else fetch(_MERGED_AT, [at, at, subject])
    return [subject, *(loser for (loser,) in losers)]


def search(text: str, *, limit: int = 20) -> list[Hit]:
    """Subjects by code, name, part of a name, former name or pinyin; exact matches first. See `search_names`."""
    return list(search_names(text, limit=limit).hits)


def registered_names() -> int:
    """Number of subjects in the registry."""
    return Subject.objects.count()
