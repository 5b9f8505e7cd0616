"""Every column of our tables has a personal-data class, and there are no tables without a model."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from django.apps import apps
from django.db import connections, models

# none: not about a person; personal: readable personal data; sealed: stored encrypted or hashed; pseudonymous: stands
# for a person and can be led back with other data.
_CLASSES = {"none", "personal", "sealed", "pseudonymous"}


def our_models() -> list[type[models.Model]]:
    """All models of the rooms, those Django makes for many-to-many links too."""
    configs = [config for config in apps.get_app_configs() if config.name.startswith("xinshu.")]
    return [model for config in configs for model in config.get_models(include_auto_created=True)]


def complaints(model: type[models.Model]) -> list[str]:
    """What is wrong with the declaration `personal_data` of a model."""
    declared = vars(model).get("personal_data", {})
    names = {field.name for field in model._meta.local_concrete_fields}
    return [
        *(f"{name}: no class" for name in sorted(names - set(declared))),
        *(f"{name}: no such column" for name in sorted(set(declared) - names)),
        *(f"{name}: unknown class {kind}" for name, kind in sorted(declared.items()) if kind not in _CLASSES),
    ]


def test_every_column_has_a_class():
    found = {model._meta.label: complaints(model) for model in our_models()}
    assert {label: each for label, each in found.items() if each} == {}
    assert "security.User" in found


def _rows(statement: str, *values: object) -> Iterable[tuple[str, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def test_every_table_has_a_model_with_all_its_columns(database):
    """Partitions apart. A table made by SQL gets a model with `managed = False`."""
    known = {
        model._meta.db_table: {field.column for field in model._meta.local_concrete_fields}
        for model in apps.get_models(include_auto_created=True)
    }
    stored: dict[str, set[str]] = {}
    for table, column in _rows(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'm') AND NOT c.relispartition"
        " AND a.attnum > 0 AND NOT a.attisdropped"
    ):
        stored.setdefault(table, set()).add(column)
    assert stored.pop("django_migrations")
    ours = {model._meta.db_table for model in our_models()}
    assert set(stored) - set(known) == set()
    assert {table: columns ^ stored[table] for table, columns in known.items() if table in ours} == {
        table: set() for table in ours
    }


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param({}, ["id: no class", "name: no class"], id="nothing declared"),
        pytest.param({"id": "none", "name": "secret"}, ["name: unknown class secret"], id="unknown class"),
        pytest.param({"id": "none", "name": "personal", "age": "none"}, ["age: no such column"], id="gone column"),
    ],
)
def test_the_guard_sees_a_gap(declared, expected):
    meta = type("Meta", (), {"app_label": "security", "apps": type(apps)()})
    body = {"__module__": __name__, "Meta": meta, "name": models.TextField(), "personal_data": declared}
    planted = type("Planted", (models.Model,), {**body, "id": models.BigAutoField(primary_key=True)})
    assert complaints(planted) == expected
