"""Reads of the room."""

from __future__ import annotations

import re
from collections.abc import Collection

from xinshu.kernel.database import fetch
from xinshu.security.accounts import account_facts, key_facts
from xinshu.security.domain import AccountFacts, KeyFacts, Level, OrganisationFacts
from xinshu.security.models import ApiKey, Organisation, User

_USER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ALL_NAMES = "SELECT uscc, name FROM security_organisation ORDER BY uscc"
_NAMES = "SELECT uscc, name FROM security_organisation WHERE uscc = ANY(%s) ORDER BY uscc"


def organisation(uscc: str) -> OrganisationFacts | None:
    """The organisation with that code (18 upper-case characters), or None."""
    found = Organisation.objects.filter(uscc=uscc).first()
    return None if found is None else _facts(found)


def organisations() -> list[OrganisationFacts]:
    """All organisations, by code."""
    return [_facts(each) for each in Organisation.objects.order_by("uscc")]


def organisation_names(codes: Collection[str] | None = None) -> dict[str, str]:
    """{code: name} of these organisations, by default of all, by code; an unknown code is missing."""
    return dict(fetch(_ALL_NAMES) if codes is None else fetch(_NAMES, [list(codes)]))


def accounts() -> list[AccountFacts]:
    """All users, by name."""
    return [account_facts(each) for each in User.objects.prefetch_related("posts").order_by("username")]


def names_of(ids: Collection[str]) -> dict[str, str]:
    """{user id: name} of those among the ids that are users'."""
    found = {each for each in ids if _USER_ID.fullmatch(each)}
    return {str(user.pk): user.display_name for user in User.objects.filter(pk__in=found)} if found else {}


def api_keys() -> list[KeyFacts]:
    """All API keys, the oldest first."""
    return [key_facts(each) for each in ApiKey.objects.order_by("created_at", "id")]


def _facts(row: Organisation) -> OrganisationFacts:
    return OrganisationFacts(row.uscc, row.name, row.region, Level(row.level), row.kind)
