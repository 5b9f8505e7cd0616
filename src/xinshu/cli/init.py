"""`xinshu init`: create or upgrade the tables and load a profile."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from xinshu.bootstrap.installation import load_organisations, migrate, open_installation
from xinshu.kernel.profiles import open_profile
from xinshu.project.environment import read_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init", help="建立或升级数据库表，载入区域配置；可重复执行")(_init)


def _init(
    profile: Annotated[str | None, typer.Option("--profile", help="区域配置名，默认 XINSHU_PROFILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    settings = read_settings()
    chosen = open_profile(profile or settings.profile, settings.profiles_dir)
    with open_installation(settings):
        migrate()
        count = load_organisations(settings, chosen.name)
    if as_json:
        typer.echo(json.dumps({"profile": chosen.name, "organisations": count}, ensure_ascii=False))
    else:
        typer.echo(f"已就绪：区域配置 {chosen.name}，单位 {count} 个")
