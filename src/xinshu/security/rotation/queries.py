"""Keys and how far their rotation is, for pages and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from xinshu.security.crypto.keyring import KeyFacts, Keyring, KeyState
from xinshu.security.rotation.engine import old_keys
from xinshu.security.rotation.progress import Phase, Progress, read_progress

PURPOSE_TITLES = {
    "cells": "个人信息字段",
    "files": "原始文件",
    "index": "查找索引",
    "digest": "摘要与引用",
    "audit": "审计签名",
    "report": "报告签名",
    "consent": "授权签名",
}
STATE_TITLES = {"active": "在用", "old": "停用，待销毁", "destroyed": "已销毁"}
PHASE_TITLES = {"none": "无", "moving": "重新加密中", "waiting": "等待确认", "done": "已完成", "busy": "另一进程在进行"}


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key as it is shown: `title` and `state` in Chinese; `count`: how many sealed things are on it, None where that is
    no question (signatures, digests) or was never counted."""

    facts: KeyFacts
    title: str
    state: str
    count: int | None


@dataclass(frozen=True, slots=True)
class KeyOverview:
    """All keys by number, when things were counted, and the rotation: its phase in Chinese, share done, what is left."""

    keys: tuple[KeyLine, ...]
    counted_at: datetime | None
    rotating: bool
    phase: str
    share: float
    left: int


def key_overview(home: Path) -> KeyOverview:
    """Keys of an installation and how far their rotation is; reads two small files. Raises KeyringUnusable."""
    keyring, progress = Keyring(home), read_progress(home)
    rotating = bool(old_keys(keyring))
    return KeyOverview(
        tuple(_line(each, progress) for each in keyring.facts()),
        progress.counted_at,
        rotating,
        PHASE_TITLES[progress.phase if rotating or progress.phase is Phase.DONE else Phase.NONE],
        progress.share,
        progress.left,
    )


def _line(facts: KeyFacts, progress: Progress) -> KeyLine:
    counted = facts.purpose in {"cells", "files", "index"} and progress.counted_at is not None
    title = PURPOSE_TITLES[facts.purpose]
    state = STATE_TITLES[facts.state]
    if facts.state is KeyState.DESTROYED and facts.public:
        state = "已更换，仅用于验签"
    return KeyLine(facts, title, state, progress.counts.get(facts.number, 0) if counted else None)
