"""A result on paper: PDF by Typst with fonts of the package, the watermark and its QR code on every page."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import segno
import typst

from xinshu.disclosure.domain import LARGEST_ON_PAPER, Disclosed, Result
from xinshu.disclosure.errors import Incomplete
from xinshu.disclosure.tables import OUTCOMES, Wearer
from xinshu.kernel.clock import SHANGHAI

_SOURCE = Path(__file__).parent / "papers" / "result.typ"


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the result beside what the result has itself."""

    legal_basis: str
    matter_no: str
    destroy_by: str


def as_pdf(result: Result, wearer: Wearer, heading: Heading) -> bytes:
    """The bytes of the PDF. Raises Incomplete for more subjects than go on paper."""
    if len(result.subjects) > LARGEST_ON_PAPER:
        raise Incomplete(f"超过 {LARGEST_ON_PAPER} 个主体的结果请下载 XLSX 或 CSV")
    code = io.BytesIO()
    segno.make(f"{wearer.ticket} {wearer.mark}", error="q", micro=False).save(code, kind="svg", border=2, dark="#000")
    inputs = {
        "data": json.dumps(_content(result, wearer, heading), ensure_ascii=False),
        "qr": code.getvalue().decode(),
    }
    return bytes(_compiler().compile(format="pdf", sys_inputs=inputs))  # type: ignore[arg-type]


@cache
def _compiler() -> typst.Compiler:
    """With the fonts of the package only: the paper looks the same on every machine."""
    fonts = Path(pylopdf_fonts_zh_cn.sans_path()).parent
    return typst.Compiler(str(_SOURCE), root=str(_SOURCE.parent), font_paths=[str(fonts)], ignore_system_fonts=True)


def _content(result: Result, wearer: Wearer, heading: Heading) -> Mapping[str, Any]:
    return {
        "title": f"公共信用信息查询结果 {wearer.ticket}",
        "wearer": {
            "mark": wearer.mark,
            "ticket": wearer.ticket,
            "unit": wearer.unit,
            "person": wearer.person,
            "line": wearer.line,
        },
        "purpose": result.purpose,
        "basis": heading.legal_basis,
        "matter": heading.matter_no,
        "destroy": heading.destroy_by,
        "at": f"{result.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        "checked": "、".join(result.checked),
        "not_checked": "、".join(result.not_checked) or "—",
        "subjects": [_subject(each) for each in result.subjects],
    }


def _subject(subject: Disclosed) -> Mapping[str, Any]:
    return {
        "code": subject.code,
        "name": subject.name,
        "status": subject.status,
        "outcome": OUTCOMES[subject.outcome],
        "withheld": "、".join(subject.withheld),
        "facts": [
            {
                "title": fact.title,
                "source": fact.source,
                "day": "—" if fact.event_date is None else fact.event_date.isoformat(),
                "received": fact.received_on.isoformat(),
                "cells": [[cell.title, cell.value] for cell in fact.cells],
            }
            for fact in subject.facts
        ],
    }
