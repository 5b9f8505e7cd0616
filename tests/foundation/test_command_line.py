"""The command line: every failure is an answer and an exit code; `up` starts everything and stops everything."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from xinshu.cli import app as cli
from xinshu.project.environment import read_settings

_SECRET = "geheim-7f3a90"
_TRACE = r"TR-[0-9a-f]{16}"


@pytest.fixture
def failing(monkeypatch) -> Iterator[None]:
    """A command `break` that fails in a way nobody foresaw."""

    def register(app: typer.Typer) -> None:
        @app.command("break")
        def _break(as_json: bool = typer.Option(False, "--json")) -> None:
            raise RuntimeError("password=hunter2")

    module = type(sys)("xinshu_test_break")
    module.register = register
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(cli.COMMANDS, "break", module.__name__)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_an_unforeseen_failure_shows_a_trace_number_that_is_in_the_log(failing, capsys):
    assert cli.run(["break"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    trace = re.search(f"追踪号：({_TRACE})", shown.err)[1]
    logged = json.loads(next(line for line in shown.err.splitlines() if line.startswith("{")))
    assert logged["trace"] == trace
    assert "RuntimeError" in logged["exception"]
    assert "hunter2" not in "".join(line for line in shown.err.splitlines() if not line.startswith("{"))


def test_an_unforeseen_failure_as_json(failing, capsys):
    assert cli.run(["break", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "internal"
    assert re.fullmatch(_TRACE, error["trace"])
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("arguments", "environment", "code"),
    [
        pytest.param(["nonsense"], {}, "cli.usage", id="unknown command"),
        pytest.param(["init", "--nonsense"], {}, "cli.usage", id="unknown option"),
        pytest.param(["up", "--port", "0"], {}, "cli.usage", id="value out of range"),
        pytest.param(["init"], {"XINSHU_FILE_MAX_BYTES": "big"}, "setting.invalid", id="bad setting"),
        pytest.param(["init"], {"XINSHU_NONSENSE": "1"}, "setting.invalid", id="unknown setting"),
        pytest.param(["init"], {"DATABASE_URL": "postgresql://h"}, "setting.invalid", id="no database name"),
        pytest.param(
            ["init"], {"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "database.unreachable", id="server not there"
        ),
    ],
)
def test_a_failure_says_what_and_how_to_go_on(xinshu, arguments, environment, code):
    plain = xinshu(*arguments, **environment)
    assert (plain.returncode, plain.stdout) == (2, "")
    assert re.search(rf"错误：.+\n处理：.+\n追踪号：{_TRACE}（{re.escape(code)}）\n", plain.stderr, re.DOTALL)
    assert "Traceback" not in plain.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "没有命令 nonsense"),
        (["check"], "缺少参数 file"),
        (["check", "x.csv", "--nonsense"], "没有选项 --nonsense"),
        (["check", "x.csv", "--item"], "选项 --item 没有写值"),
        (["check", "x.csv", "--json=1"], "选项 --json 不带值"),
        (["catalogue", "diff", "a", "b", "c"], "多出参数 c"),
        (["search", "A市", "--limit", "0"], "--limit：应不小于 1"),
        (["search", "A市", "--limit", "1001"], "--limit：应不大于 1000"),
        (["search", "A市", "--limit", "x"], "--limit：应为整数"),
        (["quality", "--month", "2026-09", "--by", "x"], "--by：“x”不可用，可用的有 'supplier', 'item', 'region'"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_answered_in_chinese(capsys, arguments, said):
    assert cli.run(arguments) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"错误：{said}"


def test_a_group_without_a_command_shows_its_commands(capsys):
    assert cli.run(["catalogue"]) == 2
    shown = capsys.readouterr()
    assert "validate" in shown.err
    assert "错误" not in shown.err


def test_a_failure_as_json_is_one_object(xinshu):
    done = xinshu("init", "--json", XINSHU_LOG_LEVEL="loud")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert set(error) == {"code", "message", "fix", "trace"}
    assert error["code"] == "setting.invalid"
    assert "XINSHU_LOG_LEVEL" in error["message"]


def test_version_and_help(xinshu):
    assert re.fullmatch(r"xinshu \d+\.\d+\.\d+\n", xinshu("--version").stdout)
    shown = xinshu()
    assert shown.returncode == 0
    assert all(name in shown.stdout for name in cli.COMMANDS)


def test_up_refuses_before_the_tables_are_made(xinshu, empty_database):
    done = xinshu("up", DATABASE_URL=empty_database.url)
    assert done.returncode == 2
    assert "xinshu init" in done.stderr


def test_up_refuses_a_port_in_use(xinshu, database):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = xinshu("up", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "--port" in done.stderr


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def running(database, port) -> Iterator[subprocess.Popen[str]]:
    """`xinshu up`, answering."""
    command = [sys.executable, "-m", "xinshu.cli", "up", "--port", str(port)]
    environment = os.environ | {"XINSHU_OIDC_SECRET": _SECRET}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            end = time.monotonic() + 60
            while not (_status(port) == _status(port + 1) == 200) and process.poll() is None and time.monotonic() < end:
                time.sleep(0.2)
            yield process
        finally:
            process.terminate()


def _status(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return int(answer.status)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:  # ended meanwhile
        return []


def _all_below(pid: int) -> list[int]:
    return [each for child in _children(pid) for each in (child, *_all_below(child))]


def test_no_secret_stands_in_the_arguments_of_a_process(running, database):
    key = (read_settings().home / "keys" / "secret.key").read_text(encoding="utf-8").strip()
    assert _SECRET.encode() in Path(f"/proc/{running.pid}/environ").read_bytes()
    processes = [running.pid, *_all_below(running.pid)]
    assert len(processes) >= 7  # website and interface with their workers, worker, sealer
    for pid in processes:
        told = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/comm").read_bytes()
        assert b"python" in told
        for secret in (_SECRET, key, database.url):
            assert secret.encode() not in told


def test_everything_that_listens_is_of_the_machine_itself(running):
    """Nothing of ours can be reached from outside without the operator's proxy, which has the TLS."""
    inodes = {
        link.removeprefix("socket:[").removesuffix("]")
        for pid in [running.pid, *_all_below(running.pid)]
        for each in _open_files(pid)
        if (link := _link(each)).startswith("socket:[")
    }
    listening = [
        fields[1].rpartition(":")[0]
        for table in ("tcp", "tcp6")
        for fields in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if fields[3] == "0A" and fields[9] in inodes
    ]
    assert len(listening) >= 2  # website and interface
    assert set(listening) == {"0100007F"}


def _open_files(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:  # ended meanwhile
        return []


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:  # closed meanwhile
        return ""


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_up_serves_and_stops_whole(running, port, number):
    assert _status(port) == 200
    children = _children(running.pid)
    assert len(children) == 4  # website, interface, worker, sealer
    assert _status(port + 1) == 200
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert f"http://127.0.0.1:{port}/" in out
    assert not any(_alive(child) for child in children)
    assert (_status(port), _status(port + 1)) == (0, 0)


def test_up_ends_when_one_of_its_processes_does(running, port):
    children = _children(running.pid)
    assert len(children) == 4  # website, interface, worker, sealer
    os.kill(children[2], signal.SIGKILL)
    running.communicate(timeout=60)
    assert running.returncode == 1
    assert not any(_alive(each) for each in children)


@pytest.mark.parametrize(
    ("name", "text"), [("content.yaml", "news:\n  - {name: a, title: 甲}\n"), ("site.yaml", "phone: 1\n")]
)
def test_up_refuses_a_fault_in_what_the_website_says_before_anything_starts(xinshu, database, tmp_path, name, text):
    profiles = shutil.copytree(Path(__file__).parents[2] / "profiles", tmp_path / "profiles")
    (profiles / "demo" / name).write_text(text, encoding="utf-8")
    done = xinshu("up", XINSHU_PROFILES_DIR=str(profiles))
    assert done.returncode == 2
    assert name in done.stderr
    assert "http://" not in done.stdout
