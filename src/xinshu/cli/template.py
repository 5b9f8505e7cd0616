"""`xinshu template`: the form a department fills."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from xinshu.catalogue.loading import find_item, load_catalogue
from xinshu.catalogue.template import write_template
from xinshu.kernel.profiles import open_profile
from xinshu.project.environment import read_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("template", help="生成填报模板（XLSX），带下拉选项、批注和示例")(_template)


def _template(
    item: Annotated[str, typer.Argument(help="事项代码，如 administrative-penalty", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="写入的文件，以 .xlsx 结尾")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    settings = read_settings()
    chosen = find_item(load_catalogue(open_profile(settings.profile, settings.profiles_dir)), item)
    if output.suffix.lower() != ".xlsx":
        raise typer.BadParameter("文件名应以 .xlsx 结尾", param_hint="-o")
    write_template(chosen, output)
    if as_json:
        answer = {"item": chosen.item, "item_version": chosen.version, "file": str(output)}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        typer.echo(f"已生成 {chosen.title}（{chosen.version}）填报模板：{output}")
