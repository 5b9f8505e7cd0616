"""Several programs as one: they start together and stop together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from xinshu.bootstrap.supervisor import supervise
from xinshu.cli.up import commands

_STAY = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _STAY


def _stay(pid_file: Path, code: str = _STAY) -> list[str]:
    return [sys.executable, "-c", code, str(pid_file)]


def _gone(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        pytest.param("raise SystemExit(3)", 3, id="failed"),
        pytest.param("pass", 1, id="ended without reason"),
        pytest.param("import os; os.kill(os.getpid(), 9)", 1, id="killed"),
    ],
)
def test_when_one_ends_the_others_are_stopped(tmp_path, ending, code):
    ending = (
        f"import pathlib, time\nwhile not pathlib.Path({str(tmp_path / 'pid')!r}).exists(): time.sleep(0.01)\n{ending}"
    )
    assert supervise({"stays": _stay(tmp_path / "pid"), "ends": [sys.executable, "-c", ending]}) == code
    assert _gone(tmp_path / "pid")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_stops_all_and_is_no_failure(tmp_path, number):
    before = signal.getsignal(number)
    files = [tmp_path / "one", tmp_path / "two"]
    asked: list[float] = []

    def started() -> bool:
        if not asked and all(file.exists() and file.read_text() for file in files):
            asked.append(time.monotonic())
            threading.Timer(0.05, os.kill, [os.getpid(), number]).start()
        return bool(asked)

    assert supervise({file.name: _stay(file) for file in files}, started=started) == 0
    assert all(_gone(file) for file in files)
    assert time.monotonic() - asked[0] < 10
    assert signal.getsignal(number) is before


def test_who_does_not_listen_is_killed_after_the_grace(tmp_path):
    ends = f"import pathlib, time\nwhile not pathlib.Path({str(tmp_path / 'pid')!r}).exists(): time.sleep(0.01)"
    children = {"deaf": _stay(tmp_path / "pid", _DEAF), "ends": [sys.executable, "-c", ends]}
    assert supervise(children, grace_seconds=0.3) == 1
    assert _gone(tmp_path / "pid")


def test_a_program_that_cannot_be_started_leaves_no_other_running(tmp_path):
    with pytest.raises(FileNotFoundError):
        supervise({"stays": _stay(tmp_path / "pid"), "missing": [str(tmp_path / "no-such-program")]})
    assert not (tmp_path / "pid").exists() or _gone(tmp_path / "pid")


def test_children_do_not_outlive_a_killed_supervisor(tmp_path):
    script = f"from xinshu.bootstrap.supervisor import supervise; supervise({{'stays': {_stay(tmp_path / 'pid')!r}}})"
    with subprocess.Popen([sys.executable, "-c", script]) as supervisor:
        end = time.monotonic() + 30
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()) and time.monotonic() < end:
            time.sleep(0.05)
        supervisor.kill()
    while not _gone(tmp_path / "pid") and time.monotonic() < end:
        time.sleep(0.05)
    assert _gone(tmp_path / "pid")


def test_the_website_has_the_processes_and_threads_that_are_set(settings_with):
    def option(name: str, **settings: int) -> str:
        command = commands(settings_with(**settings), 8000)["web"]
        return command[command.index(name) + 1]

    assert option("--workers", web_workers=3) == "3"
    assert option("--threads", web_threads=5) == option("--worker-connections", web_threads=5) == "5"
    assert option("--bind") == "127.0.0.1:8000"
