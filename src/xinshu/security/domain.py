"""Words of the room: roles, levels, and organisations, accounts and keys as other rooms see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a user is for. Reporter: hands in the data of an organisation. Operator: runs the centre. Query officer and
    approver: ask the gate of disclosure, and review what others ask."""

    REPORTER = "reporter"
    OPERATOR = "operator"
    QUERY_OFFICER = "query_officer"
    QUERY_APPROVER = "query_approver"


class Level(StrEnum):
    """Administrative level of an organisation."""

    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """An organisation that takes part. `region` is a six-digit code of GB/T 2260; `kind` what it does (tax, housing)."""

    uscc: str
    name: str
    region: str
    level: Level
    kind: str


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """A user without the password. `organisation`: its USCC, empty for a user without one."""

    username: str
    display_name: str
    role: Role
    organisation: str
    active: bool


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account just made or given a new password, which is told once and kept nowhere. The repr leaves it out."""

    account: AccountFacts
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """An API key without its secret. `id` may be shown and stands in receipts."""

    id: str
    organisation: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """An API key just made; its `secret` (what the caller sends) is told once and kept nowhere."""

    key: KeyFacts
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, as rooms get it: a user in the post he acts in, or a program (`key:ID`).

    `unit`: USCC; `person`: the same for all accounts of one natural person; `session`: opaque; `second_factor_at`: when
    the second factor was last shown.
    """

    id: str
    name: str
    roles: frozenset[Role]
    unit: str
    region: str
    person: str
    address: str = ""
    session: str = ""
    second_factor_at: datetime | None = None
    trace: str = ""
