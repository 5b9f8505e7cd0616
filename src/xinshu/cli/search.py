"""`xinshu search`: what the search box of the website finds."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.catalogue.rulebook import printable
from xinshu.cli.screen import screen
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.profiles import open_profile
from xinshu.project.environment import read_settings
from xinshu.publication.queries import PublicReference
from xinshu.publication.search import SearchAnswer, search_public


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("search", help="按名称、曾用名、拼音、代码查找主体，按文书号查找公示信息")(_search)


def _search(
    text: Annotated[str, typer.Argument(help="名称中任意一段、代码、拼音或文书号", show_default=False)],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="最多列出主体个数")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> int:
    settings = read_settings()
    with open_installation(settings):
        require_migrated()
        reference = PublicReference.load(open_profile(settings.profile, settings.profiles_dir))
        found = search_public(text, reference=reference, day=shanghai_date(datetime.now(UTC)), limit=limit)
    if as_json:
        told = {name: [asdict(each) for each in getattr(found, name)] for name in ("documents", "suggestions")}
        hits = [asdict(each) for each in found.subjects]
        typer.echo(json.dumps({"query": text, "count": len(hits), "hits": hits, **told}, ensure_ascii=False))
    else:
        _show(screen(), found, limit)
    return 0


def _show(console: Console, found: SearchAnswer, limit: int) -> None:
    if found.subjects:
        rows = [(each.uscc, each.name, each.status, each.matched) for each in found.subjects]
        console.print(_table("", ("统一社会信用代码", "名称", "登记状态", "匹配"), rows))
        if found.full:
            typer.echo(f"只列出前 {limit} 个，可用 --limit 增加，或写出更完整的名称")
    if found.documents:
        rows = [(each.document_no, each.item_title, each.subject, each.subject_name) for each in found.documents]
        console.print(_table("公示信息", ("文书号", "事项", "统一社会信用代码", "主体"), rows))
    if not found.subjects and not found.documents:
        typer.echo("未查到主体。名称至少写两个字，代码写全 18 位，文书号写全")
    if found.suggestions:
        rows = [(each.uscc, each.name, each.status, "；".join(each.reasons)) for each in found.suggestions]
        console.print(_table("名称相近的主体", ("统一社会信用代码", "名称", "登记状态", "说明"), rows))


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, str, str, str]]) -> Table:
    table = Table(title=title or None)
    for each in columns:
        table.add_column(each, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table
