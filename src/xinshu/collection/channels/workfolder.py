"""The private place for files while they are taken in or read: `XINSHU_HOME/work/<process>-<random>`, mode 0700.

A folder goes when its block ends. One that a killed process left behind goes the next time anybody opens one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def work_folder(home: Path) -> Iterator[Path]:
    """A fresh private folder for the block."""
    base = home / "work"
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    remove_left_behind(home)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_behind(home: Path) -> None:
    """Remove the folders of processes that are gone."""
    with contextlib.suppress(FileNotFoundError):
        for folder in (home / "work").iterdir():
            process = folder.name.partition("-")[0]
            if not process.isdigit() or not _alive(int(process)):
                shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
