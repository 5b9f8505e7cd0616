"""A checked file comes back marked: the supplier's own workbook with its bad cells coloured and a column 问题说明.

XLSX of up to 50 000 rows: the workbook itself, cells filled and commented (`marking`). Larger workbooks and every other
form: a new workbook of the rows that were held back, each with its reasons (`badrows`). Either can be corrected and sent
in again; the added columns are known and ignored. The result holds what the supplier's file holds, personal values too:
it is for the supplier only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.rulebook import Finding
from xinshu.collection.badrows import write_bad_rows
from xinshu.collection.bounded import BoundReached, run_bounded
from xinshu.collection.errors import AnnotationFailed, FileRefused
from xinshu.collection.findings_file import Reasons
from xinshu.collection.marking import mark_workbook
from xinshu.collection.reading import ReadLimits, ReadPlan
from xinshu.collection.reading.formats import recognise
from xinshu.collection.reading.workbook import locate
from xinshu.kernel.settings import Settings

OWN_ROWS = 50_000
"""Up to so many rows a workbook comes back as it is, marked (openpyxl holds all of it in memory)."""

_LIMITS = {
    "memory": "内存不足",
    "time": "超过时限",
    "crash": "程序意外结束",
}


@dataclass(frozen=True, slots=True)
class Annotation:
    """What was written. `own`: the supplier's own workbook (else the bad rows only). `rows`: rows that have a reason.

    `left_out`: bad rows that did not fit on the sheet.
    """

    path: Path
    own: bool
    rows: int
    left_out: int = 0

    def as_dict(self) -> dict[str, object]:
        """For `xinshu check --json`."""
        return {"file": str(self.path), "own_workbook": self.own, "rows": self.rows, "left_out": self.left_out}


def annotate(
    source: Path, findings: Path, target: Path, *, item: CatalogueItem, settings: Settings, name: str = ""
) -> Annotation:
    """Write the annotated workbook of a checked file, replacing what is at `target` only when all went well.

    Args:
        source: the file as it came, of any supported form.
        findings: its findings file (`CheckReport.findings_file`, `BatchReport.findings_file`).
        target: an .xlsx file to write; it is for the supplier only, keep it no longer than the download takes.
        item: the item version the file was checked against.
        name: the file's name as the supplier knows it, where `source` is a copy.
    Raises:
        FileRefused: the file as a whole cannot be read; its findings say all there is to say.
        AnnotationFailed: it took too much memory or time, or the target cannot be written.
    """
    plan = ReadPlan(item, name or source.name, ReadLimits.of(settings))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        answer = run_bounded(
            _annotate,
            source,
            findings,
            part,
            plan,
            memory_bytes=settings.reader_memory_bytes,
            seconds=settings.reader_seconds,
            largest_file=settings.workbook_max_unpacked_bytes,
        )
        return _told(answer, part, target)
    except BoundReached as reached:
        raise AnnotationFailed(
            f"生成标注文件失败：{_LIMITS[reached.limit]}", fix="请直接使用校验结果文件（CSV）"
        ) from reached
    except OSError as problem:
        raise AnnotationFailed(
            f"无法写入标注文件 {target.name}", fix="确认文件夹存在且可写，并关闭已打开的同名文件"
        ) from problem
    finally:
        part.unlink(missing_ok=True)


def _told(answer: Mapping[str, Any], part: Path, target: Path) -> Annotation:
    if "refused" in answer:
        raise FileRefused(tuple(Finding(**each) for each in answer["refused"]))
    if "failed" in answer:
        raise AnnotationFailed("生成标注文件失败：工作簿中有无法保留的内容", fix="请直接使用校验结果文件（CSV）")
    part.replace(target)
    return Annotation(target, bool(answer["own"]), int(answer["rows"]), int(answer["left_out"]))


# -- in the child ------------------------------------------------------------------------------------------------


def _annotate(source: Path, findings: Path, part: Path, plan: ReadPlan) -> dict[str, Any]:
    reasons = Reasons.read(findings)
    try:
        if recognise(source, plan) == "xlsx":
            found = locate(source, plan)
            if found.height <= OWN_ROWS:
                rows = mark_workbook(source, part, found, reasons)
                return {"own": True, "rows": rows, "left_out": 0}
        rows, left_out = write_bad_rows(source, part, plan, reasons)
    except FileRefused as refused:
        return {"refused": [each.as_dict() for each in refused.findings]}
    return {"own": False, "rows": rows, "left_out": left_out}
