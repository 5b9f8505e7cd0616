"""`xinshu keys`: the cryptographic keys of the installation, their rotation, and the public halves of signing keys."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.bootstrap.sealed import continue_rotation, count_all, rotate_kek, rotate_key
from xinshu.cli.progress import progress_bar
from xinshu.cli.screen import screen
from xinshu.kernel.clock import SHANGHAI
from xinshu.kernel.settings import Settings
from xinshu.project.environment import read_settings
from xinshu.security.crypto import public_key_pem
from xinshu.security.crypto.keyring import SIGNING, Purpose
from xinshu.security.rotation.progress import Phase, Progress
from xinshu.security.rotation.queries import KeyOverview, key_overview
from xinshu.security.rotation.tasks import ask_to_continue

_HOURS = 24 * 3600.0
_REFUSED = 1


class _Which(StrEnum):
    """What can be rotated."""

    CELLS = "cells"
    FILES = "files"
    INDEX = "index"
    DIGEST = "digest"
    AUDIT = "audit"
    REPORT = "report"
    KEK = "kek"


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="密码密钥：查看、轮换、导出公钥", no_args_is_help=True)
    group.command("list", help="列出密钥及各密钥上的数据量（不含密钥本身）")(_list)
    group.command("rotate", help="换用新密钥；旧数据由后台逐批重新加密，完成后销毁旧密钥")(_rotate)
    group.command("resume", help="在本进程内继续重新加密，直到旧密钥销毁")(_resume)
    group.command("public", help="输出签名公钥（PEM）")(_public)
    app.add_typer(group, name="keys")


_Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def _list(
    count: Annotated[bool, typer.Option("--count", help="重新清点各密钥上的数据量")] = False, as_json: _Json = False
) -> None:
    settings = read_settings()
    if count:
        with open_installation(settings):
            require_migrated()
            count_all(settings)
    found = key_overview(settings.home)
    if as_json:
        typer.echo(json.dumps(_as_json(found), ensure_ascii=False))
        return
    table = Table("编号", "用途", "算法", "状态", "数据量", "启用", "停用", "销毁")
    for each in found.keys:
        facts = each.facts
        moments = map(_moment, (facts.created_at, facts.retired_at, facts.destroyed_at))
        table.add_row(facts.id, each.title, facts.algorithm, each.state, _number(each.count), *moments)
    screen().print(table)
    if found.rotating:
        typer.echo(f"轮换：{found.phase}，已完成 {found.share:.1%}，剩余 {found.left}")


def _rotate(
    which: Annotated[_Which, typer.Argument(help="密钥用途", show_default=False)],
    wait: Annotated[bool, typer.Option("--wait", help="在本进程内完成重新加密")] = False,
    as_json: _Json = False,
) -> None:
    settings, now = read_settings(), datetime.now(UTC)
    with open_installation(settings):
        require_migrated()
        made = _made(settings, which, now)
        moves = which.value not in {*SIGNING, _Which.KEK}
        done = _finish(settings, quiet=as_json) if wait and moves else None
        if moves and done is None:
            ask_to_continue()
    if as_json:
        typer.echo(json.dumps({"key": made, **({} if done is None else _progress(done))}, ensure_ascii=False))
    else:
        typer.echo(f"已启用新密钥 {made}")
        if moves:
            typer.echo(_said(done) if done else "旧数据由后台重新加密；用 xinshu keys list 查看进度")
    raise typer.Exit(0 if done is None or done.phase is Phase.DONE else _REFUSED)


def _made(settings: Settings, which: _Which, now: datetime) -> str:
    if which is _Which.KEK:
        return f"kek-{rotate_kek(settings, now)}"
    return rotate_key(settings, Purpose(which.value), now).id


def _resume(
    seconds: Annotated[float, typer.Option("--seconds", help="最多进行多久")] = _HOURS, as_json: _Json = False
) -> None:
    settings = read_settings()
    with open_installation(settings):
        require_migrated()
        done = _finish(settings, quiet=as_json, seconds=seconds)
    typer.echo(json.dumps(_progress(done), ensure_ascii=False) if as_json else _said(done))
    raise typer.Exit(0 if done.phase in {Phase.DONE, Phase.NONE} else _REFUSED)


def _public(
    purpose: Annotated[str, typer.Argument(help="audit 或 report", show_default=False)],
    key: Annotated[str, typer.Option("--key", help="密钥编号；默认为在用的密钥")] = "",
) -> None:
    typer.echo(public_key_pem(read_settings().home, purpose, key or None).decode(), nl=False)


def _finish(settings: Settings, *, quiet: bool, seconds: float = _HOURS) -> Progress:
    with progress_bar(quiet=quiet) as begin:
        bar = begin("轮换")
        return continue_rotation(
            settings, seconds=seconds, step=lambda found: bar("重新加密", found.share, found.moved)
        )


def _said(done: Progress) -> str:
    if done.phase in {Phase.DONE, Phase.NONE}:
        return f"没有数据在旧密钥上，旧密钥已销毁（重新加密 {done.moved} 项）"
    if done.phase is Phase.BUSY:
        return "另一个进程正在重新加密；用 xinshu keys list 查看进度"
    return f"已重新加密 {done.moved} 项，剩余 {done.left} 项；用 xinshu keys resume 继续"


def _progress(done: Progress) -> dict[str, str | int]:
    return {"phase": done.phase.value, "moved": done.moved, "left": done.left}


def _as_json(found: KeyOverview) -> dict[str, object]:
    return {
        "keys": [
            {
                "id": each.facts.id,
                "purpose": each.facts.purpose.value,
                "algorithm": each.facts.algorithm,
                "state": each.facts.state.value,
                "count": each.count,
            }
            for each in found.keys
        ],
        "rotating": found.rotating,
        "share": found.share,
        "left": found.left,
    }


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _number(count: int | None) -> str:
    return "—" if count is None else f"{count:,}"
