"""`xinshu demo`: generate a fictional province, and show the main job on it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from xinshu.bootstrap.demo_idp import fits
from xinshu.bootstrap.desk import bring_up_to_date, load_profile, open_desk, prepare_channels
from xinshu.bootstrap.installation import migrate, open_installation
from xinshu.cli import account, up
from xinshu.cli import demo_staff as staff
from xinshu.cli.ingest import rate, report_table
from xinshu.cli.progress import progress_bar
from xinshu.cli.subject import print_profile
from xinshu.collection.domain import BatchReport, totals
from xinshu.collection.errors import FileRefused
from xinshu.collection.services import receive
from xinshu.demo import generate
from xinshu.kernel.clock import parse_as_of, shanghai_date
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.project.environment import read_settings
from xinshu.publication.queries import busiest_subject
from xinshu.security.errors import AccountTaken
from xinshu.security.services import create_reporter

BAD_RATE = 0.03
REPORTER = "reporter"


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="演示省：生成数据，演示主流程", no_args_is_help=True)
    group.command("generate", help="生成带有错误和答案的来源文件")(_generate)
    group.command("code", help="由演示账户的验证器密钥算出当前动态口令")(staff.code)
    group.command("run", help="建库、生成演示省、全部入库，打印结果并开启网站")(_run)
    app.add_typer(group, name="demo")


def _generate(
    out: Annotated[Path, typer.Option("--out", help="写入的文件夹")],
    subjects: Annotated[int, typer.Option("--subjects", min=1, help="主体个数")] = 20_000,
    rows: Annotated[int, typer.Option("--rows", min=1, help="信息行数")] = 100_000,
    bad_rate: Annotated[float, typer.Option("--bad-rate", min=0, max=0.5, help="错误行比例")] = BAD_RATE,
    seed: Annotated[int, typer.Option("--seed", help="种子")] = 1,
    as_of: Annotated[str, typer.Option("--as-of", help="数据截至 YYYY-MM-DD，默认现在")] = "",
    profile: Annotated[str, typer.Option("--profile", help="区域配置名")] = "demo",
) -> None:
    settings = read_settings()
    summary = generate(
        out,
        profile=open_profile(profile, settings.profiles_dir),
        subjects=subjects,
        rows=rows,
        bad_rate=bad_rate,
        seed=seed,
        as_of=parse_as_of(as_of) if as_of else datetime.now(UTC),
    )
    typer.echo(f"已生成 {summary.files} 个文件、{summary.rows} 行，植入错误 {summary.planted} 处：{out}")


def _run(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="结束后开启网站")] = True,
    subjects: Annotated[int, typer.Option("--subjects", min=10)] = 20_000,
    rows: Annotated[int, typer.Option("--rows", min=100)] = 100_000,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    port: Annotated[int, typer.Option("--port")] = 8000,
) -> None:
    settings = read_settings()
    console = Console(width=None if Console().is_terminal else 140)
    with open_installation(settings):
        migrate()
        load_profile(settings, None, datetime.now(UTC))
        reports = load_demo(settings, subjects=subjects, rows=rows, seed=seed)
        today = shanghai_date(datetime.now(UTC))
        bring_up_to_date(settings, today)
        console.print(report_table(reports))
        console.print(_rules_table(reports))
        console.print(_summary(reports))
        code = busiest_subject(today)
        if code is not None:
            console.rule("一个企业的公示信息")
            print_profile(console, code, today)
        prepare_channels(settings)
        _show_reporter(reports)
        staff.show(datetime.now(UTC))
        if serve:
            up.serve(settings, port, demo_idp=fits(settings))


def _show_reporter(reports: list[BatchReport]) -> None:
    """One reporter of the department with the most penalties; the password is made now and printed this once."""
    penalties = Counter[str]()
    for each in reports:
        penalties[each.supplier] += each.rows if each.item == "administrative-penalty" else 0
    if not penalties:
        return
    try:
        account.tell(create_reporter(REPORTER, display_name="演示报送员", organisation=penalties.most_common(1)[0][0]))
    except AccountTaken:
        typer.echo(f"报送员账户：{REPORTER}（口令已在建立时显示；换新口令：xinshu account reset {REPORTER}）")


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One file of a generated set, in the order of receipt."""

    path: Path
    item: str
    source: str
    received_at: datetime


def read_manifest(folder: Path) -> list[ManifestLine]:
    """The manifest of a generated set."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [
            ManifestLine(folder / row["file"], row["item"], row["source"], datetime.fromisoformat(row["received_at"]))
            for row in csv.DictReader(file)
        ]


def load_demo(settings: Settings, *, subjects: int, rows: int, seed: int, quiet: bool = False) -> list[BatchReport]:
    """Generate the demo province (once; its files stay in the state folder) and receive all its files."""
    folder = settings.home / f"demo-{subjects}-{rows}-{seed}"
    with _step("生成演示省", quiet=quiet):
        if not (folder / "manifest.csv").exists():
            generate(
                folder,
                profile=open_profile(settings.profile, settings.profiles_dir),
                subjects=subjects,
                rows=rows,
                bad_rate=BAD_RATE,
                seed=seed,
                as_of=datetime.now(UTC),
            )
    desk = open_desk(settings)
    reports: list[BatchReport] = []
    refused: list[str] = []
    with progress_bar(quiet=quiet) as show:
        for line in read_manifest(folder):
            try:
                reports.append(
                    receive(
                        desk,
                        line.path,
                        item=desk.catalogue[line.item],
                        source=line.source,
                        received_at=line.received_at,
                        progress=show(line.path.name),
                    )
                )
            except FileRefused as problem:
                refused.append(f"{line.path.name}：{problem.message}")
    if refused and not quiet:
        typer.echo("整份退回的文件（演示省特意放入的）：")
        for each in refused:
            typer.echo(f"  {each}")
    return reports


@contextmanager
def _step(what: str, *, quiet: bool) -> Iterator[None]:
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def _rules_table(reports: list[BatchReport]) -> Table:
    counts: dict[str, int] = {}
    for each in reports:
        for rule, count in each.by_rule.items():
            counts[rule] = counts.get(rule, 0) + count
    table = Table(title="按规则统计的校验结果")
    for title in ("规则", "条数"):
        table.add_column(title, justify="right" if title == "条数" else "left")
    for rule, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        table.add_row(rule, str(count))
    return table


def _summary(reports: list[BatchReport]) -> str:
    sums = totals(reports)
    seconds = sum(each.seconds for each in reports)
    rows = sum(each.rows for each in reports)
    load_rate = sums["load_rate"]
    speed = f"，每秒 {rows / seconds:,.0f} 行" if seconds else ""
    return (
        f"共 {len(reports)} 个文件 {rows:,} 行 = 入库 {sums['accepted']} + 疑问 {sums['doubtful']}"
        f" + 重复 {sums['duplicates']}；未关联 {sums['unlinked']}；"
        f"入库率 {rate(load_rate if isinstance(load_rate, float) else None)}；用时 {seconds:.1f} 秒{speed}"
    )
