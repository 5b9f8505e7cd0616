"""Errors of the collection room."""

from __future__ import annotations

from pathlib import Path

from xinshu.catalogue.rulebook import Finding
from xinshu.kernel.errors import XinshuError


class FileRefused(XinshuError):
    """A file that cannot be taken as a whole. `findings` are its row-0 findings, with their rule codes."""

    code = "collection.file_refused"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        blocking = [each for each in findings if each.level != "warning"]
        super().__init__("；".join(each.message.rstrip("。") for each in blocking), fix=blocking[0].fix)
        self.findings = findings
        self.findings_file: Path | None = None  # where the supplier finds them, once they are written


class UnknownSource(XinshuError):
    """The supplier's credit code is not among the organisations of the profile."""

    code = "collection.unknown_source"

    def __init__(self, source: str) -> None:
        super().__init__(
            f"来源单位 {source} 不在本区域的单位名录中", fix="核对 --source，或先在 organisations.yaml 中登记该单位"
        )


class ReaderFailed(XinshuError):
    """The reading process ended without a verdict; nothing was loaded."""

    code = "collection.reader_failed"


class AnnotationFailed(XinshuError):
    """The annotated workbook of a checked file could not be made; the findings file says the same."""

    code = "collection.annotation_failed"
