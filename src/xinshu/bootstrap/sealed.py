"""Everything the installation keeps sealed, put together from what the rooms declare; and the rotation of its keys."""

from __future__ import annotations

from datetime import datetime

from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.queries import item_numbers
from xinshu.collection import sealed as collection
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.records import sealed as records
from xinshu.security.crypto.keyring import KeyFacts, Purpose
from xinshu.security.rotation.engine import Step, count_keys, rotate, work
from xinshu.security.rotation.progress import Progress
from xinshu.security.rotation.stores import Store
from xinshu.security.sealing import Vault

# Columns declared "sealed" that hold no cell of the vault; a guard test compares the rest with `stores`.
NOT_CELLS = frozenset(
    {
        "security_user.password",  # scrypt
        "security_apikey.digest",  # SHA-256 of 256 random bits
    }
)


def stores(settings: Settings) -> list[Store]:
    """What a rotation goes through. A room that seals something adds a line. Raises ProfileInvalid."""
    catalogue = load_catalogue(open_profile(settings.profile, settings.profiles_dir))
    numbered = {number: catalogue[item] for item, number in item_numbers().items() if item in catalogue}
    return [*records.stores(numbered), *collection.stores(settings.home)]


def rotate_key(settings: Settings, purpose: Purpose, now: datetime) -> KeyFacts:
    """A new active key; `continue_rotation` moves what is on the old one. Raises NotRotatable."""
    Vault.open(settings.home)
    return rotate(settings.home, purpose, now)


def continue_rotation(settings: Settings, *, seconds: float, step: Step = lambda _progress: None) -> Progress:
    """Move what is on old keys, for at most about `seconds`; free when there is nothing to do."""
    vault = Vault.open(settings.home)
    return work(vault, stores(settings), seconds=seconds, step=step)


def count_all(settings: Settings) -> Progress:
    """Count everything sealed by key."""
    return count_keys(Vault.open(settings.home), stores(settings))
