"""`xinshu key`: API keys with which programs of an organisation hand in data. A secret is shown once and kept nowhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.cli.screen import screen
from xinshu.kernel.clock import SHANGHAI
from xinshu.project.environment import read_settings
from xinshu.security.queries import api_keys
from xinshu.security.services import create_api_key, revoke_api_key


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="接口密钥", no_args_is_help=True)
    group.command("create", help="为一个单位建立接口密钥；密钥只显示一次")(_create)
    group.command("revoke", help="停用接口密钥，立即生效")(_revoke)
    group.command("list", help="列出接口密钥（不含密钥本身）")(_list)
    app.add_typer(group, name="key")


_Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def _create(
    source: Annotated[str, typer.Option("--organisation", help="所属单位的统一社会信用代码")],
    label: Annotated[str, typer.Option("--label", help="用途，如“业务系统每日推送”")] = "",
    as_json: _Json = False,
) -> None:
    with open_installation(read_settings()):
        require_migrated()
        made = create_api_key(source, label=label, now=datetime.now(UTC))
    if as_json:
        answer = {"id": made.key.id, "organisation": made.key.organisation, "secret": made.secret}
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    typer.echo(f"接口密钥编号：{made.key.id}")
    typer.echo(f"密钥（只显示这一次）：{made.secret}")


def _revoke(key: Annotated[str, typer.Argument(help="密钥编号", show_default=False)]) -> None:
    with open_installation(read_settings()):
        require_migrated()
        revoke_api_key(key, datetime.now(UTC))
    typer.echo(f"接口密钥 {key} 已停用")


def _list(as_json: _Json = False) -> None:
    with open_installation(read_settings()):
        require_migrated()
        found = api_keys()
    if as_json:
        rows = [{"id": each.id, "organisation": each.organisation, "revoked": bool(each.revoked_at)} for each in found]
        typer.echo(json.dumps({"keys": rows}, ensure_ascii=False))
        return
    table = Table("编号", "单位", "用途", "建立", "最近使用", "停用")
    for each in found:
        table.add_row(
            each.id, each.organisation, each.label, *map(_moment, (each.created_at, each.last_used_at, each.revoked_at))
        )
    screen().print(table)


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
