"""`xinshu audit …`: checking without a database, exit codes, and that its own acts are on the record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from xinshu.bootstrap.audit import seal_record
from xinshu.cli import app as cli
from xinshu.project.environment import read_settings
from xinshu.security.audit.domain import AuditEntry, Outcome
from xinshu.security.audit.queries import Filter, search, trail
from xinshu.security.audit.services import record, record_refusal
from xinshu.security.sealing import Vault

USCC = "91990102MA0000017M"


@pytest.fixture
def run(capfd) -> Callable[..., tuple[int, object]]:
    """Run `xinshu audit …`; exit code and output, parsed when it is JSON."""

    def call(*arguments: object) -> tuple[int, object]:
        code = cli.run(["audit", *map(str, arguments)])
        out = capfd.readouterr().out
        return code, json.loads(out) if "--json" in arguments else out

    return call


@pytest.fixture
def installation(database, monkeypatch, tmp_path):
    """An installation with a folder of its own; three disclosures of one subject and a refusal, sealed."""
    monkeypatch.setenv("XINSHU_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", database.url)
    (tmp_path / "home").mkdir()
    settings = read_settings()
    reference = Vault.open(settings.home).reference("subject", USCC).bytes
    common = {"role": "query_officer", "unit": "11990000000000043T", "address": "192.0.2.7", "ticket": "CX-2026-00001"}
    for number in range(3):
        with transaction.atomic():
            entry = AuditEntry(
                at=datetime(2026, 11, 22, 2, number, tzinfo=UTC),
                actor=f"u-{number}",
                action="disclosure.query",
                object_ref=reference,
                purpose="approval",
                **common,
            )
            record(entry)
    record_refusal(
        AuditEntry(
            at=datetime(2026, 11, 22, 3, tzinfo=UTC),
            actor="u-9",
            action="disclosure.query",
            outcome=Outcome.REFUSED,
            code="query.no_ticket",
            **{**common, "ticket": ""},
        )
    )
    seal_record(settings, datetime.now(UTC))
    return settings


def test_the_record_is_verified_and_a_change_is_named(installation, run):
    code, found = run("verify", "--json")
    assert (code, found["ok"], found["rows"], found["anchors"]) == (0, True, 4, 1)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE security_audit_entry DISABLE TRIGGER USER")
        cursor.execute("UPDATE security_audit_entry SET actor = 'nobody' WHERE id = 3")
    code, found = run("verify", "--json")
    assert (code, found["ok"], found["bad"]["kind"], found["bad"]["seq"]) == (1, False, "changed", 3)
    code, text = run("verify")
    assert code == 1
    assert "第 3 条" in text


def test_an_export_is_verified_in_a_clean_checkout_with_the_public_key_alone(installation, run, tmp_path):
    export, key = tmp_path / "export.txt", tmp_path / "key.pem"
    assert run("export", "-o", export, "--json")[1]["rows"] == 4
    assert run("keys", "-o", key)[0] == 0
    nowhere = tmp_path / "nowhere"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "xinshu.cli", "audit", "verify", "--export", str(export), "--public-key", str(key)]

    def verify() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "--json"],
            env={**environment, "XINSHU_HOME": str(nowhere)},
            capture_output=True,
            text=True,
            check=False,
        )

    done = verify()
    assert (done.returncode, json.loads(done.stdout)["rows"]) == (0, 4), done.stderr
    assert not nowhere.exists()
    export.write_text(export.read_text(encoding="utf-8").replace('"u-1"', '"u-2"'), encoding="utf-8")
    done = verify()
    assert (done.returncode, json.loads(done.stdout)["bad"]["seq"]) == (1, 2)


def test_a_proof_is_made_and_checked(installation, run, tmp_path):
    proof = tmp_path / "proof.json"
    assert run("prove", "2", "-o", proof)[0] == 0
    code, found = run("verify-proof", proof, "--json")
    assert (code, found["ok"], found["row"]["actor"]) == (0, True, "u-1")
    proof.write_text(proof.read_text(encoding="utf-8").replace("u-1", "u-2"), encoding="utf-8")
    assert run("verify-proof", proof, "--json")[0] == 1
    assert run("prove", "99", "-o", proof, "--json")[1]["error"]["code"] == "audit.nothing_sealed"


@pytest.mark.parametrize(
    ("span", "rows"),
    [
        pytest.param(["--from", "2"], 4, id="the block of a row"),
        pytest.param(["--from", "2020-01-01", "--to", "2100-01-01"], 4, id="days"),
        pytest.param(["--to", "2020-01-01"], 0, id="before"),
        pytest.param(["--from", "2100-01-01"], 0, id="after"),
    ],
)
def test_a_part_of_the_record_is_verified(installation, run, span, rows):
    code, found = run("verify", *span, "--json")
    assert (code, found["ok"], found["rows"]) == (0, True, rows)


def test_the_record_is_searched(installation, run):
    assert [each["actor"] for each in run("search", "--refused", "--json")[1]["rows"]] == ["u-9"]
    assert [each["actor"] for each in run("search", "--actor", "u-1", "--json")[1]["rows"]] == ["u-1"]
    assert "u-9" in run("search", "--code", "query.no_ticket")[1]
    assert [each.actor for each in trail("CX-2026-00001")] == ["u-0", "u-1", "u-2"]
    assert trail("") == []


def test_a_subject_sees_who_looked_when_and_why(installation, run):
    code, found = run("subject", USCC, "--json")
    assert code == 0
    assert [(each["actor"], each["purpose"]) for each in found["rows"]] == [(f"u-{n}", "approval") for n in (2, 1, 0)]
    assert run("subject", "91990102MA0000025G", "--json")[1]["rows"] == []
    assert USCC not in json.dumps([each.facts() for each in search(Filter(), limit=100)])


def test_what_is_done_here_is_on_the_record_too(installation, run):
    for arguments in (["verify"], ["search"], ["subject", USCC], ["prove", "1", "-o", installation.home / "p"]):
        run(*arguments)
    acts = [each for each in search(Filter(), limit=100) if each.actor.startswith("cli:")]
    assert [each.action for each in acts] == ["audit.prove", "audit.subject", "audit.search", "audit.verify"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(
            ["verify", "--export", "gone", "--public-key", __file__], "audit.unreadable", id="no key in the file"
        ),
        pytest.param(["verify-proof", "gone"], "audit.unreadable", id="no proof"),
        pytest.param(["verify", "--from", "yesterday"], "time.invalid", id="no day"),
    ],
)
def test_what_cannot_be_read_is_said(installation, run, arguments, code):
    exit_code, found = run(*arguments, "--json")
    assert (exit_code, found["error"]["code"]) == (2, code)


def test_without_a_key_nothing_is_verified(run, monkeypatch, tmp_path):
    monkeypatch.setenv("XINSHU_HOME", str(tmp_path))
    (tmp_path / "x").write_text("xinshu-audit-export-1\t{}\tx\n", encoding="utf-8")
    assert run("verify", "--export", tmp_path / "x", "--json")[1]["error"]["code"] == "audit.keys_missing"


def test_evidence_is_collected_and_checked(installation, run, tmp_path):
    key, folder = tmp_path / "key.pem", tmp_path / "evidence"
    assert run("keys", "-o", key)[0] == 0
    code, told = run("evidence", folder, "--period", "2026-Q4", "--json")
    assert (code, told["period"], told["ok"]) == (0, "2026-Q4", True)
    assert run("verify-evidence", folder, "--public-key", key)[0] == 0
    (folder / "roles.json").write_text("[]")
    assert run("verify-evidence", folder, "--public-key", key)[0] == 1
    assert run("evidence", folder)[0] == 2
