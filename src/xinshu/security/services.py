"""Verbs of the room that change something."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from xinshu.security.accounts import (
    create_api_key,
    create_reporter,
    reset_password,
    revoke_api_key,
    set_active,
    use_api_key,
)
from xinshu.security.domain import OrganisationFacts
from xinshu.security.models import Organisation

__all__ = [
    "create_api_key",
    "create_reporter",
    "reset_password",
    "revoke_api_key",
    "set_active",
    "store_organisations",
    "use_api_key",
]


def store_organisations(facts: Iterable[OrganisationFacts]) -> int:
    """Insert the organisations, or bring those already there up to date, in one transaction.

    An organisation that is stored but not among `facts` stays: records may name it. Of two with one code the later counts.

    Returns:
        How many different organisations were given.
    """
    rows = {
        each.uscc: Organisation(
            uscc=each.uscc, name=each.name, region=each.region, level=each.level.value, kind=each.kind
        )
        for each in facts
    }
    with transaction.atomic():
        Organisation.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["uscc"],
            update_fields=["name", "region", "level", "kind"],
        )
    return len(rows)
