"""The staff of the demo province: one account for each duty, its password and authenticator secret printed this once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from xinshu.security.domain import ROLE_WORDS, Role
from xinshu.security.errors import AccountTaken
from xinshu.security.identity.accounts import DemoStaff, make_demo_staff
from xinshu.security.identity.factors import code_at, step_of
from xinshu.security.queries import organisations

# user name, duty, kind of organisation (organisations.yaml)
STAFF = (
    ("sysadmin", Role.SYSTEM_ADMIN, "credit-centre"),
    ("secadmin", Role.SECURITY_ADMIN, "credit-centre"),
    ("auditor", Role.AUDIT_ADMIN, "credit-centre"),
    ("operator", Role.OPERATOR, "credit-centre"),
    ("steward", Role.STEWARD, "credit-centre"),
    ("officer", Role.QUERY_OFFICER, "approval"),
    ("approver", Role.QUERY_APPROVER, "approval"),
)


def make(now: datetime) -> tuple[list[DemoStaff], list[str]]:
    """Make those who are not there yet; (made, user names that were there)."""
    units = organisations()
    made: list[DemoStaff] = []
    there: list[str] = []
    for username, role, kind in STAFF:
        unit = next((each for each in units if each.kind == kind), units[0])
        try:
            made.append(
                make_demo_staff(
                    username, display_name=f"演示{ROLE_WORDS[role]}", organisation=unit.uscc, role=role, now=now
                )
            )
        except AccountTaken:
            there.append(username)
    return made, there


def show(now: datetime) -> None:
    """Make and print them."""
    made, there = make(now)
    if made:
        table = Table("岗位", "用户名", "口令", "验证器密钥", title="工作人员账户（口令和密钥只显示这一次）")
        for each in made:
            (role,) = each.made.account.roles
            table.add_row(ROLE_WORDS[role], each.made.account.username, each.made.password, each.secret)
        Console(width=None if Console().is_terminal else 140).print(table)
        typer.echo("登录 /login，第二步输入验证器应用上的数字；没有手机时：xinshu demo code 密钥")
    if there:
        typer.echo(f"工作人员账户 {'、'.join(there)} 已在（口令已在建立时显示；换新口令：xinshu account reset 用户名）")


def code(secret: Annotated[str, typer.Argument(help="建立演示账户时显示的密钥", show_default=False)]) -> None:
    """What the authenticator app would show now."""
    try:
        typer.echo(code_at(secret.replace(" ", "").upper(), step_of(datetime.now(UTC))))
    except ValueError:
        raise typer.BadParameter("不是验证器密钥", param_hint="SECRET") from None
