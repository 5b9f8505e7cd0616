"""The work of a rotation: pass after pass until nothing is on an old key, then proof, then the old key is destroyed.

Killed at any moment it goes on where it was: what is on which key stands in the things themselves; the file
`keys/rotation.json` only saves looking at pages twice and tells how far it is. A key is destroyed when two counts find
nothing on it, between them a pause in which every transaction has ended that could have carried something along.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import structlog

from xinshu.kernel.database import only_one, own_connection
from xinshu.security.crypto.errors import NotRotatable
from xinshu.security.crypto.keyring import SIGNING, KeyFacts, Keyring, KeyState, Purpose
from xinshu.security.rotation.progress import Cursors, Phase, Progress, read_progress, save_progress
from xinshu.security.rotation.stores import Count, Store
from xinshu.security.sealing import Vault

_LOCK = "xinshu.rotation"
_DATA = (Purpose.CELLS, Purpose.FILES, Purpose.INDEX)
_LOOK_AGAIN = 0.5
_SAVE_EVERY = 0.25
_FRUITLESS = 5  # passes that move nothing though something is left: it is locked for long, or broken
SETTLE = timedelta(seconds=10)
_log = structlog.get_logger(__name__)

Step = Callable[[Progress], None]
Ending = Callable[[KeyFacts], None]


def rotate(home: Path, purpose: Purpose, now: datetime) -> KeyFacts:
    """Make a new active key; from now on everything new is on it. Of a signing key the old private half is gone at once,
    of a data key the old one is destroyed by `work`.

    Raises:
        NotRotatable: the digest key, whose digests cannot be made anew.
    """
    if purpose is Purpose.DIGEST:
        raise NotRotatable
    keyring = Keyring(home)
    before = keyring.active(purpose).facts
    made = keyring.new_key(purpose, replace_active=True, now=now).facts
    if purpose in SIGNING:
        keyring.destroy(before.number, now=now)
    _log.info("crypto.key_rotated", purpose=purpose.value, key=made.id, before=before.id)
    return made


def old_keys(keyring: Keyring) -> list[KeyFacts]:
    """Data keys that are waiting for their end."""
    return [each for each in keyring.facts() if each.state is KeyState.OLD and each.purpose in _DATA]


def count_keys(vault: Vault, stores: Sequence[Store]) -> Progress:
    """Count everything by key and remember it. Reads every sealed thing's head: seconds for a million. While a rotation is
    at work, which counts by itself, its last count."""
    home = vault.keyring.folder.parent
    with only_one(_LOCK) as mine, own_connection() as db:
        if not mine:
            return read_progress(home)
        counts = _count(db, vault, stores)
        return save_progress(home, _told(vault, read_progress(home), counts))


def work(
    vault: Vault,
    stores: Sequence[Store],
    *,
    seconds: float,
    settle: timedelta = SETTLE,
    step: Step = lambda _progress: None,
    ending: Ending = lambda _key: None,
) -> Progress:
    """Go on with what is to be done, for at most about `seconds`.

    Args:
        settle: how long nobody may have been able to carry something on an old key before it is destroyed.
        ending: called before a key is destroyed; when it fails the key stays.
    Returns:
        How far it is. `phase`: none (no old key), busy (another process is at it), moving, waiting (for the proof), done.
    """
    home = vault.keyring.folder.parent
    if not old_keys(vault.keyring):
        return read_progress(home)
    with only_one(_LOCK) as mine, own_connection() as db:
        if not mine:
            return read_progress(home).with_phase(Phase.BUSY)
        return _Work(vault, stores, db, settle, step, ending, time.monotonic() + seconds).run()


@dataclass
class _Work:
    vault: Vault
    stores: Sequence[Store]
    db: psycopg.Connection
    settle: timedelta
    step: Step
    ending: Ending
    until: float

    def run(self) -> Progress:
        progress, fruitless = self._counted(), 0
        while old := old_keys(self.vault.keyring):
            empty = [each for each in old if not progress.counts.get(each.number)]
            if len(empty) < len(old):
                moved = self._pass(progress)
                progress = self._counted()
                fruitless = 0 if moved else fruitless + 1
                if progress.left and (fruitless > _FRUITLESS or (not moved and not self._sleep())):
                    break
            elif empty and self._proved(empty):
                progress = self._counted()
            elif not self._sleep():
                return self._save(progress.with_phase(Phase.WAITING))
            if time.monotonic() > self.until and old_keys(self.vault.keyring):
                break
        return self._save(progress.with_phase(Phase.MOVING if old_keys(self.vault.keyring) else Phase.DONE))

    def _counted(self) -> Progress:
        return self._save(_told(self.vault, read_progress(self._home), _count(self.db, self.vault, self.stores)))

    def _pass(self, progress: Progress) -> int:
        """Once over everything, from where the last one stopped; the batches done are remembered."""
        moved_in_pass, saved = 0, 0.0
        actives = tuple(self.vault.keyring.active(each).facts.number for each in _DATA)
        cursors = Cursors.of(progress, actives)
        progress = replace(progress, actives=actives)
        for store in self.stores:
            for part in store.parts(self.db):
                name = f"{store.title} {part.name}"
                start = cursors.start(name)
                while start < part.size:
                    moved = store.move(self.db, self.vault, part.name, start)
                    start += store.step
                    moved_in_pass += moved
                    progress = progress.further(moved, cursors.reached(name, start))
                    self.step(progress)
                    if time.monotonic() - saved > _SAVE_EVERY:
                        saved = time.monotonic()
                        self._save(progress)
                    if time.monotonic() > self.until:
                        self._save(progress)
                        return moved_in_pass
        self._save(progress.further(0, {}))
        return moved_in_pass

    def _proved(self, keys: list[KeyFacts]) -> bool:
        """Wait out everybody who could carry something on these keys, count again, destroy those still empty."""
        begun = datetime.now(UTC)
        ready = max([begun, *(each.retired_at for each in keys if each.retired_at is not None)]) + self.settle
        while datetime.now(UTC) < ready or self._open_since_before(ready):
            if not self._sleep():
                return False
        counts = _count(self.db, self.vault, self.stores)
        for each in keys:
            if not counts[each.number]:
                self.ending(each)
                self.vault.keyring.destroy(each.number, now=datetime.now(UTC))
                _log.info("crypto.key_destroyed", purpose=each.purpose.value, key=each.id)
        return True

    def _open_since_before(self, moment: datetime) -> bool:
        """Whether a transaction is open that began before a moment."""
        # As the login: the app role is not told when transactions of the login began.
        with self.db.transaction():
            self.db.execute("SET LOCAL ROLE NONE")
            return self._told_open(moment)

    def _told_open(self, moment: datetime) -> bool:
        row = self.db.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND xact_start < %s)",
            [moment],
        ).fetchone()
        return row == (True,)

    def _sleep(self) -> bool:
        """A short pause; False when the time is over."""
        if time.monotonic() > self.until:
            return False
        time.sleep(min(_LOOK_AGAIN, max(self.settle.total_seconds(), 0.02)))
        return True

    @property
    def _home(self) -> Path:
        return self.vault.keyring.folder.parent

    def _save(self, progress: Progress) -> Progress:
        self.step(progress)
        return save_progress(self._home, progress)


def _count(db: psycopg.Connection, vault: Vault, stores: Sequence[Store]) -> Count:
    found: Count = Counter()
    for each in stores:
        found.update(each.count(db, vault))
    return found


def _told(vault: Vault, progress: Progress, counts: Count) -> Progress:
    left = sum(counts[each.number] for each in old_keys(vault.keyring))
    return progress.counted(counts, left, datetime.now(UTC))
