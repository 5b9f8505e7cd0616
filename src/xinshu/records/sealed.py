"""What the store keeps sealed or indexed, for the rotation of keys (security.rotation)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from xinshu.catalogue.domain import CatalogueItem
from xinshu.records.services import sealed_place
from xinshu.security.roles import LOADER_ROLE
from xinshu.security.rotation.stores import IndexColumn, SealedColumn, Store
from xinshu.security.sealing import Vault

_ID_CARD = "身份证"  # the kind of paper where a row names none (catalogue.checks.keys)


def stores(catalogue: Mapping[int, CatalogueItem]) -> list[Store]:
    """Personal cells of records and of their former contents, and the index by which a person's records are found.

    `catalogue`: every item by its number.
    """

    def index(vault: Vault, record: UUID, item: int, payload: str, sealed: bytes | None) -> UUID | None:
        if sealed is None or item not in catalogue:
            return None
        identity = _identity(catalogue[item], payload, vault.open_cell(sealed, sealed_place(record)))
        return vault.blind_index("id_no", identity) if identity else None

    return [
        SealedColumn("records_record", "sealed", ("id",), sealed_place, LOADER_ROLE),
        SealedColumn("records_revision", "sealed", ("id",), sealed_place, LOADER_ROLE),
        IndexColumn("records_record", "person_index", ("id", "item_id", "payload", "sealed"), index, LOADER_ROLE),
    ]


def _identity(item: CatalogueItem, payload: str, personal: bytes) -> str:
    """A person's identity as collection prepares it: letter, kind of paper, number; empty where the row has no number."""
    own, shown = json.loads(personal), json.loads(payload)
    number = own.get(item.roles.id_no or "", "")
    kind = own.get(item.roles.id_type or "") or shown.get(item.roles.id_type or "") or _ID_CARD
    return f"P{kind}:{number}" if number else ""
