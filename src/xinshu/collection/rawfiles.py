"""The files as they came, compressed and sealed, under their digest: `XINSHU_HOME/raw/ab/abcd….sealed`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from xinshu.security.sealing import Vault

_BLOCK = 1 << 22


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def raw_path(home: Path, digest: str) -> Path:
    """Where the file with this digest is kept."""
    return home / "raw" / digest[:2] / f"{digest}.sealed"


def keep_raw(path: Path, digest: str, home: Path, vault: Vault) -> Path:
    """Keep a file; kept already is fine. Whole or not at all: written beside, synced, then renamed."""
    target = raw_path(home, digest)
    if target.exists():
        return target
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        with path.open("rb") as source, part.open("wb") as sealed:
            vault.seal_file(source, sealed, f"raw\0{digest}")
            sealed.flush()
            os.fsync(sealed.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def open_raw(digest: str, home: Path, vault: Vault) -> Iterator[bytes]:
    """The blocks of a kept file. Raises SealBroken; FileNotFoundError when there is none."""
    with raw_path(home, digest).open("rb") as file:
        yield from vault.open_file(file, f"raw\0{digest}")
