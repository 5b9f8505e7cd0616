"""The receiving desk of this installation: settings, keys, catalogue and reference data put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.reference import load_organisations
from xinshu.catalogue.services import store_catalogue
from xinshu.collection.reader import Reference
from xinshu.collection.services import Desk
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.security.domain import Level, OrganisationFacts
from xinshu.security.sealing import Vault
from xinshu.security.services import store_organisations


def open_desk(settings: Settings, profile: str | None = None) -> Desk:
    """Read the profile and open the keys. Raises ProfileInvalid, SealBroken."""
    chosen = open_profile(profile or settings.profile, settings.profiles_dir)
    return Desk(settings, Reference.load(chosen), load_catalogue(chosen), Vault.open(settings.home))


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
