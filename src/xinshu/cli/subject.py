"""`xinshu subject`: what the public may see of one subject."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.catalogue.rulebook import printable
from xinshu.cli.screen import screen
from xinshu.disclosure.asking import OPERATOR_PURPOSE, query
from xinshu.disclosure.domain import Asked, Request
from xinshu.disclosure.errors import NotAllowed
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.results import as_json as as_result
from xinshu.kernel.clock import parse_as_of, shanghai_date
from xinshu.kernel.profiles import open_profile
from xinshu.project.environment import read_settings
from xinshu.publication.domain import Provenance, PublicField, PublicProfile, PublicPublicity, PublicRecord
from xinshu.publication.queries import PublicReference, public_profile
from xinshu.security.identity.requests import actor_by_name

_Line = tuple[int, str, str]  # indent, text, style


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("subject", help="查看一个主体的公示信息")(_subject)


def _subject(
    code: Annotated[str, typer.Argument(help="统一社会信用代码或公开编号", show_default=False)],
    as_of: Annotated[str, typer.Option("--as-of", help="按此时平台所知查看 YYYY-MM-DD[THH:MM]，默认现在")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    full: Annotated[bool, typer.Option("--full", help="查看未公示的信息（须运营员岗位，留有审计记录）")] = False,
    user: Annotated[str, typer.Option("--as", help="--full：运营员的用户名")] = "",
    basis: Annotated[str, typer.Option("--basis", help="--full：查询依据")] = "",
    matter: Annotated[str, typer.Option("--matter", help="--full：办件编号")] = "",
) -> int:
    if full:
        return _full(code, user=user, basis=basis, matter=matter)
    moment = parse_as_of(as_of) if as_of else datetime.now(UTC)
    known_at = moment if as_of else None
    with open_installation(read_settings()):
        require_migrated()
        found = public_profile(code, reference=_reference(), day=shanghai_date(moment), known_at=known_at)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        _print(screen(), found)
    return 0


def _full(code: str, *, user: str, basis: str, matter: str) -> int:
    """Everything the platform holds, through the gate, as JSON: registered, judged and on the audit record."""
    settings = read_settings()
    asked = Request(
        purpose=OPERATOR_PURPOSE,
        legal_basis=basis,
        matter_no=matter,
        subjects=(Asked("organisation", code),),
        channel="cli",
    )
    with open_installation(settings):
        require_migrated()
        actor = actor_by_name(user)
        if actor is None:
            raise NotAllowed
        found = query(Gate.open(settings), actor, asked, datetime.now(UTC))
    told = {"number": found.number, **({} if found.result is None else as_result(found.result))}
    typer.echo(json.dumps(told, ensure_ascii=False))
    return 0


def print_profile(console: Console, code: str, day: date) -> None:
    """Print what is public of a subject on that day; the database must be at hand. Raises SubjectNotFound."""
    _print(console, public_profile(code, reference=_reference(), day=day))


def _reference() -> PublicReference:
    settings = read_settings()
    return PublicReference.load(open_profile(settings.profile, settings.profiles_dir))


def _print(console: Console, found: PublicProfile) -> None:
    for indent, text, style in _lines(found):
        console.print(Padding(Text(printable(text), style=style), (0, 0, 0, indent), expand=False))


def _lines(found: PublicProfile) -> Iterator[_Line]:
    yield 0, f"{found.name}　{found.status}", "bold"
    yield 0, f"统一社会信用代码　{found.code}", ""
    if found.region:
        yield 0, f"所在地区　{found.region}", ""
    if found.former_names:
        yield 0, f"曾用名　{'；'.join(found.former_names)}", ""
    if found.merged_into:
        yield 0, f"该主体已并入 {found.merged_into}，合并后的信息见该代码", "bold"
    yield 0, "", ""
    yield 0, f"公示信息（截至 {found.day}）" if found.total else found.none_found, "bold"
    for section in found.sections:
        count = f"{len(section.records)} 条" if section.records else "未查到公示记录"
        yield 2, f"{section.title}　{count}", ""
    if found.registration:
        yield 0, "", ""
        yield 0, "登记信息", "bold"
        yield from _fields(found.registration)
    if found.registration_from is not None:
        yield 2, _provenance(found.registration_from), "dim"
    for section in found.sections:
        if section.records:
            yield 0, "", ""
            yield 0, f"{section.title}　{len(section.records)} 条", "bold"
        for number, record in enumerate(section.records, start=1):
            yield from _record(number, record)


def _record(number: int, record: PublicRecord) -> Iterator[_Line]:
    severity = f"　[{record.publicity.severity}]" if record.publicity is not None else ""
    yield 1, f"{number}. {record.headline}{severity}{f'　[{record.state}]' if record.state else ''}", "bold"
    yield from _fields(record.fields)
    if record.publicity is not None:
        yield 2, _publicity(record.publicity), ""
    yield 2, _provenance(record.provenance), "dim"


def _fields(fields: tuple[PublicField, ...]) -> Iterator[_Line]:
    for each in fields:
        yield 2, f"{each.title}：{each.value}", ""


def _publicity(publicity: PublicPublicity) -> str:
    parts = [
        f"公示类别：{publicity.severity}{'（默认类别）' if publicity.stands_in else ''}",
        f"公示起：{publicity.since}",
    ]
    if publicity.repair_from is not None:
        parts.append(f"最早可申请修复：{publicity.repair_from}")
    parts.append(f"公示止：{publicity.until or '—'}")
    parts.append(f"依据：《{publicity.rule_set}》（{publicity.document}）")
    return "　".join(parts)


def _provenance(source: Provenance) -> str:
    return (
        f"来源单位 {source.source}　事件日期 {source.event_date or '—'}　入库日期 {source.received_on}"
        f"　目录版本 {source.catalogue_version}"
    )
