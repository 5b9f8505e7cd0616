"""Django's secret key: made once for an installation, kept in `XINSHU_HOME/keys/secret.key` (0600 in a 0700 folder)."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from xinshu.kernel.errors import XinshuError

_KEY_BYTES = 48


class SecretKeyUnusable(XinshuError):
    """The file of the secret key cannot be made, read, or is open to other users."""

    code = "secret_key.unusable"


def secret_key(home: Path) -> str:
    """The installation's key; makes it at first use. Processes that start together agree on one key.

    Raises:
        SecretKeyUnusable: the folder cannot be written, or the file is empty or readable by others.
    """
    path = home / "keys" / "secret.key"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise SecretKeyUnusable(f"密钥文件 {path} 可被其他用户读取", fix=f"执行 chmod 600 {path}，并考虑更换密钥")
        key = path.read_text(encoding="ascii").strip()
    except OSError as problem:
        raise SecretKeyUnusable(f"不能使用密钥文件 {path}：{problem}", fix="检查 XINSHU_HOME 是否可写") from problem
    if not key:
        raise SecretKeyUnusable(f"密钥文件 {path} 是空的", fix="删除该文件后重新启动，所有用户需要重新登录")
    return key


def _make(path: Path) -> None:
    """Write aside, then link into place: the name never shows a half-written key and the first process wins."""
    aside = path.with_name(f"secret.key.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink()
