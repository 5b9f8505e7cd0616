"""Judging a whole profile: its items, code lists, divisions, industries, departments and rules, and whether they fit.

What one file says by itself is `loading` and `reference`; here is what they say about each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.errors import CatalogueInvalid, Fault
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.reference import (
    Divisions,
    Organisation,
    awaiting_code,
    load_divisions,
    load_industries,
    load_organisations,
)
from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile
from xinshu.rules.deadlines import deadline_on
from xinshu.rules.domain import Rules
from xinshu.rules.errors import DeadlineUnknown
from xinshu.rules.loading import load_rules

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """What a profile holds, and everything wrong with it; a part that could not be read counts as none.

    `organisations` have a credit code, `awaiting_code` have none yet and cannot supply information.
    """

    items: int
    divisions: int
    retired_divisions: int
    organisations: int
    awaiting_code: int
    faults: tuple[Fault, ...]


def validate_profile(profile: Profile) -> ProfileReport:
    """Read every part of the profile and compare them; never raises for a fault in a file."""
    faults: list[Fault] = []
    items = _part(load_catalogue, profile, faults) or {}
    divisions = _part(load_divisions, profile, faults)
    _part(load_industries, profile, faults)
    coded = _part(load_organisations, profile, faults) or ()
    waiting = _part(awaiting_code, profile, []) or ()  # its faults are those of the line above
    rules = _part(load_rules, profile, faults)
    if rules is not None:
        faults += _deadlines(items, rules)
    if divisions is not None:
        faults += _parents(divisions)
        faults += _places((*coded, *waiting), divisions)
    return ProfileReport(
        len(items),
        len(divisions.in_force) if divisions else 0,
        len(divisions.retired) if divisions else 0,
        len(coded),
        len(waiting),
        tuple(faults),
    )


def _part(load: Callable[[Profile], Part], profile: Profile, faults: list[Fault]) -> Part | None:
    try:
        return load(profile)
    except CatalogueInvalid as invalid:
        faults += invalid.faults
    except ProfileInvalid as invalid:
        faults.append(Fault(profile.name, 0, "", invalid.message, invalid.fix))
    return None


def _deadlines(items: dict[str, CatalogueItem], rules: Rules) -> Iterator[Fault]:
    for item in items.values():
        if item.deadline is None:
            continue
        try:
            deadline_on(item.deadline.rule, item.effective_from, rules.deadlines)
        except DeadlineUnknown as unknown:
            yield Fault(f"{item.item}.yaml", 0, "xinshu.deadline.rule", unknown.message, unknown.fix)


def _parents(divisions: Divisions) -> Iterator[Fault]:
    for code in sorted(divisions.in_force):
        parent = divisions.parent(code)
        if parent and parent not in divisions.in_force:
            yield Fault("divisions.csv", 0, code, f"上级代码 {parent} 不存在或已停用", "改正 parent")


def _places(organisations: tuple[Organisation, ...], divisions: Divisions) -> Iterator[Fault]:
    for each in organisations:
        if each.region not in divisions.in_force:
            yield Fault("organisations.yaml", 0, each.name, f"区划代码 {each.region} 不存在或已停用", "改正 region")
