"""Verbs that change the catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.errors import VersionChanged
from xinshu.catalogue.export import export_item
from xinshu.catalogue.models import Item, ItemVersion


@transaction.atomic
def store_catalogue(items: Mapping[str, CatalogueItem], *, now: datetime) -> int:
    """Store the versions not stored yet; returns how many were new. A stored version never changes.

    Raises:
        VersionChanged: an item's declaration differs from what was stored under the same version number.
    """
    new = 0
    for item in items.values():
        source = export_item(item)
        digest = hashlib.sha256(source.encode()).hexdigest()
        row, _ = Item.objects.update_or_create(item=item.item, defaults={"title": item.title})
        version, created = ItemVersion.objects.get_or_create(
            item=row,
            version=item.version,
            defaults={
                "effective_from": item.effective_from,
                "digest": digest,
                "source": source,
                "loaded_at": now,
            },
        )
        if version.digest != digest:
            raise VersionChanged(item.item, item.version)
        new += created
    return new
