"""`xinshu quality`: the month's counters and rates."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.reference import load_divisions
from xinshu.cli.screen import screen
from xinshu.kernel.clock import parse_as_of
from xinshu.kernel.profiles import open_profile
from xinshu.project.environment import read_settings
from xinshu.quality.domain import QualityRow, QualityTable, per_cent
from xinshu.quality.queries import monthly

_NUMBERS = ("上报量", "入库量", "更新量", "疑问量", "重复量", "未关联量", "迟报量", "入库率", "合规率", "及时率")


class Heading(StrEnum):
    """By what the figures are broken down."""

    SUPPLIER = "supplier"
    ITEM = "item"
    REGION = "region"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("quality", help="某月归集质量：上报、入库、疑问、未关联数量，入库率、合规率、及时率")(_quality)


def _quality(
    month: Annotated[str, typer.Option("--month", help="接收月份 YYYY-MM（北京时间）")],
    by: Annotated[Heading | None, typer.Option("--by", help="按来源单位、事项或地区分列")] = None,
    as_of: Annotated[str, typer.Option("--as-of", help="只计此时之前接收的 YYYY-MM-DD[THH:MM]，默认全部")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> int:
    settings = read_settings()
    profile = open_profile(settings.profile, settings.profiles_dir)
    known_at = parse_as_of(as_of) if as_of else None
    with open_installation(settings):
        require_migrated()
        found = monthly(
            month,
            by.value if by is not None else None,
            catalogue=load_catalogue(profile),
            divisions=load_divisions(profile),
            known_at=known_at,
        )
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        screen().print(_table(found))
    return 0


def _table(found: QualityTable) -> Table:
    table = Table(title=f"{found.month} 归集质量", caption="公式见 docs/quality.md；分母为零显示“—”，不排名")
    if found.by is not None:
        table.add_column("名次", justify="right")
    table.add_column(
        {"supplier": "来源单位", "item": "事项", "region": "地区"}.get(found.by or "", "范围"), overflow="fold"
    )
    for title in _NUMBERS:
        table.add_column(title, justify="right", overflow="fold")
    for each in found.rows:
        table.add_row(str(each.rank or "—"), Text(each.name or each.key or "未注明"), *_cells(each))
    if found.rows:
        table.add_section()
    table.add_row(*([""] if found.by is not None else []), "合计", *_cells(found.total))
    return table


def _cells(row: QualityRow) -> list[str]:
    counts = (row.reported, row.accepted, row.updated, row.doubtful, row.duplicates, row.unlinked, row.late)
    rates = (row.load_rate, row.compliance_rate, row.timeliness_rate)
    return [*(str(each) for each in counts), *(per_cent(each) for each in rates)]
