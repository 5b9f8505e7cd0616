"""Pure types of the room: a batch's totals and how they are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a file. rows = new + updated + unchanged + doubtful + duplicates, always.

    `repeated`: the identical file was loaded before, this is the answer of then. `findings_file`: CSV of all findings.
    Source: architecture.md section 9 (totals).
    """

    file: str
    batch: str
    item: str
    supplier: str
    received_at: datetime
    rows: int
    new: int
    updated: int
    unchanged: int
    doubtful: int
    duplicates: int
    unlinked: int
    seconds: float
    by_rule: dict[str, int]
    findings_file: Path
    repeated: bool = False

    @property
    def accepted(self) -> int:
        """入库量."""
        return self.new + self.updated + self.unchanged

    @property
    def load_rate(self) -> float | None:
        """入库率, 0 to 1; None when the file has no rows."""
        return self.accepted / self.rows if self.rows else None

    def as_dict(self) -> dict[str, object]:
        """The form of `xinshu ingest --json` for one batch."""
        return {
            "file": self.file,
            "batch": self.batch,
            "rows": self.rows,
            "accepted": self.accepted,
            "new": self.new,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "doubtful": self.doubtful,
            "duplicates": self.duplicates,
            "unlinked": self.unlinked,
            "load_rate": self.load_rate,
            "seconds": round(self.seconds, 3),
            "findings_file": str(self.findings_file),
            "repeated": self.repeated,
        }


def totals(reports: list[BatchReport]) -> dict[str, object]:
    """The sums over several batches, with the rate computed from the sums."""
    names = ("rows", "accepted", "new", "updated", "unchanged", "doubtful", "duplicates", "unlinked")
    sums = {name: sum(getattr(each, name) for each in reports) for name in names}
    rate = sums["accepted"] / sums["rows"] if sums["rows"] else None
    return {**sums, "load_rate": rate, "seconds": round(sum(each.seconds for each in reports), 3)}
