"""Putting a file of the watched folder away: the receipt is written first, then the file is renamed beside it.

Both survive a power cut. Should the process die between the two, the next pass writes the same receipt and renames.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Mapping
from pathlib import PurePath

DONE = "done"
REFUSED = "refused"

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST = 200  # bytes of a name, so that `.json` and a number still fit
_NAMES = 10_000


def shown_name(name: str) -> str:
    """A file's name as text: UTF-8, else GB 18030 (old clients), else with the strange bytes written out."""
    raw = os.fsencode(name)
    for encoding in ("utf-8", "gb18030"):
        try:
            return unicodedata.normalize("NFC", raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")


def put_away(parent: int, name: str, kind: str, receipt: Mapping[str, object]) -> str:
    """Move a file of an open folder into its subfolder `kind`, with its receipt; returns the file's name there.

    A name that is taken gets a number: `行政处罚.xlsx`, `行政处罚-2.xlsx`. Raises OSError.
    """
    folder = _subfolder(parent, kind)
    try:
        text = json.dumps(receipt, ensure_ascii=False, indent=2) + "\n"
        chosen = _free_name(folder, name, text)
        _write(folder, f"{chosen}.json", text)
        os.rename(name, chosen, src_dir_fd=parent, dst_dir_fd=folder)
        os.fsync(folder)
        os.fsync(parent)
        return chosen
    finally:
        os.close(folder)


def _subfolder(parent: int, kind: str) -> int:
    try:
        return os.open(kind, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        os.mkdir(kind, 0o770, dir_fd=parent)
        return os.open(kind, _FOLDER, dir_fd=parent)


def _free_name(folder: int, name: str, receipt: str) -> str:
    """The first name of which neither file nor receipt is there; a receipt of this very file, left by a crash, is ours."""
    there = set(os.listdir(folder))
    path = PurePath(_shortened(name))
    for number in range(1, _NAMES):
        chosen = path.name if number == 1 else f"{path.stem}-{number}{path.suffix}"
        if chosen in there:
            continue
        if f"{chosen}.json" not in there or _read(folder, f"{chosen}.json") == receipt:
            return chosen
    raise OSError(f"no free name in {DONE} or {REFUSED}")


def _shortened(name: str) -> str:
    raw, suffix = os.fsencode(name), os.fsencode(PurePath(name).suffix)[-20:]
    return name if len(raw) <= _LONGEST else os.fsdecode(raw[: _LONGEST - len(suffix)] + suffix)


def _read(folder: int, name: str) -> str:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with open(descriptor, encoding="utf-8", errors="replace") as file:
        return file.read()


def _write(folder: int, name: str, text: str) -> None:
    """Whole or not at all."""
    part = f".{name[:60]}.{os.getpid()}.part"
    descriptor = os.open(part, _NEW, 0o660, dir_fd=folder)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
