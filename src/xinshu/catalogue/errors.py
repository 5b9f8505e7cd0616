"""Errors of the catalogue room, and the fault each of them lists."""

from __future__ import annotations

from dataclasses import dataclass

from xinshu.kernel.errors import ProfileInvalid, XinshuError


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in a file of the catalogue. `line` is 1-based, 0 when the whole file is meant.

    `key` is the place inside the file (`fields[3].xinshu.access`), empty for the whole file.
    """

    file: str
    line: int
    key: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.file} 第{self.line}行" if self.line else self.file
        return f"{place}，{self.key}：{self.message}" if self.key else f"{place}：{self.message}"


class CatalogueInvalid(ProfileInvalid):
    """Files of a catalogue cannot be used. `faults` has every fault found, in file order; never empty."""

    code = "catalogue.invalid"

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        more = f"；另有{len(faults) - 1}处" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}", fix=faults[0].fix or "用 xinshu catalogue validate 查看全部问题")
        self.faults = faults


class UnknownItem(XinshuError):
    """No item of that name in the profile's catalogue."""

    code = "catalogue.unknown_item"

    def __init__(self, item: str, known: tuple[str, ...]) -> None:
        super().__init__(f"目录中没有事项 {item}", fix=f"可用的事项：{'、'.join(known)}")
        self.item = item


class ReferenceInvalid(ProfileInvalid):
    """A reference list (divisions, industries, organisations) cannot be used; the message names file and line."""

    code = "catalogue.reference_invalid"


class TemplateNotWritten(XinshuError):
    """The form to fill could not be written: the folder is missing, or the file is open in a spreadsheet program."""

    code = "catalogue.template_not_written"


class VersionChanged(XinshuError):
    """A declaration was edited without a new version number; stored versions never change."""

    code = "catalogue.version_changed"

    def __init__(self, item: str, version: str) -> None:
        super().__init__(
            f"事项 {item} 的声明已改动，但版本号仍为 {version}", fix="给改动后的声明一个新的版本号和生效日期"
        )
        self.item, self.version = item, version
