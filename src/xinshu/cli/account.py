"""`xinshu account`: who may sign in. A password is shown once, here, and kept nowhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.cli.screen import screen
from xinshu.project.environment import read_settings
from xinshu.security.domain import ADMINISTRATORS, ROLE_WORDS, AccountFacts, NewAccount, Role
from xinshu.security.identity.accounts import bootstrap_administrator, disable_idle
from xinshu.security.queries import accounts, organisation
from xinshu.security.services import create_reporter, reset_password, set_active


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="可以登录的账户", no_args_is_help=True)
    group.command("bootstrap", help="建立本平台第一名系统、安全或审计管理员；一次性口令只显示一次")(_bootstrap)
    group.command("create", help="建立报送员账户；口令只显示一次")(_create)
    group.command("reset", help="换一个新口令，并使已登录的会话失效")(_reset)
    group.command("disable", help="停用账户")(_disable)
    group.command("enable", help="恢复账户")(_enable)
    group.command("idle", help="停用长期未登录的账户；后台每天自动执行")(_idle)
    group.command("list", help="列出账户")(_list)
    app.add_typer(group, name="account")


_Username = Annotated[str, typer.Argument(help="用户名", show_default=False)]
_Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def _bootstrap(
    username: _Username,
    source: Annotated[str, typer.Option("--organisation", help="所属单位的统一社会信用代码")],
    role: Annotated[Role, typer.Option("--role", help="system_admin、security_admin 或 audit_admin")],
    name: Annotated[str, typer.Option("--name", help="姓名")] = "",
    as_json: _Json = False,
) -> None:
    if role not in ADMINISTRATORS:
        raise typer.BadParameter("只能是 system_admin、security_admin 或 audit_admin", param_hint="--role")
    with open_installation(read_settings()):
        require_migrated()
        now = datetime.now(UTC)
        made = bootstrap_administrator(username, display_name=name, organisation=source, role=role, now=now)
        tell(made, as_json=as_json)
    if not as_json:
        typer.echo("首次登录 /login 时须设置第二因素并更换口令。")


def _idle(as_json: _Json = False) -> None:
    with open_installation(read_settings()):
        require_migrated()
        gone = disable_idle(datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps({"disabled": gone}, ensure_ascii=False))
    else:
        typer.echo(f"已停用 {len(gone)} 个账户" + (f"：{'、'.join(gone)}" if gone else ""))


def _create(
    username: _Username,
    source: Annotated[str, typer.Option("--organisation", help="所属单位的统一社会信用代码")],
    name: Annotated[str, typer.Option("--name", help="姓名")] = "",
    as_json: _Json = False,
) -> None:
    with open_installation(read_settings()):
        require_migrated()
        tell(create_reporter(username, display_name=name, organisation=source), as_json=as_json)


def _reset(username: _Username, as_json: _Json = False) -> None:
    with open_installation(read_settings()):
        require_migrated()
        tell(reset_password(username), as_json=as_json)


def _disable(username: _Username) -> None:
    _switch(username, active=False)


def _enable(username: _Username) -> None:
    _switch(username, active=True)


def _switch(username: str, *, active: bool) -> None:
    with open_installation(read_settings()):
        require_migrated()
        set_active(username, active=active)
    typer.echo(f"账户 {username} 已{'恢复' if active else '停用'}")


def _list(as_json: _Json = False) -> None:
    with open_installation(read_settings()):
        require_migrated()
        found = accounts()
    if as_json:
        rows = [
            {
                "username": each.username,
                "roles": sorted(each.roles),
                "organisation": each.organisation,
                "active": each.active,
            }
            for each in found
        ]
        typer.echo(json.dumps({"accounts": rows}, ensure_ascii=False))
        return
    table = Table("用户名", "角色", "单位", "可登录")
    for each in found:
        table.add_row(each.username, _duties(each), each.organisation, "是" if each.active else "否")
    screen().print(table)


def _duties(account: AccountFacts) -> str:
    return "、".join(word for role, word in ROLE_WORDS.items() if role in account.roles)


def tell(made: NewAccount, *, as_json: bool = False) -> None:
    """Print an account and its new password, this once."""
    if as_json:
        answer = {
            "username": made.account.username,
            "organisation": made.account.organisation,
            "password": made.password,
        }
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    unit = organisation(made.account.organisation)
    typer.echo(f"{_duties(made.account)}账户：{made.account.username}（{'' if unit is None else unit.name}）")
    typer.echo(f"口令（只显示这一次）：{made.password}")
