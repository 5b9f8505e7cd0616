"""Evidence of scheduled audits: collected by a script, signed, checked with the public key alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from xinshu.bootstrap.audit import collect_ended, collect_evidence
from xinshu.ops.errors import EvidenceExists, PeriodInvalid
from xinshu.ops.evidence import Period
from xinshu.security.audit.queries import Filter, search
from xinshu.security.auditcheck.errors import EvidenceUnreadable
from xinshu.security.auditcheck.evidence import verify_evidence
from xinshu.security.crypto import public_key_pem, signer

NOW = datetime.now(UTC)
FILES = {
    "chain.json",
    "roles.json",
    "keys.json",
    "anomalies.json",
    "figures.json",
    "metrics.json",
    "risks.json",
    "checklist.json",
}


@pytest.fixture
def evidence(settings, tmp_path):
    """Evidence of this quarter."""
    return collect_evidence(
        settings, tmp_path / "evidence", Period.current(NOW), NOW + timedelta(seconds=5), "cli:shen"
    )


@pytest.fixture
def key(settings):
    return public_key_pem(settings.home, "audit")


def test_the_folder_holds_what_an_audit_asks_for(evidence, key):
    folder = evidence.folder
    assert {each.name for each in folder.iterdir()} == FILES | {"manifest.json", "manifest.sig", "public-key.pem"}
    assert {each.stat().st_mode & 0o077 for each in folder.iterdir()} == {0}
    chain, figures = (json.loads((folder / name).read_text()) for name in ("chain.json", "figures.json"))
    assert chain["ok"] == 1
    assert {"action": "disclosure.query", "outcome": "done", "code": "", "count": 1, "people": 1} in figures
    assert verify_evidence(folder, key) == []


def test_the_program_answers_by_figures_and_leaves_the_rest_open(evidence):
    questions = json.loads((evidence.folder / "checklist.json").read_text())["questions"]
    answers = {each["id"]: each["answer"] for each in questions}
    assert answers["A-01"] == answers["A-02"] == "yes"
    assert answers["A-03"] == "open"  # never checked in full: nobody answers for it
    assert answers["A-07"] == "open"
    assert "A-11" not in answers  # of the year
    assert evidence.open == list(answers.values()).count("open")


def test_collecting_is_on_the_record(evidence):
    (found,) = search(Filter(action="audit.evidence"))
    assert found.actor == "cli:shen"
    assert found.detail["period"] == Period.current(NOW).name
    assert found.detail["ok"] == 1


def test_a_broken_chain_is_in_the_evidence(settings, database, tmp_path):
    with psycopg.connect(database.conninfo, autocommit=True) as owner:
        owner.execute("ALTER TABLE security_audit_entry DISABLE TRIGGER USER")
        owner.execute("UPDATE security_audit_entry SET actor = 'u-2'")
    made = collect_evidence(settings, tmp_path / "evidence", Period.current(NOW), NOW)
    assert not made.ok
    questions = json.loads((made.folder / "checklist.json").read_text())["questions"]
    assert next(each["answer"] for each in questions if each["id"] == "A-01") == "no"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(lambda f: (f / "roles.json").write_text("[]"), "roles.json 已被改动", id="changed"),
        pytest.param(lambda f: (f / "chain.json").unlink(), "chain.json 缺失", id="removed"),
        pytest.param(lambda f: (f / "more.json").write_text("{}"), "more.json 不在清单中", id="added"),
        pytest.param(
            lambda f: (f / "manifest.json").write_text((f / "manifest.json").read_text().replace("-Q", "-R")),
            "清单的签名与公钥不符",
            id="list changed",
        ),
    ],
)
def test_spoiled_evidence_is_found(evidence, key, spoil, said):
    spoil(evidence.folder)
    assert verify_evidence(evidence.folder, key) == [said]


def test_evidence_signed_by_another_key_is_found(evidence, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    signing = signer(other, "audit")
    (evidence.folder / "manifest.sig").write_text(str(signing.sign((evidence.folder / "manifest.json").read_bytes())))
    (evidence.folder / "public-key.pem").write_bytes(public_key_pem(other, "audit"))
    assert verify_evidence(evidence.folder, public_key_pem(other, "audit")) == []
    trusted = tmp_path / "third"
    trusted.mkdir()
    signer(trusted, "audit")
    assert verify_evidence(evidence.folder, public_key_pem(trusted, "audit")) == ["清单的签名与公钥不符"]


def test_no_evidence_is_refused(tmp_path, key):
    with pytest.raises(EvidenceUnreadable):
        verify_evidence(tmp_path, key)


def test_evidence_is_never_written_over(evidence, settings):
    with pytest.raises(EvidenceExists):
        collect_evidence(settings, evidence.folder, Period.current(NOW), NOW)


def test_the_ended_quarter_is_collected_once(settings):
    made = collect_ended(settings, "quarter", NOW)
    assert made is not None
    assert made.folder == settings.home / "evidence" / Period.ended("quarter", NOW).name
    assert collect_ended(settings, "quarter", NOW) is None
    assert collect_ended(settings, "year", NOW) is not None


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-Q1", "2025-12-31T16:00", "2026-03-31T16:00"),
        ("2026-Q4", "2026-09-30T16:00", "2026-12-31T16:00"),
        ("2026", "2025-12-31T16:00", "2026-12-31T16:00"),
    ],
)
def test_a_period_is_of_shanghai(text, since, until):
    found = Period.parse(text)
    assert [f"{each.astimezone(UTC):%Y-%m-%dT%H:%M}" for each in (found.since, found.until)] == [since, until]


@pytest.mark.parametrize("text", ["", "2026-Q5", "1999", "2026-11", "2026-Q1; DROP"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(PeriodInvalid):
        Period.parse(text)


@pytest.mark.parametrize(
    ("moment", "quarter", "year"),
    [
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "2026-Q3", "2025"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "2026-Q4", "2026"),
        (datetime(2027, 4, 1, 20, 0, tzinfo=UTC), "2027-Q1", "2026"),
    ],
)
def test_the_period_that_ended_is_told_by_shanghai_days(moment, quarter, year):
    assert Period.ended("quarter", moment).name == quarter
    assert Period.ended("year", moment).name == year
