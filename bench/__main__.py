"""Run the benchmark: `python -m bench [--rows N] [--only TOPICS]`. Takes an embedded server of its own; nothing of the
user's is touched.

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
from xinshu.bootstrap.installation import django_ready, migrate, open_installation  # noqa: E402
from xinshu.project.environment import read_settings  # noqa: E402

TOPICS = ("check", "ingest", "pages", "names", "crypto", "disclosure", "audit")
_WITHOUT_STORE = {"names", "crypto", "audit"}
_FULL = 1_000_000
_SUBJECTS, _MANY_SUBJECTS = 20_000, 300_000


def main() -> int:
    """Measure and print; exit 1 when a line misses its bar."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--subjects", type=int, help=f"default {_SUBJECTS:,}; {_MANY_SUBJECTS:,} from {_FULL:,} rows")
    parser.add_argument("--names", type=int, default=300_000, help="registry of the name lines")
    parser.add_argument("--audit-rows", type=int, default=100_000, help="size of the audit record")
    parser.add_argument("--full", action="store_true", help=f"{_FULL:,} rows")
    parser.add_argument("--only", type=_topics, default=TOPICS, help=",".join(TOPICS))
    given = parser.parse_args()
    given.rows = _FULL if given.full else given.rows
    given.subjects = given.subjects or (_MANY_SUBJECTS if given.rows >= _FULL else _SUBJECTS)
    print(
        f"rows {given.rows:,}; {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        flush=True,
    )
    try:
        lines = _measure(given)
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
    print(Line.heading())
    for line in lines:
        print(line.text())
    return 0 if all(line.passed for line in lines) else 1


def _topics(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(TOPICS):
        raise argparse.ArgumentTypeError(f"not a topic: {', '.join(sorted(unknown))}")
    return chosen


def _measure(given: argparse.Namespace) -> list[Line]:
    django_ready()
    from bench import checking, ingest, names, pages, trust_audit, trust_crypto, trust_disclosure  # they need Django
    from bench.store import Store

    lines: list[Line] = []
    if set(given.only) - _WITHOUT_STORE:
        with open_installation(read_settings()):
            migrate()
            store = Store.make(HOME, rows=given.rows, subjects=given.subjects)
            if "check" in given.only:
                lines += checking.run(store, given.rounds)
            if "ingest" in given.only:
                lines += ingest.run(store, max(given.rounds - 1, 1))
            if "pages" in given.only:
                lines += pages.run(store)
            if "disclosure" in given.only:
                lines += trust_disclosure.run(store, given.rounds)
    if "names" in given.only:
        lines += names.run(given.names)
    if "crypto" in given.only:
        lines += trust_crypto.run(HOME / "home", given.rounds)
    if "audit" in given.only:
        with open_installation(read_settings()):
            migrate()
            lines += trust_audit.run(HOME / "home", given.audit_rows)
    return lines


if __name__ == "__main__":
    sys.exit(main())
