"""`xinshu disclosure`: the trail of a query, and whose copy a leaked file is. Every look is on the audit record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.catalogue.rulebook import printable
from xinshu.cli.screen import screen
from xinshu.disclosure.cards import origins_of
from xinshu.disclosure.errors import MarkUnknown
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.machines import close_system, register_system
from xinshu.disclosure.trail import SYSTEM, Trail, identify, trail
from xinshu.kernel.clock import SHANGHAI
from xinshu.project.environment import read_settings
from xinshu.security.domain import Actor
from xinshu.security.errors import KeyUnknown
from xinshu.security.queries import api_keys


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="查询登记与出库副本", no_args_is_help=True)
    group.command("trail", help="一项查询从授权到销毁的全过程")(_trail)
    group.command("mark", help="由流出的 CSV 查找它是谁的副本")(_mark)
    group.command("system", help="允许一个接口密钥背后的系统查询；--close 停止")(_system)
    app.add_typer(group, name="disclosure")


_Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def system_actor() -> Actor:
    """Whoever works on the machine itself."""
    return Actor(id=SYSTEM, name="命令行", roles=frozenset(), unit="", region="", person="")


def _trail(
    number: Annotated[str, typer.Argument(help="查询编号 CX-… 或水印编号", show_default=False)], as_json: _Json = False
) -> None:
    with open_installation(read_settings()):
        require_migrated()
        found = trail(system_actor(), number, datetime.now(UTC))
    _tell(found, as_json=as_json)


def _mark(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV 文件，可以不完整；或原样的 PDF、XLSX", exists=True, dir_okay=False, show_default=False
        ),
    ],
    as_json: _Json = False,
) -> None:
    settings = read_settings()
    with open_installation(settings):
        require_migrated()
        source = identify(Gate.open(settings), file.read_bytes())
        if source is None:
            raise MarkUnknown
        found = trail(system_actor(), source.mark, datetime.now(UTC))
    if as_json:
        answer = {
            "mark": source.mark,
            "by": source.by,
            "recipient": source.recipient,
            "rows_changed": source.rows_changed,
            "trail": found.as_dict(),
        }
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    way = {"digest": "原样文件", "check_number": "核对号", "order": "行的次序"}[source.by]
    typer.echo(f"水印 {source.mark}（依据{way}），内容有改动的行 {source.rows_changed}")
    _tell(found, as_json=False)


def _system(
    key: Annotated[str, typer.Argument(help="接口密钥编号", show_default=False)],
    title: Annotated[str, typer.Option("--title", help="系统名称")] = "",
    origins: Annotated[str, typer.Option("--origins", help="可嵌入卡片的网址，以空格分隔")] = "",
    close: Annotated[bool, typer.Option("--close", help="停止该系统查询，立即生效")] = False,
) -> None:
    allowed = origins_of(origins)
    with open_installation(read_settings()):
        require_migrated()
        found = next((each for each in api_keys() if each.id == key), None)
        if found is None:
            raise KeyUnknown(key)
        if close:
            close_system(key)
        else:
            register_system(
                key, found.organisation, title=title or key, origins=" ".join(allowed), now=datetime.now(UTC)
            )
    typer.echo(f"系统 {key} {'已停止查询' if close else '可以查询'}")


def _tell(found: Trail, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
        return
    typer.echo(f"查询编号 {found.number}　追踪号 {found.trace}　单位 {found.unit}　主体数 {found.subjects}")
    table = Table("时间", "步骤", "经手")
    for step in found.steps:
        moment = f"{step.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        table.add_row(moment, printable(step.text), step.who)
    screen().print(table)
