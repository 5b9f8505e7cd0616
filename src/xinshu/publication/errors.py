"""Errors of the publication room."""

from __future__ import annotations

from xinshu.kernel.errors import XinshuError


class RecordNotFound(XinshuError):
    """No public record has this id. One that the public was never shown has none."""

    code = "publication.record_not_found"

    def __init__(self) -> None:
        super().__init__("没有这条公示信息", fix="核对编号；也可从主体的信用档案中查看")


class PublicityEnded(XinshuError):
    """The record was public once and is no longer: its period is over, or it was repaired or withdrawn."""

    code = "publication.ended"

    def __init__(self) -> None:
        super().__init__("该信息已终止公示", fix="在主体的信用档案中查看现行公示的信息")
