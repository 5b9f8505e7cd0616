"""Run the benchmark: `python -m bench [--rows N]`. Takes an embedded server of its own; nothing of the user's is touched.

Each line is measured several times, ours and the limit by turns, and the medians are compared: speeds of a shared
machine drift by a factor of two, ratios do not.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="xinshu-bench-"))
HOME.chmod(0o711)
for name in [name for name in os.environ if name.startswith("XINSHU_") or name == "DATABASE_URL"]:
    del os.environ[name]
os.environ["XINSHU_HOME"] = str(HOME / "home")

from bench.lines import Line  # noqa: E402 - the environment comes first
from bench.main_path import run  # noqa: E402


def main() -> int:
    """Measure and print; exit 1 when a line misses its bar."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(
        f"rows {given.rows:,}; {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        flush=True,
    )
    try:
        lines = run(HOME, given.rows, given.rounds)
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
    print(Line.heading())
    for line in lines:
        print(line.text())
    return 0 if all(line.passed for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
