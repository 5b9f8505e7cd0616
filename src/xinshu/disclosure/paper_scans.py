"""Scans of consents on paper: what may be one, and the sealed file it is kept in.

A scan is looked at by its first bytes only and never parsed; it goes out as a download, never as a page.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from uuid import UUID

from xinshu.disclosure.errors import FileExpired, PaperInvalid
from xinshu.disclosure.gate import Gate
from xinshu.security.crypto import sm3

MOST_BYTES = 10 * 1024 * 1024
_KINDS = {b"%PDF-": "pdf", b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}
TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png"}
_DIGEST = re.compile(r"[0-9a-f]{64}")


def kind_of(content: bytes) -> str:
    """pdf, jpg or png by the first bytes. Raises PaperInvalid."""
    if not 0 < len(content) <= MOST_BYTES:
        raise PaperInvalid(f"大小应在 {MOST_BYTES // 1024 // 1024} MB 以内")
    found = next((kind for head, kind in _KINDS.items() if content.startswith(head)), "")
    if not found:
        raise PaperInvalid
    return found


def digest_of_scan(content: bytes, stated: str) -> str:
    """SM3 of a scan that is kept here, or the one stated of a scan the unit keeps itself. Raises PaperInvalid."""
    stated = stated.strip().lower()
    if content:
        kind_of(content)
        digest = sm3(content).hex()
        if stated and stated != digest:
            raise PaperInvalid("摘要与上传的扫描件不符")
        return digest
    if not _DIGEST.fullmatch(stated):
        raise PaperInvalid
    return stated


def keep_scan(gate: Gate, consent: UUID, content: bytes) -> None:
    """Seal a scan away; it is whole on disk when this returns."""
    path = _path(gate, consent)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        gate.vault.seal_file(io.BytesIO(content), file, scan_place(consent))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def open_scan(gate: Gate, consent: UUID) -> bytes:
    """The scan of a consent. Raises FileExpired when there is none, SealBroken."""
    path = _path(gate, consent)
    if not path.exists():
        raise FileExpired
    with path.open("rb") as file:
        return b"".join(gate.vault.open_file(file, scan_place(consent)))


def drop_scan(gate: Gate, consent: UUID) -> None:
    """Take a scan away whose consent was not registered after all."""
    _path(gate, consent).unlink(missing_ok=True)


def scan_place(consent: UUID) -> str:
    """What the pieces of a scan are bound to."""
    return f"paper\0{consent}"


def scans_folder(home: Path) -> Path:
    """Where the scans lie."""
    return home / "papers"


def _path(gate: Gate, consent: UUID) -> Path:
    return scans_folder(gate.settings.home) / f"{consent}.sealed"
