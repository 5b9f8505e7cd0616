"""Reads of the registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from xinshu.kernel.identifiers import OrgCode, Uscc
from xinshu.kernel.ids import read_public_id
from xinshu.kernel.text import normalise_cell, normalise_name, upper_ascii
from xinshu.subjects.errors import SubjectNotFound
from xinshu.subjects.models import Merge, Subject, SubjectName

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # PostgreSQL takes no NUL and no half of a pair


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


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of a search. `matched`: what matched, in words; `field`: the same as a code (`uscc`, `org_code`,
    `reg_no`, `name`, `former_name`, `short_name`, `pinyin`). `former_name`: the one that matched, else empty.
    `region` is a GB/T 2260 code."""

    uscc: str
    name: str
    status: str
    matched: str
    field: str = "name"
    former_name: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A similar name: shown apart, never mixed with hits. `score` 0 to 1, `reasons` in words, one for each feature."""

    uscc: str
    name: str
    status: str
    score: float
    reasons: tuple[str, ...]


def find_subject(code: str) -> SubjectFacts:
    """The subject with this USCC or public id. Raises SubjectNotFound."""
    text = upper_ascii(normalise_cell(_CONTROL.sub("", code)))
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
    """Subjects by code, exact name, or the beginning of a present or former name; exact matches first.

    Fewer than two characters find nothing.
    """
    wanted = normalise_name(normalise_cell(_CONTROL.sub("", text)))
    if len(wanted) < 2:
        return []
    if Uscc.is_valid(wanted) or OrgCode.is_valid(wanted):
        found = Subject.objects.filter(Q(uscc=wanted) | Q(org_code=wanted[-9:]))[:limit]
        return [Hit(each.uscc, each.name, each.status, "代码") for each in found]
    names = (
        SubjectName.objects.filter(name_norm__startswith=wanted)
        .select_related("subject")
        .order_by("name_norm", "subject__uscc")
    )
    hits: dict[str, Hit] = {}
    for each in names[: limit * 3]:
        how = "名称" if each.name_norm == wanted else "名称开头"
        matched = how if each.current else f"曾用名（{each.name}）"
        hits.setdefault(each.subject.uscc, Hit(each.subject.uscc, each.subject.name, each.subject.status, matched))
    return sorted(hits.values(), key=lambda hit: (hit.matched != "名称", hit.name, hit.uscc))[:limit]


def registered_names() -> int:
    """Number of subjects in the registry."""
    return Subject.objects.count()
