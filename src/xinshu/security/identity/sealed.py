"""What identity keeps sealed, for the rotation of keys (security.rotation)."""

from __future__ import annotations

from uuid import UUID

from xinshu.security.rotation.stores import SealedColumn, Store

FACTOR_PLACE = b"security_factorsecret\0sealed\0"


def factor_place(row: UUID) -> bytes:
    """What the secret of a second factor is bound to."""
    return FACTOR_PLACE + row.bytes


def stores() -> list[Store]:
    """The secrets of second factors."""
    return [SealedColumn("security_factorsecret", "sealed", ("id",), factor_place)]
