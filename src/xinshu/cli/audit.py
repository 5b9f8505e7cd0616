"""`xinshu audit`: check, export and prove the audit record; search it; what each act finds is itself recorded.

`verify --export` and `verify-proof` need the public key alone: no database, no state folder.
"""

from __future__ import annotations

import json
import os
import pwd
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.cli.progress import progress_bar
from xinshu.cli.screen import screen
from xinshu.kernel.clock import SHANGHAI, parse_as_of
from xinshu.kernel.database import bulk_transaction
from xinshu.kernel.logs import current_trace
from xinshu.kernel.settings import Settings
from xinshu.project.environment import read_settings
from xinshu.security.audit.actions import ACTIONS
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.audit.exporting import prove, write_export
from xinshu.security.audit.queries import Filter, Found, blocks_of, by_subject, search
from xinshu.security.audit.sealer import Sealer
from xinshu.security.audit.services import record_alone
from xinshu.security.auditcheck.chain import check
from xinshu.security.auditcheck.errors import KeysMissing, RecordUnreadable
from xinshu.security.auditcheck.evidence import verify_evidence
from xinshu.security.auditcheck.proofs import check_proof
from xinshu.security.auditcheck.record import Keys, Report
from xinshu.security.auditcheck.sources import ExportSource, read_anchors
from xinshu.security.crypto import public_key_pem, signing_keys
from xinshu.security.sealing import Vault
from xinshu.security.verification import check_record, facts_of, trusted_keys

_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="审计记录：校验、导出、存证证明、检索", no_args_is_help=True)
    group.command("verify", help="校验审计链；发现问题时指出第一条有问题的记录，退出码 1")(_verify)
    group.command("verify-proof", help="校验一条记录的存证证明")(_verify_proof)
    group.command("keys", help="输出审计签名公钥（PEM），供独立校验使用")(_keys)
    group.command("export", help="导出已封存的审计记录，供独立校验")(_export)
    group.command("prove", help="出具一条记录的存证证明")(_prove)
    group.command("search", help="检索审计记录")(_search)
    group.command("subject", help="某主体何时被谁因何查询")(_subject)
    group.command("verify-evidence", help="用公钥校验证据文件夹；有改动则退出码 1")(_verify_evidence)
    app.add_typer(group, name="audit")


_Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
_Key = Annotated[Path | None, typer.Option("--public-key", help="审计公钥文件；默认用本机密钥库中的公钥")]
_Anchors = Annotated[Path | None, typer.Option("--anchors", help="存证目录；默认为设置的目录")]
_From = Annotated[str, typer.Option("--from", help="从该日（YYYY-MM-DD，北京时间）或该序号起")]
_To = Annotated[str, typer.Option("--to", help="到该日或该序号止")]


def _verify(
    since: _From = "",
    until: _To = "",
    anchors: _Anchors = None,
    public_key: _Key = None,
    export: Annotated[Path | None, typer.Option("--export", help="校验导出文件，不连接数据库")] = None,
    as_json: _Json = False,
) -> None:
    settings, started = read_settings(), time.monotonic()
    if export is not None:
        if since or until:
            raise typer.BadParameter("--from 和 --to 只用于数据库；导出文件按其全部内容校验")
        keys = _read_keys(settings, public_key)
        with progress_bar(quiet=as_json) as begin:
            step = begin("校验")
            report = check(
                ExportSource(export),
                keys,
                None if anchors is None else read_anchors(anchors),
                progress=lambda rows: step("核对", 0.0, rows),
            )
    else:
        with open_installation(settings):
            require_migrated()
            report = _verify_database(settings, (since, until), anchors, public_key, quiet=as_json)
    _tell(report, time.monotonic() - started, as_json=as_json)


def _verify_database(
    settings: Settings, span: tuple[str, str], anchors: Path | None, public_key: Path | None, *, quiet: bool
) -> Report:
    keys = _read_keys(settings, public_key)
    first, last = blocks_of(*map(_bound, span))
    folder = anchors or settings.audit_anchors
    if anchors is not None and not anchors.is_dir():
        read_anchors(anchors)  # says what is wrong
    with progress_bar(quiet=quiet) as begin:
        step = begin("校验")
        report = check_record(
            keys, folder, first_block=first, last_block=last, progress=lambda rows: step("核对", 0.0, rows)
        )
    full = span == ("", "") and folder.is_dir()
    _note("audit.verify", facts_of(report, full=full))
    return report


def _tell(report: Report, seconds: float, *, as_json: bool) -> None:
    bad = report.bad
    if as_json:
        facts = {
            "ok": report.ok,
            "rows": report.rows,
            "blocks": report.blocks,
            "first": report.first,
            "last": report.last,
            "anchors": report.anchors,
            "unanchored": report.unanchored,
            "purged": report.purged,
            "late": report.late,
            "unsealed": report.unsealed,
            "keys": sorted(report.keys),
            "not_checked": report.not_checked,
            "seconds": round(seconds, 3),
            "bad": None
            if bad is None
            else {"kind": bad.kind, "block": bad.block, "seq": bad.seq, "entry": bad.entry, "message": bad.message},
        }
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        typer.echo(
            f"已核对 {report.rows:,} 条（序号 {report.first}–{report.last}）、{report.blocks:,} 个区块、"
            f"{report.anchors:,} 份存证，用时 {seconds:.1f} 秒"
        )
        notes = [
            (report.purged, "按期清理，仅存区块头"),
            (report.unsealed or 0, "尚待封存"),
            (report.unanchored, "个区块尚待存证"),
            (report.late, "写入一小时后才封存"),
        ]
        for count, what in notes:
            if count:
                typer.echo(f"  {count:,} {'' if what.startswith('个') else '条'}{what}")
        for each in report.not_checked:
            typer.echo(f"  {each}")
        typer.echo("审计链完好" if bad is None else f"审计链有问题：{bad.message}")
    if bad is not None:
        raise typer.Exit(_FAILED)


def _verify_proof(
    proof: Annotated[Path, typer.Argument(help="存证证明文件", show_default=False)],
    public_key: _Key = None,
    as_json: _Json = False,
) -> None:
    holds, row = check_proof(_read(proof), _read_keys(read_settings(), public_key))
    if as_json:
        typer.echo(json.dumps({"ok": holds, "row": row}, ensure_ascii=False))
    elif holds:
        typer.echo(f"证明成立：序号 {row['seq']}，{row['at']}，{row['actor']}，{_title(row['action'])}")
    else:
        typer.echo("证明不成立：记录、路径、区块头与签名不相符")
    if not holds:
        raise typer.Exit(_FAILED)


def _keys(output: Annotated[Path | None, typer.Option("-o", "--output", help="写入文件")] = None) -> None:
    home = read_settings().home
    pem = b"".join(public_key_pem(home, "audit", each.id) for each in signing_keys(home, "audit"))
    if not pem:
        raise KeysMissing("本机还没有审计签名密钥", fix="先启动后台任务（xinshu up），第一次封存时生成")
    if output is None:
        typer.echo(pem.decode(), nl=False)
    else:
        output.write_bytes(pem)


def _export(
    output: Annotated[Path, typer.Option("-o", "--output", help="导出到文件")],
    since: _From = "",
    until: _To = "",
    as_json: _Json = False,
) -> None:
    settings = read_settings()
    with open_installation(settings):
        require_migrated()
        first, last = blocks_of(_bound(since), _bound(until))
        with bulk_transaction() as bulk, output.open("w", encoding="utf-8", newline="\n") as target:
            done = write_export(bulk, target, Sealer.of(settings).signer, datetime.now(UTC), first, last)
        _note(
            "audit.export",
            {"rows": done.rows, "first_block": done.first_block, "last_block": done.last_block},
        )
    if as_json:
        facts = {"file": str(output), "rows": done.rows, "first_block": done.first_block, "last_block": done.last_block}
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        typer.echo(f"已导出第 {done.first_block}–{done.last_block} 区块、{done.rows:,} 条")


def _prove(
    seq: Annotated[int, typer.Argument(help="记录序号", min=1)],
    output: Annotated[Path, typer.Option("-o", "--output", help="写入文件")],
    as_json: _Json = False,
) -> None:
    with open_installation(read_settings()):
        require_migrated()
        with bulk_transaction() as bulk:
            proof = prove(bulk, seq)
        _note("audit.prove", {"seq": seq})
    output.write_text(proof, encoding="utf-8")
    typer.echo(json.dumps({"file": str(output), "seq": seq}) if as_json else f"存证证明已写入 {output}")


def _verify_evidence(
    folder: Annotated[Path, typer.Argument(help="证据文件夹", show_default=False)],
    public_key: Annotated[Path, typer.Option("--public-key", help="审计公钥文件（另行取得的，不是文件夹中的）")],
) -> None:
    wrong = verify_evidence(folder, _read(public_key))
    for each in wrong:
        typer.echo(each)
    if wrong:
        raise typer.Exit(_FAILED)
    typer.echo("证据与签名的清单相符")


def _search(
    since: _From = "",
    until: _To = "",
    actor: Annotated[str, typer.Option("--actor", help="操作人")] = "",
    action: Annotated[str, typer.Option("--action", help="动作代码")] = "",
    ticket: Annotated[str, typer.Option("--ticket", help="登记号")] = "",
    code: Annotated[str, typer.Option("--code", help="拒绝代码")] = "",
    refused: Annotated[bool, typer.Option("--refused", help="只看被拒绝的")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: _Json = False,
) -> None:
    wanted = Filter(
        since=_moment(since),
        until=_moment(until),
        actor=actor,
        action=action,
        ticket=ticket,
        code=code,
        outcome="refused" if refused else "",
    )
    with open_installation(read_settings()):
        require_migrated()
        found = search(wanted, limit=limit)
        _note("audit.search", {"rows": len(found)})
    _show(found, as_json=as_json)


def _subject(
    uscc: Annotated[str, typer.Argument(help="统一社会信用代码", show_default=False)],
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: _Json = False,
) -> None:
    settings = read_settings()
    with open_installation(settings):
        require_migrated()
        reference = Vault.open(settings.home).reference("subject", uscc.strip().upper()).bytes
        found = by_subject(reference, limit=limit)
        _note("audit.subject", {"rows": len(found)}, reference)
    _show(found, as_json=as_json)


def _show(found: list[Found], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"rows": [each.facts() for each in found]}, ensure_ascii=False))
        return
    table = Table("序号", "时间", "操作人", "单位", "动作", "登记号", "目的", "结果")
    for each in found:
        outcome = {"done": "完成", "failed": "失败"}.get(each.outcome, f"拒绝 {each.code}")
        moment = f"{each.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        seq = "待封存" if each.seq is None else str(each.seq)
        table.add_row(seq, moment, each.actor, each.unit, _title(each.action), each.ticket, each.purpose, outcome)
    screen().print(table)


def _note(action: str, detail: Mapping[str, int | str], reference: bytes = b"") -> None:
    """What is done here is on the record too, under the name of the machine's user."""
    record_alone(
        AuditEntry(
            at=datetime.now(UTC),
            actor=machine_user(),
            role="",
            unit="",
            address="",
            action=action,
            object_ref=reference,
            trace=current_trace(),
            detail=detail,
        )
    )


def machine_user() -> str:
    """Who acts at a command line, as the record names him."""
    return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


def _read_keys(settings: Settings, public_key: Path | None) -> Keys:
    if public_key is not None:
        return Keys(_read(public_key))
    return trusted_keys(settings.home)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise RecordUnreadable(f"文件 {path} 无法读取：{problem.strerror}", fix="核对路径和权限") from problem


def _bound(text: str) -> int | datetime | None:
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() else parse_as_of(f"{text}T00:00")


def _moment(text: str) -> datetime | None:
    return parse_as_of(text if "T" in text else f"{text}T00:00") if text else None


def _title(action: str) -> str:
    return ACTIONS[action].title if action in ACTIONS else action
