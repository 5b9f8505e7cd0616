"""A column declared sealed is re-encrypted when its key is rotated, or named with its reason in bootstrap/sealed.py."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps

from xinshu.bootstrap.sealed import NOT_CELLS, all_stores
from xinshu.security.rotation.stores import SealedColumn


def test_every_sealed_column_is_gone_through_by_a_rotation():
    declared = {
        f"{model._meta.db_table}.{field.column}"
        for config in apps.get_app_configs()
        if config.name.startswith("xinshu.")
        for model in config.get_models(include_auto_created=True)
        for field in model._meta.local_concrete_fields
        if vars(model).get("personal_data", {}).get(field.name) == "sealed"
    }
    gone_through = {each.title for each in all_stores(Path(), {}) if isinstance(each, SealedColumn)}
    assert {"records_record.sealed", "collection_doubtfulrow.sealed"} <= gone_through
    assert declared == gone_through | set(NOT_CELLS)
    assert not gone_through & set(NOT_CELLS)
