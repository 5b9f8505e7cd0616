"""`xinshu init`: create or upgrade the tables, load a profile, optionally a demo province."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from xinshu.bootstrap.desk import load_profile
from xinshu.bootstrap.installation import migrate, open_installation
from xinshu.cli.demo import load_demo
from xinshu.kernel.profiles import open_profile
from xinshu.project.environment import read_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init", help="建立或升级数据库表，载入区域配置；可重复执行")(_init)


def _init(
    profile: Annotated[str | None, typer.Option("--profile", help="区域配置名，默认 XINSHU_PROFILE")] = None,
    demo_size: Annotated[int, typer.Option("--demo-size", min=0, help="同时生成并载入演示省，主体个数")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="演示数据的种子")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    settings = read_settings()
    open_profile(profile or settings.profile, settings.profiles_dir)  # a wrong name is refused before anything is made
    with open_installation(settings):
        migrate()
        loaded = load_profile(settings, profile, datetime.now(UTC))
        reports = (
            load_demo(settings, subjects=demo_size, rows=demo_size * 5, seed=seed, quiet=as_json) if demo_size else []
        )
    if as_json:
        answer = {"profile": loaded.profile, "organisations": loaded.organisations, "items": loaded.items}
        typer.echo(json.dumps({**answer, "demo_rows": sum(each.rows for each in reports)}, ensure_ascii=False))
    else:
        typer.echo(f"已就绪：区域配置 {loaded.profile}，单位 {loaded.organisations} 个，目录事项 {loaded.items} 个")
        if reports:
            typer.echo(f"演示数据：{len(reports)} 个文件，{sum(each.rows for each in reports)} 行")
