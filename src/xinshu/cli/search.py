"""`xinshu search`: subjects by code or name."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.catalogue.rulebook import printable
from xinshu.project.environment import read_settings
from xinshu.subjects.domain import Hit
from xinshu.subjects.queries import search


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("search", help="按名称、曾用名或代码查找主体")(_search)


def _search(
    text: Annotated[str, typer.Argument(help="名称（可只写开头）或统一社会信用代码", show_default=False)],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="最多列出个数")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> int:
    with open_installation(read_settings()):
        require_migrated()
        hits = search(text, limit=limit)
    if as_json:
        answer = {"query": text, "count": len(hits), "hits": [asdict(each) for each in hits]}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    elif hits:
        Console().print(_table(hits))
        if len(hits) == limit:
            typer.echo(f"只列出前 {limit} 个，可用 --limit 增加，或写出更完整的名称")
    else:
        typer.echo("未查到主体。至少写两个字；名称从开头写起，或写 18 位统一社会信用代码")
    return 0


def _table(hits: list[Hit]) -> Table:
    table = Table()
    for title in ("统一社会信用代码", "名称", "登记状态", "匹配"):
        table.add_column(title, overflow="fold")
    for each in hits:
        table.add_row(*(Text(printable(cell)) for cell in (each.uscc, each.name, each.status, each.matched)))
    return table
