"""`xinshu up`: everything an installation needs, in the foreground, until Ctrl-C."""

from __future__ import annotations

import socket
import sys
from datetime import UTC, datetime
from typing import Annotated

import structlog
import typer

from xinshu.bootstrap.audit import QUEUE, seal_at_start
from xinshu.bootstrap.demo_idp import prepare as prepare_idp
from xinshu.bootstrap.demo_idp import require_fitting
from xinshu.bootstrap.desk import bring_up_to_date, prepare_channels
from xinshu.bootstrap.errors import PortTaken
from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.bootstrap.supervisor import supervise
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.settings import Settings
from xinshu.project.databases import may_be_overheard
from xinshu.project.environment import read_settings
from xinshu.security.rowsecurity import require_safe_role
from xinshu.web.portal.site import Portal

HOST = "127.0.0.1"
_log = structlog.get_logger(__name__)
_THREADS = 4
_JOBS = 2  # a long file does not keep a short one waiting


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up", help="启动网站和后台任务，Ctrl-C 停止")(_up)


def _up(
    port: Annotated[int, typer.Option("--port", min=1, max=65534, help="网站端口；接口用下一个端口")] = 8000,
    demo_idp: Annotated[
        bool, typer.Option("--demo-idp", help="同时启动演示用的统一身份认证（再下一个端口），供企业登录；不可用于生产")
    ] = False,
) -> None:
    settings = read_settings()
    if demo_idp:
        require_fitting(settings)
    with open_installation(settings):
        require_migrated()
        bring_up_to_date(settings, shanghai_date(datetime.now(UTC)))
        prepare_channels(settings)
        code = serve(settings, port, demo_idp=demo_idp)
    raise typer.Exit(code)


def serve(settings: Settings, port: int, *, demo_idp: bool = False) -> int:
    """Run the website, the interface (on the next port) and the worker until a signal comes or one of them ends.

    The database must be at hand. `demo_idp`: also the demonstration's identity provider, on the port after.

    Returns:
        The exit code of `supervise`.
    Raises:
        PortTaken: something listens on one of the ports.
        ProfileInvalid: a file of the profile that the website shows has a fault (site.yaml, content.yaml).
        RoleUnsafe: the database role of the program owns tables or stands above row-level security.
    """
    Portal(settings).read()
    require_safe_role()
    _require_free(port)
    _require_free(port + 1)
    programs = commands(settings, port)
    if demo_idp:
        _require_free(port + 2)
        file = prepare_idp(settings, port, port + 2)
        programs["idp"] = [sys.executable, "-m", "xinshu.demo.identity_server", str(file), str(port + 2)]
    if may_be_overheard(settings):
        _log.warning("database.may_be_overheard", fix="在 DATABASE_URL 末尾写 sslmode=verify-full")
    seal_at_start(settings, datetime.now(UTC))
    return supervise(programs, started=lambda: _announce_when_up(port))


def commands(settings: Settings, port: int) -> dict[str, list[str]]:
    """The programs: website and interface under gunicorn, the task worker, and one that only seals the audit record."""
    worker = ["-m", "django", "procrastinate", "--settings", "xinshu.project.settings", "worker"]
    worker += ["--delete-jobs", "successful"]
    return {
        "web": _gunicorn(port, "xinshu.project.wsgi", settings.web_processes, settings.web_threads),
        "gateway": _gunicorn(port + 1, "xinshu.project.gateway.wsgi", 1, _THREADS),
        "worker": [sys.executable, *worker, "--concurrency", str(_JOBS)],
        "sealer": [sys.executable, *worker, "--concurrency", "1", "--queues", QUEUE],
    }


def _gunicorn(port: int, application: str, workers: int, threads: int) -> list[str]:
    options = ["--no-control-socket", "--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads)]
    # A process takes no more connections than it can answer at once and keeps none: the others wait for whichever process
    # is free first, instead of behind one that happens to hold many.
    options += ["--worker-connections", str(threads), "--keep-alive", "0"]
    options += ["--bind", f"{HOST}:{port}", "--log-level", "warning"]
    return [sys.executable, "-m", "gunicorn", *options, application]


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as problem:
            raise PortTaken(f"端口 {port} 不能使用：{problem.strerror}", fix="用 --port 指定其他端口") from None


def _announce_when_up(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    typer.echo(f"信枢已启动：http://{HOST}:{port}/ ，接口 http://{HOST}:{port + 1}/api/v1/ （Ctrl-C 停止）")
    return True
