"""The keyring of an installation: `XINSHU_HOME/keys/keyring.json`, every key wrapped by the key of `kek.json`.

Each key has a number (global, in the header of what it sealed), a purpose and a state. One key of a purpose is active;
old ones still open and verify; a destroyed one is a line without a key. A process notices a change by the file's
stamp and reads it anew, so a rotation needs no restart.
Envelope keys: GB/T 39786-2021 level 3, 8.4 and 8.6 [recalled]; states after NIST SP 800-57 part 1, section 7 [recalled].
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from xinshu.security.crypto.chosen import Chosen, chosen
from xinshu.security.crypto.encoding import scheme_of
from xinshu.security.crypto.errors import KeyNotFound, KeyringUnusable, SealBroken
from xinshu.security.crypto.keyfile import changing, read_keys, wipe, write_keys
from xinshu.security.crypto.provider import CipherName, HashName, KeyWrapper, SchemeName

_FORMAT = 1
_KEK_BYTES = 32
_IN_MODULE = 0  # number of the key-encryption key that a provider keeps itself
_MAC_KEY_BYTES = 32
KEY_ID_BYTES = 8


class Purpose(StrEnum):
    """What a key is for: the classes of data keys, and what is signed."""

    CELLS = "cells"
    FILES = "files"
    INDEX = "index"
    DIGEST = "digest"
    AUDIT = "audit"
    REPORT = "report"
    CONSENT = "consent"


SIGNING = frozenset({Purpose.AUDIT, Purpose.REPORT, Purpose.CONSENT})
ENCRYPTING = frozenset({Purpose.CELLS, Purpose.FILES})


class KeyState(StrEnum):
    """Active: for new things. Old: opens and verifies only. Destroyed: gone."""

    ACTIVE = "active"
    OLD = "old"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """A key without its secret. `id`: of a signing key from its public half, else purpose and number."""

    number: int
    id: str
    purpose: Purpose
    algorithm: str
    state: KeyState
    created_at: datetime
    retired_at: datetime | None = None
    destroyed_at: datetime | None = None
    public: bytes = b""
    legacy: bool = False  # taken over from keys/data.json
    made_by: str = "soft"  # the provider that a signing key's private half means something to


@dataclass(frozen=True, slots=True)
class Key:
    """A key to work with. The repr shows no secret."""

    facts: KeyFacts
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Entry:
    facts: KeyFacts
    kek: int
    wrapped: bytes


class Keyring:
    """The keys of one state folder, read when the file changed."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "keys"
        self._path = self.folder / "keyring.json"
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] = (0, 0)
        self._keys: dict[int, Key] = {}
        self._facts: tuple[KeyFacts, ...] = ()
        self._active: dict[Purpose, Key] = {}

    def refresh(self) -> None:
        """Read the file again if it is another than the one read last. Raises KeyringUnusable."""
        try:
            state = self._path.stat()
        except FileNotFoundError:
            return
        stamp = (state.st_mtime_ns, state.st_ino)
        if stamp == self._stamp:
            return
        with self._lock:
            entries, keks = self._read(), self._keks()
            keys = {each.facts.number: Key(each.facts, _unwrap(each, keks)) for each in entries if each.wrapped}
            self._facts = tuple(each.facts for each in entries)
            self._keys = keys
            self._active = {each.facts.purpose: each for each in keys.values() if each.facts.state is KeyState.ACTIVE}
            self._stamp = stamp

    def facts(self) -> tuple[KeyFacts, ...]:
        """Every key there ever was, by number."""
        self.refresh()
        return self._facts

    def active(self, purpose: Purpose) -> Key:
        """The key for new things of a purpose; made at first use. Raises KeyringUnusable."""
        self.refresh()
        found = self._active.get(purpose)
        return self.new_key(purpose) if found is None else found

    def living(self, purpose: Purpose) -> list[Key]:
        """The active key and the old ones, the active one first."""
        active = self.active(purpose)
        rest = [each for each in self._keys.values() if each.facts.purpose is purpose and each is not active]
        return [active, *sorted(rest, key=lambda each: -each.facts.number)]

    def living_numbers(self) -> dict[int, Key]:
        """{number: key} of all keys that can be used now."""
        self.refresh()
        return dict(self._keys)

    def by_number(self, number: int) -> Key:
        """A key that can still be used. Raises KeyNotFound."""
        found = self._keys.get(number)
        if found is None:
            self.refresh()
            found = self._keys.get(number)
        if found is None:
            raise KeyNotFound(f"没有编号为 {number} 的密钥，或已销毁", fix="从备份恢复加密时的 keys 文件夹")
        return found

    def by_id(self, identity: str) -> KeyFacts:
        """The facts of a key. Raises KeyNotFound."""
        for each in self.facts():
            if each.id == identity:
                return each
        raise KeyNotFound(f"没有密钥 {identity[:40]}", fix="用 xinshu keys list 查看密钥")

    # -- changes -------------------------------------------------------------------------------------------------

    def new_key(self, purpose: Purpose, *, replace_active: bool = False, now: datetime | None = None) -> Key:
        """The active key of a purpose: the one there, or a new one. `replace_active`: a new one, the other becomes old."""
        moment = now or datetime.now(UTC)

        def change(entries: list[_Entry], keks: dict[int, bytes]) -> list[_Entry]:
            active = [each for each in entries if each.facts.purpose is purpose and each.facts.state is KeyState.ACTIVE]
            if active and not replace_active:
                return entries
            retired = {each.facts.number for each in active}
            kept = [
                replace(each, facts=replace(each.facts, state=KeyState.OLD, retired_at=moment))
                if each.facts.number in retired
                else each
                for each in entries
            ]
            return [*kept, _fresh(purpose, _next_number(entries), keks, moment)]

        self._change(change)
        return self._active[purpose]

    def destroy(self, number: int, *, now: datetime) -> KeyFacts:
        """Forget the secret of an old key; its line stays. Raises KeyNotFound for one that is not old."""

        def change(entries: list[_Entry], _keks: dict[int, bytes]) -> list[_Entry]:
            if not any(each.facts.number == number and each.facts.state is KeyState.OLD for each in entries):
                raise KeyNotFound(f"编号为 {number} 的密钥不是待销毁的旧密钥", fix="用 xinshu keys list 查看密钥状态")
            return [
                _Entry(replace(each.facts, state=KeyState.DESTROYED, destroyed_at=now), 0, b"")
                if each.facts.number == number
                else each
                for each in entries
            ]

        self._change(change)
        return next(each for each in self._facts if each.number == number)

    def rotate_kek(self) -> int:
        """Wrap every key by a new key-encryption key and forget the old one; returns its number (0: the module's own).

        A crash between the steps leaves both in the file; the next call ends it.
        """
        file, retired = self.folder / "kek.json", self.folder / "kek.json.old"
        with changing(self.folder):
            keks = self._keks(make=True)
            kept = {}
            if not isinstance(chosen().crypto, KeyWrapper):
                kept = {max(keks) + 1: chosen().crypto.random(_KEK_BYTES)}
                keks |= kept
                self._write_keks(keks)
            self._write(
                [_wrap(each.facts, _unwrap(each, keks), keks) if each.wrapped else each for each in self._read()]
            )
            wipe(retired)
            if file.exists():
                retired.hardlink_to(file)  # to overwrite the old keys where they lie
            if kept:
                self._write_keks(kept)
            else:
                file.unlink(missing_ok=True)
            wipe(retired)
        self.refresh()
        return max(kept, default=_IN_MODULE)

    def adopt(self, secrets: list[tuple[KeyFacts, bytes]]) -> None:
        """Put keys that came from elsewhere into an empty keyring; one that has keys is left alone."""

        def change(entries: list[_Entry], keks: dict[int, bytes]) -> list[_Entry]:
            return entries or [_wrap(facts, secret, keks) for facts, secret in secrets]

        self._change(change)

    def _change(self, change: Callable[[list[_Entry], dict[int, bytes]], list[_Entry]]) -> None:
        with changing(self.folder):
            entries = self._read() if self._path.exists() else []
            changed = change(list(entries), self._keks(make=True))
            if changed != entries:
                self._write(changed)
        self.refresh()

    # -- the files -----------------------------------------------------------------------------------------------

    def _read(self) -> list[_Entry]:
        content = read_keys(self._path)
        try:
            if content["format"] != _FORMAT:
                raise ValueError(content["format"])
            return [_entry(each) for each in content["keys"]]
        except (KeyError, ValueError, TypeError) as problem:
            raise KeyringUnusable(
                f"密钥文件 {self._path.name} 无法识别：{problem}", fix="从密钥备份恢复 keys 文件夹，或升级程序"
            ) from problem

    def _write(self, entries: list[_Entry]) -> None:
        write_keys(self._path, {"format": _FORMAT, "keys": [_line(each) for each in entries]})

    def _keks(self, *, make: bool = False) -> dict[int, bytes]:
        path = self.folder / "kek.json"
        if not path.exists() and isinstance(chosen().crypto, KeyWrapper):
            return {}
        if make and not path.exists():
            if self._path.exists():
                raise KeyringUnusable("密钥加密密钥文件 kek.json 不见了", fix="从密钥备份恢复 keys 文件夹")
            self._write_keks({1: chosen().crypto.random(_KEK_BYTES)})
        try:
            return {int(number): bytes.fromhex(value) for number, value in read_keys(path)["keks"].items()}
        except (KeyError, ValueError, AttributeError) as problem:
            raise KeyringUnusable("密钥文件 kek.json 无法识别", fix="从密钥备份恢复 keys 文件夹") from problem

    def _write_keks(self, keks: dict[int, bytes]) -> None:
        write_keys(
            self.folder / "kek.json",
            {"format": _FORMAT, "keks": {str(number): value.hex() for number, value in keks.items()}},
        )


def _next_number(entries: list[_Entry]) -> int:
    return max((each.facts.number for each in entries), default=0) + 1


def _fresh(purpose: Purpose, number: int, keks: dict[int, bytes], now: datetime) -> _Entry:
    providers: Chosen = chosen()
    suite, public, identity, maker = providers.suite, b"", f"{purpose}-{number}", providers.crypto.name
    if purpose in SIGNING:
        maker = providers.signatures(suite.scheme).name
        pair = providers.signatures(suite.scheme).new_signing_key(suite.scheme)
        secret, public, algorithm = pair.private, pair.public, suite.scheme.value
        identity = signing_key_id(public)
    elif purpose in ENCRYPTING:
        secret, algorithm = providers.crypto.random(suite.cipher.key_bytes), suite.cipher.value
    else:
        secret, algorithm = providers.crypto.random(_MAC_KEY_BYTES), f"hmac-{suite.hash}"
    facts = KeyFacts(
        number=number,
        id=identity,
        purpose=purpose,
        algorithm=algorithm,
        state=KeyState.ACTIVE,
        created_at=now,
        public=public,
        made_by=maker,
    )
    return _wrap(facts, secret, keks)


def signing_key_id(public: bytes) -> str:
    """The id of a signing key: 16 hexadecimal digits of the digest of its public half (DER), SM3 for SM2."""
    name = HashName.SM3 if scheme_of(public) is SchemeName.SM2 else HashName.SHA256
    return chosen().crypto.digest(name, public)[:KEY_ID_BYTES].hex()


def _bound(facts: KeyFacts) -> bytes:
    """What a wrapped key is bound to: it opens as no other."""
    return f"key\0{facts.number}\0{facts.purpose}\0{facts.algorithm}".encode()


def _wrap(facts: KeyFacts, secret: bytes, keks: dict[int, bytes]) -> _Entry:
    """A key under the newest key-encryption key, or under the module's own."""
    provider = chosen().crypto
    if isinstance(provider, KeyWrapper):
        return _Entry(facts, _IN_MODULE, provider.wrap_key(secret, _bound(facts)))
    cipher, kek = chosen().suite.cipher, max(keks)
    (sealed,) = chosen().crypto.seal(cipher, keks[kek][: cipher.key_bytes], [secret], [_bound(facts)])
    return _Entry(facts, kek, cipher.value.encode() + b":" + sealed)


def _unwrap(entry: _Entry, keks: dict[int, bytes]) -> bytes:
    provider = chosen().crypto
    try:
        if entry.kek == _IN_MODULE:
            if not isinstance(provider, KeyWrapper):
                raise KeyError(provider.name)
            return provider.unwrap_key(entry.wrapped, _bound(entry.facts))
        name, _, sealed = entry.wrapped.partition(b":")
        cipher = CipherName(name.decode("ascii"))
        return chosen().crypto.open(cipher, keks[entry.kek][: cipher.key_bytes], sealed, _bound(entry.facts))
    except (SealBroken, KeyError, ValueError) as problem:
        raise KeyringUnusable(
            f"密钥 {entry.facts.id} 解不开",
            fix="kek.json 与 keyring.json 须来自同一备份；由密码模块保护的密钥须用同一模块打开",
        ) from problem


def _line(entry: _Entry) -> dict[str, Any]:
    facts = entry.facts
    moments = {"created": facts.created_at, "retired": facts.retired_at, "destroyed": facts.destroyed_at}
    return {
        "number": facts.number,
        "id": facts.id,
        "purpose": facts.purpose.value,
        "algorithm": facts.algorithm,
        "state": facts.state.value,
        "made_by": facts.made_by,
        **{name: moment.isoformat() for name, moment in moments.items() if moment is not None},
        **({"public": base64.b64encode(facts.public).decode()} if facts.public else {}),
        **({"legacy": True} if facts.legacy else {}),
        **({"kek": entry.kek, "wrapped": base64.b64encode(entry.wrapped).decode()} if entry.wrapped else {}),
    }


def _entry(line: dict[str, Any]) -> _Entry:
    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(line[name]) if name in line else None

    created = moment("created")
    if created is None:
        raise KeyError("created")
    facts = KeyFacts(
        number=int(line["number"]),
        id=str(line["id"]),
        purpose=Purpose(line["purpose"]),
        algorithm=str(line["algorithm"]),
        state=KeyState(line["state"]),
        created_at=created,
        retired_at=moment("retired"),
        destroyed_at=moment("destroyed"),
        public=base64.b64decode(line.get("public", "")),
        legacy=bool(line.get("legacy", False)),
        made_by=str(line.get("made_by", "soft")),
    )
    return _Entry(facts, int(line.get("kek", 0)), base64.b64decode(line.get("wrapped", "")))
