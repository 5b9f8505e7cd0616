"""The files as they came, compressed and sealed, under their digest: `XINSHU_HOME/raw/ab/abcd….sealed`."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from xinshu.kernel.errors import XinshuError
from xinshu.security.sealing import Vault

_BLOCK = 1 << 22


class FileChanged(XinshuError):
    """A file was written to while it was taken in; nothing was kept."""

    code = "collection.file_changed"

    def __init__(self) -> None:
        super().__init__("文件在接收过程中被改动，未接收", fix="等文件写完后再报送")


class FileUnreachable(XinshuError):
    """There is no ordinary file at the path given, or this program may not read it."""

    code = "collection.file_unreachable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{why}：{path}", fix="核对文件名、路径和读取权限")


def require_file(path: Path) -> None:
    """Raises FileUnreachable unless there is an ordinary file that can be read."""
    if not path.exists():
        raise FileUnreachable(path, "没有这个文件")
    if not path.is_file():
        raise FileUnreachable(path, "不是普通文件")
    if not os.access(path, os.R_OK):
        raise FileUnreachable(path, "没有读取权限")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal. Raises FileUnreachable."""
    require_file(path)
    with path.open("rb") as file:
        return stream_digest(file)[0]


def stream_digest(stream: BinaryIO, most: int | None = None) -> tuple[str, int]:
    """SHA-256 (hexadecimal) and number of bytes of what is left of a stream; reads little more than `most` bytes."""
    digest, size = hashlib.sha256(), 0
    while (most is None or size <= most) and (block := stream.read(_BLOCK)):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def raw_path(home: Path, digest: str) -> Path:
    """Where the file with this digest is kept."""
    return home / "raw" / digest[:2] / f"{digest}.sealed"


def raw_place(digest: str) -> str:
    """What the pieces of a kept file are bound to."""
    return f"raw\0{digest}"


def keep_raw(path: Path, digest: str, home: Path, vault: Vault) -> Path:
    """Keep a file; kept already is fine. Raises FileChanged."""
    with path.open("rb") as source:
        return keep_stream(source, digest, home, vault)


def keep_stream(source: BinaryIO, digest: str, home: Path, vault: Vault) -> Path:
    """Keep what is left of a stream under its digest; kept already is fine.

    Whole or not at all: written beside, synced, then renamed. Raises FileChanged: it is not what was digested.
    """
    target = raw_path(home, digest)
    if target.exists():
        return target
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        with part.open("wb") as sealed:
            if vault.seal_file(source, sealed, raw_place(digest)) != digest:
                raise FileChanged
            sealed.flush()
            os.fsync(sealed.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def open_raw(digest: str, home: Path, vault: Vault) -> Iterator[bytes]:
    """The blocks of a kept file. Raises SealBroken; FileNotFoundError when there is none."""
    with raw_path(home, digest).open("rb") as file:
        yield from vault.open_file(file, raw_place(digest))
