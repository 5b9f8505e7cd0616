"""Batches in canonical form: totals, findings and held rows, without labels and clock times."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from xinshu.collection.models import Batch, DoubtfulRow, StoredFinding
from xinshu.collection.outcome import held_place
from xinshu.security.sealing import Vault

_TOTALS = ("rows", "new", "updated", "unchanged", "doubtful", "duplicates", "unlinked")


def canonical_batches(vault: Vault) -> Iterator[dict[str, object]]:
    """Batches by supplier, item and digest, each followed by its findings and held rows in row order."""
    for batch in Batch.objects.order_by("supplier", "item", "item_version", "digest", "confirmed"):
        head: dict[str, object] = {
            "kind": "batch",
            "item": batch.item,
            "supplier": batch.supplier,
            "digest": batch.digest,
        }
        if batch.confirmed:
            head["confirmed"] = True
        yield {**head, "state": batch.state, **{name: getattr(batch, name) for name in _TOTALS}}
        for each in StoredFinding.objects.filter(batch=batch).order_by("row_no", "field", "rule", "value"):
            yield {"kind": "finding", "row": each.row_no, "field": each.field, "rule": each.rule, "text": each.message}
        for held in DoubtfulRow.objects.filter(batch=batch).order_by("row_no"):
            raw = vault.open_cell(bytes(held.sealed), held_place(batch.id, held.row_no))
            yield {
                "kind": "held",
                "row": held.row_no,
                "duplicate": held.duplicate,
                "raw": hashlib.sha256(raw).hexdigest(),
            }
