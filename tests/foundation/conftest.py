"""Running the program as a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def xinshu() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `xinshu …` with environment changes; a value of None removes the variable."""

    def run(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in {**os.environ, **changes}.items() if value is not None}
        command = [sys.executable, "-m", "xinshu.cli", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)

    return run
