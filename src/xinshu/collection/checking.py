"""`xinshu check`: the verdict a centre would give on a file, by the rules that need only the file and the catalogue.

No database, no Django. The file is read in the bounded process; what is left behind is the findings file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from xinshu.catalogue.checks.findings import as_findings
from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.reference import load_organisations
from xinshu.catalogue.rulebook import Finding, codes
from xinshu.collection.errors import FileRefused, UnknownSource
from xinshu.collection.findings_file import FindingsFile
from xinshu.collection.reader import ReadJob, Reference, read_checked
from xinshu.collection.reading import ReadLimits
from xinshu.kernel.profiles import Profile
from xinshu.kernel.settings import Settings

Progress = Callable[[str, float, int], None]
"""(step, share done 0-1, rows so far)."""

_SHOWN = 10
_STEM_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the checks say of a file. rows = clean + doubtful + duplicates.

    `by_rule`: findings of each rule, most frequent first; `not_run`: rules that need the store. `first`: the first
    findings of the file, for a reader at a terminal.
    """

    file: str
    item: str
    item_version: str
    rows: int
    doubtful: int
    duplicates: int
    by_rule: dict[str, int]
    not_run: tuple[str, ...]
    findings_file: Path
    first: tuple[Finding, ...] = ()

    @property
    def clean(self) -> int:
        """Rows a centre would accept, warnings or not."""
        return self.rows - self.doubtful - self.duplicates

    def as_dict(self) -> dict[str, object]:
        """The JSON of `xinshu check` (architecture.md section 9)."""
        return {
            "file": self.file,
            "item": self.item,
            "item_version": self.item_version,
            "rows": self.rows,
            "clean": self.clean,
            "doubtful": self.doubtful,
            "duplicates": self.duplicates,
            "by_rule": self.by_rule,
            "not_run": list(self.not_run),
            "findings_file": str(self.findings_file),
        }


def run_check(
    path: Path,
    *,
    item: CatalogueItem,
    settings: Settings,
    profile: Profile,
    as_of: datetime,
    source: str = "",
    findings_file: Path | None = None,
    progress: Progress = lambda _step, _done, _rows: None,
) -> CheckReport:
    """Check a file and write its findings.

    Args:
        as_of: the moment of receipt.
        source: USCC of the supplier; empty: told from the file.
        findings_file: by default `XINSHU_HOME/findings/<file's stem>-<8 digits>.csv`, the same for the same file and
            item, so that the next check of a mended file replaces it.
    Raises:
        FileRefused: the file as a whole cannot be taken; its `findings_file` is written all the same.
        UnknownSource, ReaderFailed, ProfileInvalid.
    """
    if source and source not in {each.uscc for each in load_organisations(profile)}:
        raise UnknownSource(source)
    memory, seconds = settings.reader_memory_bytes, settings.reader_seconds
    job = ReadJob(path, item, Reference.load(profile), as_of, ReadLimits.of(settings), memory, seconds, source)
    target = findings_file or _place(path, item, settings)
    with FindingsFile.writing(target) as file:
        try:
            report = _read(job, file, target, progress)
        except FileRefused as refused:
            file.add_findings(refused.findings)
            file.commit()
            refused.findings_file = target
            raise
        file.commit()
    return report


def _read(job: ReadJob, file: FindingsFile, target: Path, progress: Progress) -> CheckReport:
    rows = doubtful = duplicates = 0
    counts: Counter[str] = Counter()
    first: list[Finding] = []
    for part in read_checked(job):
        rows += part.rows
        doubtful += part.doubtful_rows
        duplicates += part.duplicates
        if part.findings.height:
            file.add(part.findings)
            counts.update(dict(part.findings.group_by("rule").len().iter_rows()))
            first += as_findings(part.findings.head(_SHOWN - len(first)))
        progress("校验", part.done, rows)
    by_rule = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    item = job.item
    return CheckReport(
        job.path.name,
        item.item,
        item.version,
        rows,
        doubtful,
        duplicates,
        by_rule,
        codes("store"),
        target,
        tuple(first),
    )


def _place(path: Path, item: CatalogueItem, settings: Settings) -> Path:
    digest = hashlib.sha256(f"{path.absolute()}\0{item.item}".encode(errors="surrogateescape")).hexdigest()
    return settings.home / "findings" / f"{path.stem[:_STEM_CHARACTERS]}-{digest[:8]}.csv"
