"""`xinshu audit evidence`: collect the evidence of a scheduled audit by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from xinshu.bootstrap.audit import collect_evidence
from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.cli.audit import machine_user
from xinshu.ops.evidence import Period
from xinshu.project.environment import read_settings


def register(app: typer.Typer) -> None:
    """Add the command to the group `audit`."""
    group = next(each.typer_instance for each in app.registered_groups if each.name == "audit")
    if group is not None:
        group.command("evidence", help="收集一个季度或年度的审计证据：清单经签名的文件夹")(_evidence)


def _evidence(
    output: Annotated[Path, typer.Argument(help="新建的文件夹", show_default=False)],
    period: Annotated[str, typer.Option("--period", help="2026-Q4 或 2026；默认本季度至今")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    now, settings = datetime.now(UTC), read_settings()
    chosen = Period.parse(period) if period else Period.current(now)
    with open_installation(settings):
        require_migrated()
        made = collect_evidence(settings, output, chosen, now, machine_user())
    if as_json:
        typer.echo(json.dumps({"folder": str(output), "files": made.files, **made.facts(), "ok": made.ok}))
    else:
        typer.echo(f"{made.period} 的证据已写入 {output}：{made.files} 个文件，审计链{'完好' if made.ok else '有问题'}")
        typer.echo(f"检查表：{made.failed} 项不符合，{made.open} 项待人工回答（checklist.json）")
    if not made.ok:
        raise typer.Exit(1)
