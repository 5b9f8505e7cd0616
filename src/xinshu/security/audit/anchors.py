"""Anchors: the signed heads kept in a separate place, one file a block, never overwritten.

The place (`XINSHU_AUDIT_ANCHOR_DIR`) belongs under another account or on another machine; see docs/audit.md. A file has
the head, its signature and the leaves of the block, so that a row that was rewritten can be named.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from xinshu.security.audit.errors import AnchorFailed

_IN_A_FOLDER = 1_000


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head as it is kept outside."""

    block: int
    head: str
    signature: str
    leaves: bytes

    def content(self) -> bytes:
        """The file."""
        leaves = base64.b64encode(self.leaves).decode()
        facts = {"block": self.block, "head": self.head, "leaves": leaves, "signature": self.signature}
        return json.dumps(facts, ensure_ascii=False, sort_keys=True, indent=0).encode() + b"\n"


class AnchorStore:
    """The folder of anchors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, block: int) -> Path:
        """`000000/000000001.json`"""
        return self.folder / f"{block // _IN_A_FOLDER:06d}" / f"{block:09d}.json"

    def prepare(self) -> None:
        """Make the folder. Raises AnchorFailed."""
        try:
            self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as problem:
            raise AnchorFailed(f"存证目录不能建立：{problem.strerror or '读写失败'}") from problem

    def keep(self, anchor: Anchor) -> None:
        """Write, make lasting, and read back. One there already must be the same.

        Raises:
            AnchorFailed: it cannot be written or read back, or another one is there.
        """
        self._keep(self.path(anchor.block), anchor.content())

    def keep_stub(self, first_block: int, last_block: int, statement: str, signature: str) -> None:
        """The same for the stub of a purge."""
        facts = {"signature": signature, "statement": statement}
        content = json.dumps(facts, ensure_ascii=False, sort_keys=True, indent=0).encode() + b"\n"
        self._keep(self.folder / "stubs" / f"{first_block:09d}-{last_block:09d}.json", content)

    def require(self, block: int, head: str, signature: str) -> None:
        """Raise AnchorFailed unless the anchor of a block is there with this head and signature."""
        try:
            found = json.loads(self.path(block).read_bytes())
        except (OSError, ValueError) as problem:
            raise AnchorFailed(f"存证文件 {self.path(block).name} 无法读取") from problem
        if (found.get("head"), found.get("signature")) != (head, signature):
            raise AnchorFailed(f"存证文件 {self.path(block).name} 与数据库中的区块不一致")

    def _keep(self, path: Path, content: bytes) -> None:
        try:
            if not path.exists():
                path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
                _write(path, content)
            kept = path.read_bytes()
        except OSError as problem:
            raise AnchorFailed(f"存证文件 {path.name} 无法写入：{problem.strerror or '读写失败'}") from problem
        if kept != content:
            raise AnchorFailed(f"存证文件 {path.name} 已存在且内容不同")


def _write(path: Path, content: bytes) -> None:
    """All or nothing: under another name first, made lasting, then the name, made lasting too."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.ExitStack() as stack:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        stack.callback(part.unlink, missing_ok=True)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
