"""Rules of accounts as dated data: `identity.yaml` of the profile. Which file is chosen is told once, by `project`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.security.domain import ADMINISTRATORS, Role


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """`max_days` 0: no change is asked for. `temporary`: life of a one-time password."""

    min_length: int
    classes: int
    max_days: int
    not_last: int
    temporary: timedelta


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long a session may rest, and last."""

    idle: timedelta
    administrator_idle: timedelta
    absolute: timedelta

    def idle_of(self, roles: frozenset[Role]) -> timedelta:
        """Administrators' sessions end sooner."""
        return self.administrator_idle if roles & ADMINISTRATORS else self.idle


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """The rules in force on a day."""

    source: str
    password: PasswordRules
    session: SessionRules
    cool_off: timedelta
    account_idle: timedelta


@dataclass(frozen=True, slots=True)
class Provider:
    """The identity provider of enterprise users: its issuer's address, and who we are to it."""

    url: str
    client: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """What identity is told by the installation: rules, state folder, roles that need no second factor, and the provider
    of enterprise users, if there is one."""

    versions: tuple[tuple[date, IdentityRules], ...]
    home: Path
    without_second_factor: frozenset[Role]
    provider: Provider | None = None

    def rules(self, day: date) -> IdentityRules:
        """Those in force on a day; before the first ones, the first."""
        fitting = [rules for since, rules in self.versions if since <= day]
        return fitting[-1] if fitting else self.versions[0][1]


def load_identity(settings: Settings) -> Identity:
    """Read the profile's rules. Raises ProfileInvalid, which names the file and what is missing."""
    path = open_profile(settings.profile, settings.profiles_dir).find("identity.yaml")
    if path is None:
        raise ProfileInvalid("区域配置没有 identity.yaml", fix="从 profiles/base 复制一份")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        versions = sorted(((each["from"], _rules(each)) for each in content["versions"]), key=lambda pair: pair[0])
        if not versions or not all(isinstance(since, date) for since, _ in versions):
            raise ValueError("versions")
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as problem:
        raise ProfileInvalid(f"{path.name} 不能使用：{problem}", fix="对照 profiles/base/identity.yaml 补全") from None
    exempt = frozenset({Role(settings.without_second_factor)} if settings.without_second_factor else ())
    provider = Provider(settings.oidc_url, settings.oidc_client, settings.oidc_secret) if settings.oidc_url else None
    return Identity(tuple(versions), settings.home, exempt, provider)


def _rules(each: Mapping[str, Any]) -> IdentityRules:
    password, session = each["password"], each["session"]
    return IdentityRules(
        str(each["source"]),
        PasswordRules(
            int(password["min_length"]),
            int(password["classes"]),
            int(password["max_days"]),
            int(password["not_last"]),
            timedelta(hours=int(password["temporary_hours"])),
        ),
        SessionRules(
            timedelta(minutes=int(session["idle_minutes"])),
            timedelta(minutes=int(session["administrator_idle_minutes"])),
            timedelta(hours=int(session["absolute_hours"])),
        ),
        timedelta(days=int(each["separation"]["cool_off_days"])),
        timedelta(days=int(each["accounts"]["idle_days"])),
    )


_told: dict[str, Callable[[], Identity] | Identity] = {}


def configure(load: Callable[[], Identity] | Identity) -> None:
    """Tell which rules to use; a callable is asked when they are first needed."""
    _told["identity"] = load


def configured() -> Identity:
    """What was told. Raises ProfileInvalid when it cannot be read."""
    found = _told["identity"]
    if isinstance(found, Identity):
        return found
    _told["identity"] = loaded = found()
    return loaded
