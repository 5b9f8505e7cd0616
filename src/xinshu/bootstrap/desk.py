"""The receiving desk of this installation: settings, keys, catalogue and reference data put together."""

from __future__ import annotations

from datetime import datetime

from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.services import store_catalogue
from xinshu.collection.reader import Reference
from xinshu.collection.services import Desk
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.security.sealing import Vault


def open_desk(settings: Settings, profile: str | None = None) -> Desk:
    """Read the profile and open the keys. Raises ProfileInvalid, SealBroken."""
    chosen = open_profile(profile or settings.profile, settings.profiles_dir)
    return Desk(settings, Reference.load(chosen), load_catalogue(chosen), Vault.open(settings.home))


def store_profile_catalogue(settings: Settings, profile: str | None, now: datetime) -> int:
    """Store the profile's item versions; returns how many are new. Raises VersionChanged, ProfileInvalid."""
    chosen = open_profile(profile or settings.profile, settings.profiles_dir)
    return store_catalogue(load_catalogue(chosen), now=now)
