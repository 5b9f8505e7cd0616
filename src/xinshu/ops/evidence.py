"""Evidence of a scheduled audit: a folder of JSON files about a quarter or a year, with a signed list of their digests.

The folder holds no data of subjects and no names of people: accounts by their sign-in names, entries by their counts. It is
checked with the public key alone (`auditcheck.evidence`). Source: work point 14; MLPS 5.4 (审计管理) [proposed].
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from xinshu.kernel.clock import SHANGHAI, shanghai_date
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.ops.errors import EvidenceExists, PeriodInvalid
from xinshu.ops.risks import Question, judge, load_checklist, load_risks, read_all, reading
from xinshu.security.audit.watching import anomalies, chain_state, limits_on
from xinshu.security.crypto import public_key_pem, signer, sm3
from xinshu.security.queries import accounts
from xinshu.security.rotation.queries import KeyLine, key_overview
from xinshu.security.verification import check_record, facts_of, trusted_keys

_FORMAT = "xinshu-audit-evidence-1"
_MANIFEST, _SIGNATURE, _KEY = "manifest.json", "manifest.sig", "public-key.pem"
_PERIOD = re.compile(r"(20[0-9]{2})(?:-Q([1-4]))?")
_FIGURES = """
SELECT action, outcome, code, count(*), count(DISTINCT actor) FROM security_audit_entry
WHERE at >= %s AND at < %s GROUP BY action, outcome, code ORDER BY action, outcome, code
"""


@dataclass(frozen=True, slots=True)
class Period:
    """A quarter or a year of Shanghai: `name` 2026-Q4 or 2026, from `since` until before `until`."""

    name: str
    kind: str
    since: datetime
    until: datetime

    @classmethod
    def parse(cls, text: str) -> Period:
        """Of `2026-Q4` or `2026`. Raises PeriodInvalid."""
        found = _PERIOD.fullmatch(text.strip())
        if found is None:
            raise PeriodInvalid(f"期间“{text[:40]}”无法识别", fix="写成 2026-Q4（季度）或 2026（年度）")
        year, quarter = int(found[1]), found[2]
        month = 1 if quarter is None else 3 * int(quarter) - 2
        since = datetime(year, month, 1, tzinfo=SHANGHAI)
        until = datetime(
            year + (quarter in {None, "4"}), 1 if quarter in {None, "4"} else month + 3, 1, tzinfo=SHANGHAI
        )
        return cls(found[0], "year" if quarter is None else "quarter", since, until)

    @classmethod
    def current(cls, now: datetime) -> Period:
        """The quarter of a moment."""
        day = shanghai_date(now)
        return cls.parse(f"{day.year}-Q{(day.month + 2) // 3}")

    @classmethod
    def ended(cls, kind: str, now: datetime) -> Period:
        """The last whole quarter or year before a moment."""
        quarter = cls.current(now)
        if kind == "quarter":
            return cls.current(quarter.since - timedelta(days=1))
        return cls.parse(str(quarter.since.year - 1))


@dataclass(frozen=True, slots=True)
class Collected:
    """What was written. `open`: questions for a person; `failed`: those the program answered with no; `ok`: the chain."""

    folder: Path
    period: str
    files: int
    open: int
    failed: int
    ok: bool

    def facts(self) -> dict[str, int | str]:
        """What the record keeps of it."""
        return {"period": self.period, "open": self.open, "failed": self.failed, "ok": int(self.ok)}


def collect(settings: Settings, folder: Path, period: Period, now: datetime, version: str) -> Collected:
    """Write the evidence of a period into a new or empty folder.

    Raises:
        EvidenceExists; KeysMissing: nothing was ever signed; ProfileInvalid: register or checklist cannot be used.
    """
    if folder.exists() and any(folder.iterdir()):
        raise EvidenceExists(f"目录 {folder} 不是空的", fix="换一个新目录；已有的证据不覆盖")
    parts = _gather(settings, period, now)
    questions = parts["checklist.json"]["questions"]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    contents = {name: _json(part) for name, part in parts.items()}
    signing = signer(settings.home, "audit")
    manifest = _json(
        {
            "format": _FORMAT,
            "period": period.name,
            "since": period.since.isoformat(),
            "until": period.until.isoformat(),
            "written_at": now.isoformat(),
            "version": version,
            "files": {name: sm3(content).hex() for name, content in contents.items()},
        }
    )
    contents |= {
        _MANIFEST: manifest,
        _SIGNATURE: str(signing.sign(manifest)).encode(),
        _KEY: public_key_pem(settings.home, "audit"),
    }
    for name, content in contents.items():
        _write(folder / name, content)
    answers = [each["answer"] for each in questions]
    ok = bool(parts["chain.json"]["ok"])
    return Collected(folder, period.name, len(contents), answers.count("open"), answers.count("no"), ok)


def _gather(settings: Settings, period: Period, now: datetime) -> dict[str, Any]:
    profile, day = open_profile(settings.profile, settings.profiles_dir), shanghai_date(now)
    report = check_record(trusted_keys(settings.home), settings.audit_anchors)
    values = read_all(settings, now)
    if not report.ok:
        values = {**values, "chain_broken": 1}
    asked = [each for each in load_checklist(profile) if period.kind == "year" or each.period == "quarter"]
    questions = [_answered(each, values) for each in asked]
    odd = anomalies(limits_on(profile, day), period.since, min(period.until, now))
    return {
        "chain.json": {
            **facts_of(report, full=True),
            "anchors": report.anchors,
            "unanchored": report.unanchored,
            "unsealed": report.unsealed,
            "purged": report.purged,
            "keys": sorted(report.keys),
            "not_checked": report.not_checked,
            "state": asdict(chain_state(now)),
        },
        "roles.json": [
            {"account": each.username, "roles": sorted(each.roles), "unit": each.organisation, "active": each.active}
            for each in accounts()
        ],
        "keys.json": [_key(each) for each in key_overview(settings.home).keys],
        "anomalies.json": [{**asdict(each), "words": each.words} for each in odd],
        "figures.json": _figures(period),
        "metrics.json": values,
        "risks.json": [asdict(each) for each in judge(load_risks(profile), values, day)],
        "checklist.json": {"period": period.name, "questions": questions},
    }


def _answered(question: Question, values: Mapping[str, float | None]) -> dict[str, str]:
    """A question with its answer: yes or no by a figure, open where a person has to say."""
    facts = {"id": question.id, "clause": question.clause, "question": question.text}
    if question.bound is None:
        return {**facts, "answer": "open", "basis": ""}
    found = reading(question.bound, values[question.bound.metric])
    answer = {"ok": "yes", "over": "no", "unknown": "open"}[found.state]
    return {**facts, "answer": answer, "basis": f"{found.title} {found.text}（{found.limit_text}）"}


def _key(line: KeyLine) -> dict[str, Any]:
    facts = line.facts
    return {
        "id": facts.id,
        "purpose": facts.purpose.value,
        "algorithm": facts.algorithm,
        "state": facts.state.value,
        "created_at": facts.created_at,
        "retired_at": facts.retired_at,
        "destroyed_at": facts.destroyed_at,
        "sealed": line.count,
    }


def _figures(period: Period) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, [period.since, period.until])
        names = ("action", "outcome", "code", "count", "people")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=_plain) + "\n").encode()


def _plain(value: object) -> str:
    """Days and moments; anything else does not belong here."""
    isoformat: Callable[[], str] | None = getattr(value, "isoformat", None)
    if isoformat is None:
        raise TypeError(type(value))
    return isoformat()


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
