"""`xinshu keys`."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection

from xinshu.bootstrap import sealed
from xinshu.bootstrap.tasks import count_keys_daily, rotate_on
from xinshu.cli.app import run
from xinshu.security.crypto import Signature, signer, verify_signature


@pytest.fixture
def keys(world, monkeypatch, capsys):
    """Run `xinshu keys …` on the world's home; its exit code and what it says."""
    monkeypatch.setenv("XINSHU_HOME", str(world.desk.settings.home))
    monkeypatch.setenv("XINSHU_PROFILE", "demo")
    monkeypatch.setattr(sealed, "SETTLE", timedelta(0))

    def call(*arguments: str):
        code = run(["keys", *arguments])
        return code, capsys.readouterr().out

    return call


def test_rotating_and_waiting_ends_the_old_key(world, keys):
    world.register([world.registration(number) for number in range(3)])
    code, said = keys("rotate", "cells", "--wait", "--json")
    answer = json.loads(said)
    assert (code, answer["phase"], answer["left"], answer["moved"]) == (0, "done", 0, 3)
    code, said = keys("list", "--json")
    lines = {each["id"]: each for each in json.loads(said)["keys"]}
    assert (lines["cells-1"]["state"], lines["cells-1"]["count"]) == ("destroyed", 0)
    assert (lines[answer["key"]]["state"], lines[answer["key"]]["count"]) == ("active", 3)


def test_without_waiting_the_worker_is_asked_and_resume_ends_it(world, keys):
    world.register([world.registration(1)])
    assert keys("rotate", "files")[0] == 0
    assert keys("rotate", "index")[0] == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'xinshu.continue_rotation'")
        assert cursor.fetchone() == (1,)
    assert json.loads(keys("list", "--json")[1])["rotating"] is True
    code, said = keys("resume", "--json")
    assert (code, json.loads(said)["phase"]) == (0, "done")
    assert "旧密钥已销毁" in keys("resume")[1]
    assert json.loads(keys("list", "--count", "--json")[1])["rotating"] is False


def test_the_worker_goes_on_with_it(world, keys):
    world.register([world.registration(1)])
    keys("rotate", "cells")
    rotate_on(0)
    assert json.loads(keys("list", "--json")[1])["rotating"] is False


def test_the_worker_counts_every_day(world, keys):
    world.register([world.registration(number) for number in range(3)])
    assert {each["count"] for each in json.loads(keys("list", "--json")[1])["keys"]} == {None}
    count_keys_daily(0)
    counts = {each["id"]: each["count"] for each in json.loads(keys("list", "--json")[1])["keys"]}
    assert (counts["cells-1"], counts["files-2"], counts["digest-4"]) == (3, 1, None)


def test_kek_signing_keys_and_what_is_refused(world, keys):
    home = world.desk.settings.home
    before = signer(home, "audit").sign(b"x")
    assert "kek-2" in keys("rotate", "kek")[1]
    assert keys("rotate", "audit")[0] == 0
    code, said = keys("rotate", "digest", "--json")
    assert (code, json.loads(said)["error"]["code"]) == (2, "crypto.not_rotatable")
    assert verify_signature(b"x", before, keys("public", "audit", "--key", before.key_id)[1].encode())
    after = signer(home, "audit").sign(b"x")
    assert verify_signature(b"x", after, keys("public", "audit")[1].encode())
    assert after.key_id != before.key_id
    assert keys("public", "cells")[0] == 2
    assert isinstance(Signature.parse(str(after)), Signature)


def test_the_list_for_people(world, keys):
    code, said = keys("list")
    assert code == 0
    assert "sm4-gcm" in said
    assert "在用" in said
