"""A crash at any moment leaves nothing or the whole batch; running again finishes it.

By default a few kills; `KILLS=30,20 pytest tests/crash` does the loader 30 times and PostgreSQL 20 times. Each run has a
state folder and an embedded server of its own, and works through the real command line.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xinshu.kernel.profiles import open_profile

_GIVEN = os.environ.get("KILLS", "3,2").split(",")
LOADER_KILLS, SERVER_KILLS = int(_GIVEN[0]), int(_GIVEN[1])
FILES = 5  # files of penalties worked through
PROFILES = Path(__file__).resolve().parents[2] / "profiles"
AS_OF = datetime(2026, 11, 22, 4, tzinfo=UTC)


class Installation:
    """A state folder of its own, worked by the command line."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {"XINSHU_HOME": str(home), "XINSHU_PROFILE": "demo", "PATH": os.environ["PATH"]}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "xinshu.cli", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> str:
        """Run a command to its end; its output."""
        process = self.start(*arguments)
        out, problem = process.communicate(timeout=300)
        assert process.returncode == 0, problem.decode()[-2000:]
        return out.decode()

    def ingest(self, line: dict[str, str], folder: Path) -> tuple[str, ...]:
        """The arguments that receive one file of a manifest."""
        return (
            "ingest",
            str(folder / line["file"]),
            "--item",
            line["item"],
            "--source",
            line["source"],
            "--as-of",
            line["received_at"][:16],
            "--json",
        )

    def kill_server(self) -> None:
        """SIGKILL to the postmaster and every process under it."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            pid = int((self.home / "pg/data/postmaster.pid").read_text(encoding="ascii").split()[0])
            children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
            for each in [pid, *map(int, children.split())]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, str]]]:
    """A small generated province: folder and manifest, registrations and some penalties, none refused."""
    import csv

    from xinshu.demo import generate

    folder = tmp_path_factory.mktemp("province")
    generate(
        folder, profile=open_profile("demo", PROFILES), subjects=400, rows=6000, bad_rate=0.05, seed=11, as_of=AS_OF
    )
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        manifest = list(csv.DictReader(file))
    with (folder / "key.csv").open(encoding="utf-8") as file:
        refused = {line["file"] for line in csv.DictReader(file) if line["row"] == "0" and line["level"] == "error"}
    good = [line for line in manifest if line["file"] not in refused]
    registry = [line for line in good if line["item"] == "enterprise-registration"]
    return folder, [*registry, *[line for line in good if line["item"] == "administrative-penalty"][:FILES]]


@pytest.fixture
def installations() -> Iterator[tuple[Installation, Installation]]:
    """Two initialised installations: one for the clean run, one to be killed."""
    base = Path(tempfile.mkdtemp(prefix="xinshu-kill-"))
    base.chmod(0o711)
    made = Installation(base / "clean"), Installation(base / "killed")
    try:
        for each in made:
            each.run("init", "--profile", "demo")
        yield made
    finally:
        made[1].kill_server()
        shutil.rmtree(base, ignore_errors=True)


def clean_run(installation: Installation, folder: Path, manifest: list[dict[str, str]]) -> tuple[list[str], float]:
    """Load everything undisturbed; the canonical dump and the longest time one file took."""
    longest = 0.0
    for line in manifest:
        started = time.monotonic()
        installation.run(*installation.ingest(line, folder))
        longest = max(longest, time.monotonic() - started)
    return installation.run("dump", "--canonical", "--batches").splitlines(), longest


def test_killing_the_loader_loses_nothing(installations, province):
    clean, killed = installations
    folder, manifest = province
    expected, longest = clean_run(clean, folder, manifest)
    chance, done = random.Random(4), 0
    for number, line in enumerate(manifest):
        share = LOADER_KILLS - done
        for _ in range(-(-share // (len(manifest) - number))):
            process = killed.start(*killed.ingest(line, folder))
            time.sleep(chance.uniform(0.2, 1.1) * longest)
            done += process.poll() is None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        killed.run(*killed.ingest(line, folder))
    assert done >= LOADER_KILLS * 0.6  # the rest had finished before the signal came
    assert killed.run("dump", "--canonical", "--batches").splitlines() == expected


def test_killing_postgresql_loses_nothing(installations, province):
    clean, killed = installations
    folder, manifest = province
    expected, longest = clean_run(clean, folder, manifest)
    chance, done = random.Random(5), 0
    for number, line in enumerate(manifest):
        share = SERVER_KILLS - done
        for _ in range(-(-share // (len(manifest) - number))):
            process = killed.start(*killed.ingest(line, folder))
            time.sleep(chance.uniform(0.3, 1.0) * longest)
            done += process.poll() is None
            killed.kill_server()
            out, _ = process.communicate(timeout=300)
            if process.returncode:
                assert "error" in json.loads(out.decode().splitlines()[-1])
        killed.run(*killed.ingest(line, folder))
    assert done >= SERVER_KILLS * 0.6
    assert killed.run("dump", "--canonical", "--batches").splitlines() == expected
