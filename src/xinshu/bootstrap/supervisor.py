"""Running several programs as one: they start together and stop together."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

import structlog

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_POLL_SECONDS = 0.1
_LIBC = ctypes.CDLL(None, use_errno=True)
_log = structlog.get_logger(__name__)


def supervise(
    commands: Mapping[str, Sequence[str]],
    *,
    started: Callable[[], bool] = lambda: True,
    grace_seconds: float = 20.0,
) -> int:
    """Run the commands until a signal comes or one of them ends; then stop the others. Call it on the main thread.

    SIGTERM and SIGINT are passed on as SIGTERM; who has not ended after `grace_seconds` is killed. Should the supervisor
    itself be killed, the children get SIGTERM from the kernel.

    Args:
        commands: {name for the log: program and its arguments}, started in that order.
        started: asked every tenth of a second until it says True.
    Returns:
        0 after a signal; else the exit code of the one that ended by itself, and 1 if that was 0.
    """
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            children[name] = subprocess.Popen(command, start_new_session=True, preexec_fn=_die_with_parent)  # noqa: PLW1509
        return _watch(children, asked, started)
    finally:
        _stop(children, grace_seconds)
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(children: Mapping[str, subprocess.Popen[bytes]], asked: threading.Event, started: Callable[[], bool]) -> int:
    waiting = True
    while not asked.wait(_POLL_SECONDS):
        for name, child in children.items():
            code = child.poll()
            if code is not None:
                _log.error("a process ended by itself", process=name, exit_code=code)
                return code if code > 0 else 1
        waiting = waiting and not started()
    return 0


def _stop(children: Mapping[str, subprocess.Popen[bytes]], grace_seconds: float) -> None:
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    end = time.monotonic() + grace_seconds
    for name, child in children.items():
        try:
            child.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.error("a process did not stop and was killed", process=name)
            child.kill()
            child.wait()


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
