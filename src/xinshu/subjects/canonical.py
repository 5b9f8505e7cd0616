"""The registry in canonical form: sorted, without surrogate ids and clock times (architecture.md section 9)."""

from __future__ import annotations

from collections.abc import Iterator

from xinshu.subjects.models import Merge, Subject, SubjectName


def canonical_subjects() -> Iterator[dict[str, object]]:
    """Subjects by USCC with all their names, then the merges in force."""
    names: dict[object, list[str]] = {}
    for subject, name, current in SubjectName.objects.order_by("name_norm").values_list(
        "subject_id", "name", "current"
    ):
        names.setdefault(subject, []).append(name if current else f"曾用名 {name}")
    for each in Subject.objects.order_by("uscc").iterator():
        yield {
            "kind": "subject",
            "uscc": each.uscc,
            "name": each.name,
            "names": names.get(each.id, []),
            "status": each.status,
            "region": each.region,
            "closed_on": str(each.closed_on or ""),
        }
    for merge in Merge.objects.filter(undone_at=None).select_related("loser", "winner").order_by("loser__uscc"):
        yield {"kind": "merge", "loser": merge.loser.uscc, "winner": merge.winner.uscc, "reason": merge.reason}
