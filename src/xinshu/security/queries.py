"""Reads of the room."""

from __future__ import annotations

from xinshu.security.domain import Level, OrganisationFacts
from xinshu.security.models import Organisation


def organisation(uscc: str) -> OrganisationFacts | None:
    """The organisation with that code (18 upper-case characters), or None."""
    found = Organisation.objects.filter(uscc=uscc).first()
    return None if found is None else _facts(found)


def organisations() -> list[OrganisationFacts]:
    """All organisations, by code."""
    return [_facts(each) for each in Organisation.objects.order_by("uscc")]


def _facts(row: Organisation) -> OrganisationFacts:
    return OrganisationFacts(row.uscc, row.name, row.region, Level(row.level), row.kind)
