"""Memory of an ingest: a process of its own and all it starts, PostgreSQL apart, looked at twenty times a second.

Proportional set size: memory shared between our processes counts once.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench.store import Store

_EVERY_SECONDS = 0.05
_APART = "postgres"


def peak_of(store: Store, path: Path) -> int:
    """Bytes at the peak of `bench.ingest_once` on the file. Raises CalledProcessError when it fails."""
    command = [sys.executable, "-m", "bench.ingest_once", str(path), store.source]
    with subprocess.Popen(command) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(_bytes(pid) for pid in family(process.pid)))
            time.sleep(_EVERY_SECONDS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak


def family(pid: int) -> list[int]:
    """A process and its descendants, servers of PostgreSQL and what they start left out."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (stat := _read(folder / "stat")):
            name, _, rest = stat.partition("(")[2].rpartition(")")
            if name != _APART:
                children.setdefault(int(rest.split()[1]), []).append(int(folder.name))
    found = [pid]
    for each in found:
        found += children.get(each, ())
    return found


def _bytes(pid: int) -> int:
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    """The text of a file of /proc; empty when the process is gone."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
