"""What collection keeps sealed, for the rotation of keys (security.rotation)."""

from __future__ import annotations

from pathlib import Path

from xinshu.collection.outcome import held_place
from xinshu.collection.rawfiles import raw_place
from xinshu.security.rotation.stores import SealedColumn, SealedFolder, Store


def stores(home: Path) -> list[Store]:
    """Rows that are held back, and the files as they came."""
    return [
        SealedColumn("collection_doubtfulrow", "sealed", ("batch_id", "row_no"), held_place),
        SealedFolder("raw", home / "raw", "*.sealed", lambda path: raw_place(path.stem)),
    ]
