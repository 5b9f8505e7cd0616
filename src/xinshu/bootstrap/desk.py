"""The receiving desk of this installation: settings, keys, catalogue and reference data put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.queries import item_numbers
from xinshu.catalogue.reference import load_organisations
from xinshu.catalogue.services import store_catalogue
from xinshu.collection.channels.inbox import prepare_inbox
from xinshu.collection.channels.loading import ask_for_unfinished
from xinshu.collection.channels.workfolder import remove_left_behind
from xinshu.collection.services import Desk
from xinshu.kernel.database import bulk_transaction
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.records.rejudging import rejudge
from xinshu.rules.loading import load_rules
from xinshu.security.domain import Level, OrganisationFacts
from xinshu.security.services import store_organisations


def open_desk(settings: Settings, profile: str | None = None) -> Desk:
    """Read the profile and open the keys. Raises ProfileInvalid, SealBroken."""
    return Desk.open(settings, profile)


@dataclass(frozen=True, slots=True)
class ProfileLoaded:
    """What loading a profile stored."""

    profile: str
    organisations: int
    items: int
    new_versions: int


def load_profile(settings: Settings, profile: str | None, now: datetime) -> ProfileLoaded:
    """Store a profile's organisations and item versions (the settings' profile unless named); again is free.

    Raises:
        ProfileInvalid, VersionChanged: the profile cannot be used; names file and entry.
    """
    chosen = open_profile(profile or settings.profile, settings.profiles_dir)
    catalogue = load_catalogue(chosen)
    count = store_organisations(
        OrganisationFacts(each.uscc, each.name, each.region, Level(each.level), each.kind)
        for each in load_organisations(chosen)
    )
    return ProfileLoaded(chosen.name, count, len(catalogue), store_catalogue(catalogue, now=now))


def prepare_channels(settings: Settings) -> int:
    """Before the worker starts: the watched folder is there, nothing of a killed process lies in the work folder.

    Returns:
        How many files handed in earlier are asked for again, their job having been lost.
    """
    prepare_inbox(settings.inbox)
    remove_left_behind(settings.home)
    return ask_for_unfinished(datetime.now(UTC) + timedelta(days=1))


def bring_up_to_date(settings: Settings, day: date) -> int:
    """Judge the publicity of stored records by the rules of a Shanghai day; returns how many it changed.

    Raises:
        ProfileInvalid: the profile cannot be used. NoRuleSet: it has no rule set for that day.
    """
    chosen = open_profile(settings.profile, settings.profiles_dir)
    numbers = item_numbers()
    catalogue = {numbers[name]: item for name, item in load_catalogue(chosen).items() if name in numbers}
    with bulk_transaction() as bulk:
        return rejudge(day, catalogue=catalogue, rules=load_rules(chosen), bulk=bulk)
