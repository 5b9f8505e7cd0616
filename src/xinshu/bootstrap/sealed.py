"""Everything the installation keeps sealed, put together from what the rooms declare; and the rotation of its keys, each
act of it on the audit record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.queries import item_numbers
from xinshu.collection import sealed as collection
from xinshu.disclosure import sealed as disclosure
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.records import sealed as records
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.audit.services import record
from xinshu.security.crypto.keyring import KeyFacts, Keyring, Purpose
from xinshu.security.identity import sealed as identity
from xinshu.security.rotation.engine import SETTLE, Step, count_keys, rotate, work
from xinshu.security.rotation.progress import Progress
from xinshu.security.rotation.stores import Store
from xinshu.security.sealing import Vault

# Columns declared "sealed" that hold no cell of the vault; a guard test compares the rest with the stores.
NOT_CELLS = {
    "security_user.password": "scrypt",
    "security_usedpassword.digest": "scrypt",
    "security_signedsession.session_key": "the key of a session, as Django keeps it; emptied when it ends",
    "security_apikey.digest": "SHA-256 of 256 random bits",
    "security_audit_entry.before_digest": "salted digest",
    "security_audit_entry.after_digest": "salted digest",
    "disclosure_link.token": "digest of a random secret",
    "disclosure_link.session": "digest of a session's id",
    "disclosure_card.token": "digest of a random secret",
}


def all_stores(home: Path, catalogue: Mapping[int, CatalogueItem]) -> list[Store]:
    """What a rotation goes through. A room that seals something adds a line."""
    return [*records.stores(catalogue), *collection.stores(home), *disclosure.stores(home), *identity.stores()]


def stores(settings: Settings) -> list[Store]:
    """The same for an installation. Raises ProfileInvalid."""
    catalogue = load_catalogue(open_profile(settings.profile, settings.profiles_dir))
    numbered = {number: catalogue[item] for item, number in item_numbers().items() if item in catalogue}
    return all_stores(settings.home, numbered)


def rotate_key(settings: Settings, purpose: Purpose, now: datetime) -> KeyFacts:
    """A new active key; `continue_rotation` moves what is on the old one. Raises NotRotatable, AuditUnavailable."""
    vault = Vault.open(settings.home)
    with transaction.atomic():
        record(_entry("key.rotate", now, {"purpose": purpose.value, "before": vault.keyring.active(purpose).facts.id}))
        return rotate(settings.home, purpose, now)


def rotate_kek(settings: Settings, now: datetime) -> int:
    """Wrap every key anew; the number of the new key-encryption key. Raises AuditUnavailable."""
    Vault.open(settings.home)
    with transaction.atomic():
        record(_entry("key.rotate", now, {"purpose": "kek"}))
        return Keyring(settings.home).rotate_kek()


def continue_rotation(settings: Settings, *, seconds: float, step: Step = lambda _progress: None) -> Progress:
    """Move what is on old keys, for at most about `seconds`; free when there is nothing to do."""
    vault = Vault.open(settings.home)
    return work(vault, stores(settings), seconds=seconds, settle=SETTLE, step=step, ending=_record_end)


def count_all(settings: Settings) -> Progress:
    """Count everything sealed by key."""
    return count_keys(Vault.open(settings.home), stores(settings))


def _record_end(key: KeyFacts) -> None:
    with transaction.atomic():
        record(_entry("key.destroy", datetime.now(UTC), {"purpose": key.purpose.value, "key": key.id}))


def _entry(action: str, now: datetime, detail: Mapping[str, str]) -> AuditEntry:
    return AuditEntry(at=now, actor="system", role="", unit="", address="", action=action, detail=detail)
