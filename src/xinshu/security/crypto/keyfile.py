"""The files of the keys: private to their owner, replaced whole, changed by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xinshu.security.crypto.errors import KeyringUnusable

_MODE, _FOLDER_MODE = 0o600, 0o700


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Hold the keys of a folder for a change; makes the folder. Raises KeyringUnusable."""
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, _MODE)
    except OSError as problem:
        raise _unusable(folder, problem) from problem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_keys(path: Path) -> dict[str, Any]:
    """The content of a key file.

    Raises:
        KeyringUnusable: it cannot be read, others may read it, or it is no JSON object.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise KeyringUnusable(
                f"密钥文件 {path.name} 可被其他用户读取", fix=f"执行 chmod 600 {path}，并轮换其中的密钥"
            )
        content = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as problem:
        raise _unusable(path, problem) from problem
    if not isinstance(content, dict):
        raise _unusable(path, "内容无法识别")
    return content


def write_keys(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a key file: the name shows the old content or the new, also after a crash. Raises KeyringUnusable."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w", encoding="ascii") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        _sync(path.parent)
    except OSError as problem:
        raise _unusable(path, problem) from problem
    finally:
        aside.unlink(missing_ok=True)


def wipe(path: Path) -> None:
    """Overwrite a key file and remove it; absent is fine. What a copying file system keeps of it is beyond reach."""
    with contextlib.suppress(FileNotFoundError):
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(path: Path, problem: object) -> KeyringUnusable:
    return KeyringUnusable(
        f"密钥文件 {path.name} 无法使用：{problem}", fix="检查 XINSHU_HOME 下 keys 文件夹的权限，或从密钥备份恢复"
    )
