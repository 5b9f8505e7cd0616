"""The application: gathers the commands, and turns every failure into an answer and an exit code."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import structlog
import typer

from xinshu.cli.usage import in_words, is_help
from xinshu.kernel.errors import XinshuError
from xinshu.kernel.logs import configure_logs, new_trace
from xinshu.project.environment import read_settings

# A command is one line here: its name and the module that adds it by `register(app)`. Only the module of the command
# given is imported, so that `xinshu check` does not wait for Django.
COMMANDS = {
    "account": "xinshu.cli.account",
    "audit": "xinshu.cli.audit",
    "catalogue": "xinshu.cli.catalogue",
    "check": "xinshu.cli.check",
    "demo": "xinshu.cli.demo",
    "disclosure": "xinshu.cli.disclosure",
    "dump": "xinshu.cli.dump",
    "ingest": "xinshu.cli.ingest",
    "init": "xinshu.cli.init",
    "key": "xinshu.cli.key",
    "keys": "xinshu.cli.keys",
    "quality": "xinshu.cli.quality",
    "resolve": "xinshu.cli.resolve",
    "search": "xinshu.cli.search",
    "subject": "xinshu.cli.subject",
    "template": "xinshu.cli.template",
    "up": "xinshu.cli.up",
}
# Modules that may be imported before Django is set up: they touch no table.
WITHOUT_TABLES = frozenset({"xinshu.cli.audit", "xinshu.cli.check", "xinshu.cli.template", "xinshu.cli.catalogue"})
# Commands of a group in a module of their own, because they need tables that the group does not.
WITHIN = {("audit", "evidence"): "xinshu.cli.evidence"}

_REFUSED = 2
_INTERRUPTED = 130
_Usage = typer.TyperException
_log = structlog.get_logger(__name__)


def build(command: str | None = None, part: str | None = None) -> typer.Typer:
    """The application with the command of that name; with all of them when there is none. `part`: what follows it."""
    app = typer.Typer(
        name="xinshu",
        help="信枢：公共信用信息系统",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    modules = {COMMANDS[command]} if command in COMMANDS else set(COMMANDS.values())
    named = (command, part) in WITHIN or part is None or part.startswith("-")  # help tells of all
    modules |= {module for (group, _), module in WITHIN.items() if named and COMMANDS[group] in modules}
    if not modules <= WITHOUT_TABLES:
        importlib.import_module("xinshu.bootstrap.installation").django_ready()
    for module in sorted(modules):
        importlib.import_module(module).register(app)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name) and return its exit code; never raises an Exception."""
    trace = new_trace()
    as_json = "--json" in arguments
    try:
        configure_logs(read_settings().log_level)
        code = build(*arguments[:2])(args=list(arguments) or ["--help"], prog_name="xinshu", standalone_mode=False)
    except XinshuError as problem:
        _answer(as_json, problem.code, problem.message, problem.fix, trace)
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except _Usage as problem:
        if is_help(problem) and not as_json:
            typer.echo(str(problem), err=True)
            return _REFUSED
        _answer(as_json, "cli.usage", in_words(problem), "用 xinshu --help 或 xinshu 命令 --help 查看用法", trace)
    except Exception:
        _log.exception("unexpected failure")
        _answer(as_json, "internal", "程序内部出错", f"带上追踪号 {trace} 和日志报告此问题", trace)
    else:
        return code if isinstance(code, int) else 0
    return _REFUSED


def _answer(as_json: bool, code: str, message: str, fix: str, trace: str) -> None:
    if as_json:
        error = {"code": code, "message": message, "fix": fix, "trace": trace}
        typer.echo(json.dumps({"error": error}, ensure_ascii=False))
        return
    typer.echo(f"错误：{message}", err=True)
    if fix:
        typer.echo(f"处理：{fix}", err=True)
    typer.echo(f"追踪号：{trace}（{code}）", err=True)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"xinshu {version('xinshu')}")
        raise typer.Exit


def _options(
    show_version: Annotated[
        bool, typer.Option("--version", help="显示版本", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    del show_version  # its callback has answered
