"""Reads of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from xinshu.kernel.ids import read_public_id
from xinshu.kernel.text import normalise_cell, upper_ascii
from xinshu.subjects.domain import Found, Hit
from xinshu.subjects.errors import SubjectNotFound
from xinshu.subjects.models import Merge, Subject, SubjectName
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
    where = Q(uscc=text)
    public = read_public_id(text)
    if public is not None and len(text) != 18:
        where = Q(public_id=public)
    subject = Subject.objects.filter(where).first()
    if subject is None:
        raise SubjectNotFound(text)
    former = SubjectName.objects.filter(subject=subject, current=False).order_by("id").values_list("name", flat=True)
    into = Merge.objects.filter(loser=subject, undone_at=None).select_related("winner").first()
    return SubjectFacts(
        subject.id,
        subject.public_id,
        subject.uscc,
        subject.name,
        subject.status,
        subject.region,
        subject.closed_on,
        tuple(former),
        into.winner.uscc if into else "",
    )


def one_subject(subject: UUID, at: datetime | None = None) -> list[UUID]:
    """A subject and those merged into it (at that moment, by default now), whose records its page shows."""
    merges = Merge.objects.filter(winner_id=subject)
    if at is None:
        merges = merges.filter(undone_at=None)
    else:
        merges = merges.filter(merged_at__lte=at).filter(Q(undone_at=None) | Q(undone_at__gt=at))
    found = [subject]
    for loser in merges.order_by("id").values_list("loser_id", flat=True):
        found += one_subject(loser, at)
    return found


def search(text: str, *, limit: int = 20) -> list[Hit]:
    """Subjects by code, name, part of a name, former name or pinyin; exact matches first. See `search_names`."""
    return list(search_names(text, limit=limit).hits)


def registered_names() -> int:
    """Number of subjects in the registry."""
    return Subject.objects.count()
