"""Words of the room: roles, levels, and organisations, accounts and keys as other rooms see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a post is for.

    Reporter: hands in the data of an organisation. Operator: runs the centre. Steward: keeps data in order. Query officer
    and approver: ask the gate of disclosure, and review what others ask. Enterprise: acts for the firms bound to him.
    The three administrators (三员) exclude each other and read no subject data.
    """

    REPORTER = "reporter"
    OPERATOR = "operator"
    STEWARD = "steward"
    QUERY_OFFICER = "query_officer"
    QUERY_APPROVER = "query_approver"
    ENTERPRISE = "enterprise"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


ROLE_WORDS = {
    Role.REPORTER: "报送员",
    Role.OPERATOR: "运营员",
    Role.STEWARD: "数据专员",
    Role.QUERY_OFFICER: "查询员",
    Role.QUERY_APPROVER: "查询审核员",
    Role.ENTERPRISE: "企业用户",
    Role.SYSTEM_ADMIN: "系统管理员",
    Role.SECURITY_ADMIN: "安全管理员",
    Role.AUDIT_ADMIN: "审计管理员",
}
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
STAFF = frozenset(Role) - {Role.ENTERPRISE}


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
    """A user without the password. `roles` of the posts in force; `organisation`: its USCC, empty without one."""

    username: str
    display_name: str
    roles: frozenset[Role]
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
    """Who acts, as rooms get it: a user in his posts, or a program (`key:ID`).

    `unit`: USCC; `region`: its six-digit code; `person`: the same for all accounts of one natural person; `session`:
    opaque; `second_factor_at`: when the second factor was last shown in this session; `items`: the catalogue items the
    posts are limited to, none for all; `mandate`: of an enterprise user, what he may do for the firm in `unit` (keys of
    `matrix.SCOPES`, `matrix.LEGAL`); `firms`: of staff, those he acts for by any account of his, as legal person or handler.
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
    items: frozenset[str] = frozenset()
    mandate: frozenset[str] = frozenset()
    firms: frozenset[str] = frozenset()
