"""Command line: `xinshu …`. It reads arguments and prints results; the rooms do the work.

Exit codes: 0 done, 1 refused (or rows in doubt when strict), 2 unusable input or a failure. With `--json` there is one
JSON object on standard output, a failure as `{"error": {"code", "message", "fix", "trace"}}`.
It follows docs/architecture.md.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

from xinshu.cli.app import run

__all__ = ["main"]


def main() -> NoReturn:
    """Entry point of the console script: runs the command given and leaves with its exit code.

    SIGTERM unwinds like any other end, so that whatever was started is stopped again.
    """
    signal.signal(signal.SIGTERM, _leave)
    raise SystemExit(run(sys.argv[1:]))


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
