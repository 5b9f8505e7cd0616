"""Settings: typed, frozen, read once from the environment, passed down.

Nothing else in the program reads the environment. docs/settings.md lists every field; a test compares the two.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self, TypeVar

from xinshu.kernel.errors import SettingInvalid

_REPOSITORY = Path(__file__).resolve().parents[3]
_T = TypeVar("_T")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the program. The environment variable of a field is `XINSHU_` + its upper-cased name.

    `database_url` alone is read from `DATABASE_URL`. Sizes are bytes and may be written 512M or 4G.
    """

    home: Path
    profile: str
    profiles_dir: Path
    database_url: str
    embedded_dir: str
    embedded_user: str
    log_level: str
    allowed_hosts: tuple[str, ...]
    trusted_proxies: int
    requests_per_minute: int
    file_max_bytes: int
    file_max_rows: int
    file_max_columns: int
    cell_max_chars: int
    workbook_max_unpacked_bytes: int
    reader_memory_bytes: int
    reader_seconds: int
    chunk_bytes: int
    web_max_bytes: int
    web_max_rows: int
    inbox_dir: str
    web_workers: int
    web_threads: int
    without_second_factor: str
    oidc_url: str
    oidc_client: str
    oidc_secret: str
    crypto_provider: str
    sm2_provider: str
    crypto_suite: str
    audit_anchor_dir: str
    audit_stale_minutes: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read and check everything.

        Raises:
            SettingInvalid: names the variable, its value and what is wanted; also for an unknown `XINSHU_…` variable.
        """
        names = {f"XINSHU_{each.name.upper()}" for each in fields(cls)} | _ELSEWHERE
        for variable in env:
            if variable.startswith("XINSHU_") and variable not in names:
                raise SettingInvalid(f"不认识的设置 {variable}", fix="对照 docs/settings.md 核对变量名")
        return cls(
            home=Path(env.get("XINSHU_HOME") or _REPOSITORY / "var").absolute(),
            profile=env.get("XINSHU_PROFILE") or "demo",
            profiles_dir=Path(env.get("XINSHU_PROFILES_DIR") or _REPOSITORY / "profiles").absolute(),
            database_url=_read(env, "DATABASE_URL", "", _database_url),
            embedded_dir=env.get("XINSHU_EMBEDDED_DIR", ""),
            embedded_user=env.get("XINSHU_EMBEDDED_USER") or "nobody",
            log_level=_read(env, "XINSHU_LOG_LEVEL", "INFO", _log_level),
            allowed_hosts=tuple(h for h in env.get("XINSHU_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",") if h),
            trusted_proxies=_read(env, "XINSHU_TRUSTED_PROXIES", "0", _number),
            requests_per_minute=_read(env, "XINSHU_REQUESTS_PER_MINUTE", "600", _number),
            file_max_bytes=_read(env, "XINSHU_FILE_MAX_BYTES", "4G", _size),
            file_max_rows=_read(env, "XINSHU_FILE_MAX_ROWS", "5000000", _positive),
            file_max_columns=_read(env, "XINSHU_FILE_MAX_COLUMNS", "300", _positive),
            cell_max_chars=_read(env, "XINSHU_CELL_MAX_CHARS", "100000", _positive),
            workbook_max_unpacked_bytes=_read(env, "XINSHU_WORKBOOK_MAX_UNPACKED_BYTES", "2G", _size),
            reader_memory_bytes=_read(env, "XINSHU_READER_MEMORY_BYTES", "4G", _size),
            reader_seconds=_read(env, "XINSHU_READER_SECONDS", "1800", _positive),
            chunk_bytes=_read(env, "XINSHU_CHUNK_BYTES", "4M", _size),
            web_max_bytes=_read(env, "XINSHU_WEB_MAX_BYTES", "200M", _size),
            web_max_rows=_read(env, "XINSHU_WEB_MAX_ROWS", "200000", _positive),
            inbox_dir=env.get("XINSHU_INBOX_DIR", ""),
            web_workers=_read(env, "XINSHU_WEB_WORKERS", "0", _number),
            web_threads=_read(env, "XINSHU_WEB_THREADS", "4", _positive),
            without_second_factor=_read(env, "XINSHU_WITHOUT_SECOND_FACTOR", "", _exempt),
            oidc_url=_read(env, "XINSHU_OIDC_URL", "", _https),
            oidc_client=env.get("XINSHU_OIDC_CLIENT") or "xinshu",
            oidc_secret=env.get("XINSHU_OIDC_SECRET", ""),
            crypto_provider=env.get("XINSHU_CRYPTO_PROVIDER") or "soft",
            sm2_provider=env.get("XINSHU_SM2_PROVIDER") or "same",
            crypto_suite=_read(env, "XINSHU_CRYPTO_SUITE", "sm", _suite),
            audit_anchor_dir=env.get("XINSHU_AUDIT_ANCHOR_DIR", ""),
            audit_stale_minutes=_read(env, "XINSHU_AUDIT_STALE_MINUTES", "15", _positive),
        )

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return Path(self.inbox_dir or self.home / "inbox").absolute()

    @property
    def web_processes(self) -> int:
        """Processes that answer for the website: as set, else as many as there are processors for us."""
        return self.web_workers or len(os.sched_getaffinity(0))

    @property
    def audit_anchors(self) -> Path:
        """Where the signed heads of the audit are kept as well."""
        return Path(self.audit_anchor_dir or self.home / "anchors").absolute()


# Read by make and the test suite, not by the program.
_ELSEWHERE = {"XINSHU_REQUIRE_E2E", "XINSHU_ENV_FILE"}


def _read(env: Mapping[str, str], variable: str, default: str, parse: Callable[[str], _T]) -> _T:
    text = env.get(variable) or default
    try:
        return parse(text)
    except ValueError as problem:
        shown = "" if variable == "DATABASE_URL" else f"={text}"  # it may hold a password
        raise SettingInvalid(
            f"设置 {variable}{shown} 无法识别：{problem}", fix=f"改正或删去 {variable}（默认 {default or '空'}）"
        ) from None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("应为不小于 0 的整数")
    return int(text)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("应为正整数")
    return int(text)


def _size(text: str) -> int:
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if unit not in _UNITS:
        raise ValueError("应为字节数，可写 512M、4G")
    return _positive(number) * _UNITS[unit]


def _log_level(text: str) -> str:
    if text not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("应为 DEBUG、INFO、WARNING 或 ERROR")
    return text


def _suite(text: str) -> str:
    if text not in {"sm", "international"}:
        raise ValueError("应为 sm 或 international")
    return text


def _exempt(text: str) -> str:
    """Only those who hand in data may be let in by password alone."""
    if text not in {"", "reporter"}:
        raise ValueError("只能填 reporter")
    return text


def _https(text: str) -> str:
    if text and not text.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise ValueError("应以 https:// 开头")
    return text


def _database_url(text: str) -> str:
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("应以 postgresql:// 开头")
    return text
