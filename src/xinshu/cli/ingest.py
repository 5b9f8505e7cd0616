"""`xinshu ingest`: the main path, synchronously, for files at hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xinshu.bootstrap.desk import open_desk
from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.catalogue.loading import find_item
from xinshu.cli.progress import progress_bar
from xinshu.cli.screen import screen
from xinshu.collection.domain import BatchReport, totals
from xinshu.collection.services import receive
from xinshu.kernel.clock import parse_as_of
from xinshu.kernel.errors import XinshuError
from xinshu.kernel.logs import current_trace
from xinshu.project.environment import read_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ingest", help="接收文件：校验、关联、入库；好的行入库，有问题的行连同原因退回")(_ingest)


def _ingest(
    files: Annotated[list[Path], typer.Argument(help="要接收的文件", show_default=False)],
    item: Annotated[str, typer.Option("--item", help="事项代码，如 administrative-penalty")],
    source: Annotated[str, typer.Option("--source", help="来源单位的统一社会信用代码")],
    as_of: Annotated[str, typer.Option("--as-of", help="接收时间 YYYY-MM-DD[THH:MM]，默认现在")] = "",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="来源单位已确认疑问无误：仅有疑问的行入库")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="有疑问行时退出码为 1")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> int:
    settings = read_settings()
    received_at = parse_as_of(as_of) if as_of else datetime.now(UTC)
    reports: list[BatchReport] = []
    failures: list[dict[str, str]] = []
    with open_installation(settings):
        require_migrated()
        desk = open_desk(settings)
        chosen = find_item(desk.catalogue, item)
        with progress_bar(quiet=as_json) as show:
            for path in files:
                try:
                    reports.append(
                        receive(
                            desk,
                            path,
                            item=chosen,
                            source=source,
                            received_at=received_at,
                            progress=show(path.name),
                            confirmed=confirmed,
                        )
                    )
                except XinshuError as problem:
                    failures.append(failure(path, problem))
    if as_json:
        answer: dict[str, object] = {"batches": [each.as_dict() for each in reports], "totals": totals(reports)}
        if failures:
            answer |= {"error": failures[0], "errors": failures}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        if reports:
            screen().print(report_table(reports))
        for each in failures:
            typer.echo(f"错误：{each['file']}：{each['message']}\n处理：{each['fix']}", err=True)
    if failures:
        return 2
    return 1 if strict and any(each.doubtful for each in reports) else 0


def failure(path: Path, problem: XinshuError) -> dict[str, str]:
    """A refused file as the JSON answer tells it."""
    found = getattr(problem, "findings_file", None)
    return {
        "code": problem.code,
        "message": problem.message,
        "fix": problem.fix,
        "trace": current_trace(),
        "file": str(path),
        **({"findings_file": str(found)} if found is not None else {}),
    }


def report_table(reports: list[BatchReport]) -> Table:
    """One line a batch and the totals."""
    table = Table(title="入库结果")
    for title in ("批次", "文件", "行数", "入库", "新增", "更新", "未变", "疑问", "重复", "未关联", "入库率", "用时"):
        table.add_column(title, justify="left" if title in {"批次", "文件"} else "right", overflow="fold")
    for each in reports:
        table.add_row(
            each.batch,
            each.file + ("（已接收过）" if each.repeated else ""),
            *(str(n) for n in (each.rows, each.accepted, each.new, each.updated, each.unchanged)),
            *(str(n) for n in (each.doubtful, each.duplicates, each.unlinked)),
            rate(each.load_rate),
            f"{each.seconds:.1f} 秒",
        )
    if len(reports) > 1:
        sums = totals(reports)
        names = ("rows", "accepted", "new", "updated", "unchanged", "doubtful", "duplicates", "unlinked")
        load_rate = sums["load_rate"]
        table.add_section()
        table.add_row(
            "合计",
            f"{len(reports)} 个文件",
            *(str(sums[name]) for name in names),
            rate(load_rate if isinstance(load_rate, float) else None),
            f"{sums['seconds']} 秒",
        )
    return table


def rate(value: float | None) -> str:
    """A rate on screen: per cent with one decimal, a dash when there was nothing to divide."""
    return "—" if value is None else f"{value:.1%}"
