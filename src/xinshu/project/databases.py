"""The two database aliases: one database, one login, two roles.

`default` works as the role `xinshu_app` (set by libpq when the connection opens, so it cannot be forgotten and row-level
security applies); `owner` works as the login itself and is for migrations only. Source: docs/decisions/0001.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from xinshu.kernel.embedded import locate
from xinshu.kernel.errors import SettingInvalid
from xinshu.kernel.settings import Settings

APP_ALIAS = "default"
OWNER_ALIAS = "owner"
_APP_ROLE = "xinshu_app"
_ENCRYPTED = {"require", "verify-ca", "verify-full"}
_CONNECT_SECONDS = 10
_REUSE_SECONDS = 60


def databases(settings: Settings) -> dict[str, dict[str, Any]]:
    """Django's DATABASES: from `DATABASE_URL`, else the embedded server (which need not run yet).

    Raises:
        SettingInvalid: `DATABASE_URL` is no connection string. The message leaves the string out: it may hold a password.
    """
    given = _parts(settings)
    owner = _alias(given)
    options = f"{given.get('options') or ''} -c role={_APP_ROLE}".strip()
    return {APP_ALIAS: _alias({**given, "options": options}), OWNER_ALIAS: owner}


def may_be_overheard(settings: Settings) -> bool:
    """Whether the database is on another machine and the way there may be without TLS: libpq only prefers it by default."""
    parts = _parts(settings)
    hosts = str(parts.get("hostaddr") or parts.get("host") or "").split(",")
    return any(map(_elsewhere, hosts)) and parts.get("sslmode") not in _ENCRYPTED


def _elsewhere(host: str) -> bool:
    if host in {"", "localhost"} or host.startswith(("/", "@")):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def _parts(settings: Settings) -> dict[str, Any]:
    if not settings.database_url:
        return conninfo_to_dict(locate(settings).conninfo())
    try:
        parts = conninfo_to_dict(settings.database_url)
    except ProgrammingError:
        raise SettingInvalid(
            "设置 DATABASE_URL 无法识别",
            fix="写成 postgresql://用户名:密码@主机:端口/数据库名，密码中的特殊字符用 %XX 表示",
        ) from None
    if not parts.get("dbname"):
        raise SettingInvalid("设置 DATABASE_URL 没有数据库名", fix="在地址末尾写上 /数据库名")
    return parts


def _alias(parts: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in parts.items() if key not in {"dbname", "user", "password", "host", "port"}}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts["dbname"],
        "USER": parts.get("user") or "",
        "PASSWORD": parts.get("password") or "",
        "HOST": parts.get("host") or "",
        "PORT": str(parts.get("port") or ""),
        "CONN_MAX_AGE": _REUSE_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": _CONNECT_SECONDS, "application_name": "xinshu", **rest},
    }
