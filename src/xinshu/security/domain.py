"""Words of the room: roles of users, levels of organisations, and an organisation as other rooms see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a user is for. Reporter: hands in the data of an organisation. Operator: runs the centre."""

    REPORTER = "reporter"
    OPERATOR = "operator"


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
