"""`xinshu check`: the rules that need only the file and the catalogue; no database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from xinshu.catalogue.loading import find_item, load_catalogue
from xinshu.catalogue.rulebook import RULEBOOK, printable
from xinshu.cli.progress import progress_bar
from xinshu.cli.screen import screen
from xinshu.collection.annotation import Annotation, annotate
from xinshu.collection.checking import CheckReport, run_check
from xinshu.collection.errors import FileRefused
from xinshu.collection.rawfiles import require_file
from xinshu.kernel.clock import parse_as_of
from xinshu.kernel.logs import current_trace
from xinshu.kernel.profiles import open_profile
from xinshu.project.environment import read_settings

_LEVELS = {"error": "错误", "doubt": "疑问", "warning": "提醒"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", help="校验文件，不入库，不需要数据库；需要主体库的规则不在其中")(_check)


def _check(
    file: Annotated[Path, typer.Argument(help="要校验的文件", show_default=False)],
    item: Annotated[str, typer.Option("--item", help="事项代码，如 administrative-penalty")],
    source: Annotated[str, typer.Option("--source", help="来源单位的统一社会信用代码，默认从文件判断")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="接收时间 YYYY-MM-DD[THH:MM]，默认现在")] = "",
    findings: Annotated[Path | None, typer.Option("--findings", help="校验结果写入的文件（CSV）")] = None,
    annotated: Annotated[
        Path | None, typer.Option("--annotated", help="另存标注文件（XLSX）：问题单元格标色，末列为问题说明")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="有疑问行时退出码为 1")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> int:
    settings = read_settings()
    require_file(file)
    profile = open_profile(settings.profile, settings.profiles_dir)
    chosen = find_item(load_catalogue(profile), item)
    received_at = parse_as_of(as_of) if as_of else datetime.now(UTC)
    try:
        with progress_bar(quiet=as_json) as show:
            report = run_check(
                file,
                item=chosen,
                settings=settings,
                profile=profile,
                as_of=received_at,
                source=source,
                findings_file=findings,
                progress=show(printable(file.name)),
            )
    except FileRefused as refused:
        _show_refusal(refused, as_json=as_json)
        return 2
    made = annotate(file, report.findings_file, annotated, item=chosen, settings=settings) if annotated else None
    if as_json:
        added = {} if made is None else {"annotated": made.as_dict()}
        typer.echo(json.dumps(report.as_dict() | added, ensure_ascii=False))
    else:
        _show(report)
        if made is not None:
            _show_annotation(made)
    return 1 if strict and report.doubtful else 0


def _show_refusal(refused: FileRefused, *, as_json: bool) -> None:
    trace = current_trace()
    if as_json:
        error = {"code": refused.code, "message": refused.message, "fix": refused.fix, "trace": trace}
        typer.echo(json.dumps({"error": {**error, "findings_file": str(refused.findings_file)}}, ensure_ascii=False))
        return
    for each in refused.findings:
        typer.echo(f"{_LEVELS[each.level]}：{each.message}{each.fix}（{each.rule}）", err=True)
    typer.echo(f"校验结果：{refused.findings_file}\n追踪号：{trace}（{refused.code}）", err=True)


def _show(report: CheckReport) -> None:
    console = screen()
    console.print(
        f"{printable(report.file)}：{report.rows} 行，通过 {report.clean} 行，疑问 {report.doubtful} 行，重复 {report.duplicates} 行"
    )
    if report.by_rule:
        table = Table(Column("规则", no_wrap=True), "级别", "说明", Column("条数", justify="right"))
        for code, count in report.by_rule.items():
            table.add_row(code, _LEVELS[RULEBOOK[code].level], RULEBOOK[code].name, str(count))
        console.print(table)
        for each in report.first:
            console.print(f"{_LEVELS[each.level]}　{each.message}{each.fix}", soft_wrap=True)
    total = sum(report.by_rule.values())
    if total > len(report.first):
        console.print(f"另有 {total - len(report.first)} 条，见校验结果文件")
    console.print(f"校验结果：{report.findings_file}", soft_wrap=True)
    console.print(f"未检查的规则（需要主体库和已入库信息）：{'、'.join(report.not_run)}", soft_wrap=True)


def _show_annotation(made: Annotation) -> None:
    what = "原工作簿，问题单元格已标色" if made.own else "仅含疑问行"
    typer.echo(f"标注文件：{made.path}（{what}，{made.rows} 行）")
    if made.left_out:
        typer.echo(f"另有 {made.left_out} 行放不下，见校验结果文件")
