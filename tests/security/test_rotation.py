"""Rotation: new things on the new key at once, old ones moved whatever kills the process, reads never fail, proof, end."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.db import connection, transaction
from tests.plugins.main_path import canonical

from xinshu.bootstrap.sealed import continue_rotation, rotate_kek, rotate_key, stores
from xinshu.collection.outcome import held_place
from xinshu.collection.rawfiles import keep_stream, open_raw, raw_path
from xinshu.kernel.identifiers.citizen_id import check_character
from xinshu.records.services import sealed_place
from xinshu.security.audit.errors import AuditUnavailable
from xinshu.security.crypto.errors import NotRotatable
from xinshu.security.crypto.keyring import Keyring, KeyState, Purpose
from xinshu.security.rotation.engine import count_keys, old_keys, rotate, work
from xinshu.security.rotation.progress import Phase, read_progress
from xinshu.security.rotation.queries import key_overview
from xinshu.security.sealing import Vault, file_keys

NOW = datetime(2026, 9, 9, tzinfo=UTC)
AT_ONCE = timedelta(0)


def person_id(number: int) -> str:
    body = f"9901021889{1 + number % 12:02}{1 + number // 12 % 28:02}{number // 336 % 1000:03}"
    return body + check_character(body)


def person_row(world, number: int, document: int, **changes):
    return world.penalty(
        number,
        document,
        **{
            "行政相对人名称": "王小明",
            "行政相对人类别": "自然人",
            "行政相对人代码_1(统一社会信用代码)": "",
            "法定代表人": "",
            "自然人证件类型": "身份证",
            "自然人证件号码": person_id(number),
            **changes,
        },
    )


def fill(world, persons: int, held: int = 3, start: int = 1) -> None:
    """Persons' penalties, some of them changed once, and rows that are held back."""
    rows = [person_row(world, number, number) for number in range(start, start + persons)]
    bad = [
        person_row(world, number, number, 自然人证件号码=person_id(number)[:-1] + "?")
        for number in range(start + persons, start + persons + held)
    ]
    world.penalise([*rows, *bad])
    if persons < 3:
        return
    world.penalise(
        [{**row, "罚款金额（万元）": "3", "处罚内容": "罚款人民币叁万元"} for row in rows[: persons // 3]],
        at="2026-09-10",
    )


def numbers(world) -> dict[str, int]:
    return {
        each.purpose.value: each.number for each in world.desk.vault.keyring.facts() if each.state is KeyState.ACTIVE
    }


def finish(world, **options):
    return work(world.desk.vault, stores(world.desk.settings), seconds=60, settle=AT_ONCE, **options)


def everything(world) -> tuple:
    """What the store says, personal values too: opens every cell and every raw file."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT digest FROM collection_batch ORDER BY id")
        digests = [row[0] for row in cursor.fetchall()]
    home = world.desk.settings.home
    files = [b"".join(open_raw(each, home, world.desk.vault)) for each in digests if raw_path(home, each).exists()]
    return canonical(world.desk, batches=True), files


@pytest.mark.parametrize("purpose", ["cells", "files", "index"])
def test_a_rotation_moves_everything_and_ends_the_old_key(world, purpose):
    fill(world, 12)
    before, old = everything(world), numbers(world)[purpose]
    counted = count_keys(world.desk.vault, stores(world.desk.settings)).counts
    assert counted[old] > 0
    rotate(world.desk.settings.home, Purpose(purpose), NOW)
    assert [each.number for each in old_keys(world.desk.vault.keyring)] == [old]
    assert everything(world) == before
    seen = []
    done = finish(world, step=seen.append)
    assert (done.phase, done.left, done.counts.get(old, 0)) == (Phase.DONE, 0, 0)
    assert done.counts[numbers(world)[purpose]] == counted[old]
    assert done.moved == counted[old]
    shares = [each.share for each in seen]
    assert (shares, shares[0], shares[-1]) == (sorted(shares), 0.0, 1.0)
    states = {each.number: each.state for each in world.desk.vault.keyring.facts()}
    assert states[old] is KeyState.DESTROYED
    assert everything(world) == before
    assert everything(world) == (canonical(world.desk, batches=True), before[1])


def test_records_of_a_person_are_found_by_number_before_during_and_after(world):
    fill(world, 5)

    def found(vault: Vault) -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL xinshu.scope = 'all'")
            cursor.execute(
                "SELECT count(*) FROM records_record WHERE person_index = ANY(%s)",
                [vault.lookup_indexes("id_no", f" {person_id(3).lower()}")],
            )
            return cursor.fetchone()[0]

    vault = world.desk.vault
    assert found(vault) == 1
    rotate(world.desk.settings.home, Purpose.INDEX, NOW)
    assert found(vault) == 1
    fill(world, 2, start=100)
    assert found(vault) == 1
    finish(world)
    assert found(vault) == 1
    assert len(vault.lookup_indexes("id_no", person_id(3))) == 1


def test_a_record_loaded_again_after_the_index_was_rotated_is_the_same_record(world):
    row = person_row(world, 1, 1)
    world.penalise([row])
    rotate(world.desk.settings.home, Purpose.INDEX, NOW)
    finish(world)
    report = world.penalise([{**row, "罚款金额（万元）": "9"}], at="2026-09-10")
    assert (report.new, report.updated) == (0, 1)


def test_a_load_during_a_rotation_is_on_the_new_key_and_the_old_one_waits_for_open_transactions(world, database):
    fill(world, 6)
    old = numbers(world)["cells"]
    with psycopg.connect(database.conninfo) as carrying:
        carrying.execute(  # a load that has read an old cell and will write it as a former content
            "CREATE TEMP TABLE carried ON COMMIT DROP AS SELECT * FROM records_revision LIMIT 1"
        )
        assert carrying.execute("SELECT count(*) FROM carried").fetchone() == (1,)
        rotate(world.desk.settings.home, Purpose.CELLS, NOW)
        waiting = work(world.desk.vault, stores(world.desk.settings), seconds=2, settle=AT_ONCE)
        assert (waiting.phase, waiting.left) == (Phase.WAITING, 0)
        carrying.execute("UPDATE carried SET id = gen_random_uuid(), received_at = received_at - interval '1 day'")
        carrying.execute("SET LOCAL ROLE xinshu_loader")
        carrying.execute("RESET ROLE")
        carrying.execute("INSERT INTO records_revision SELECT * FROM carried")
        carrying.commit()
    late = work(world.desk.vault, stores(world.desk.settings), seconds=3, settle=AT_ONCE)
    assert late.counts[old] == 1  # it does not open at its new place, so it stays, and so does its key
    assert [each.number for each in old_keys(world.desk.vault.keyring)] == [old]
    with psycopg.connect(database.conninfo) as mending:
        mending.execute(
            "DELETE FROM records_revision WHERE (counterpart, received_at) = (SELECT counterpart, min(received_at)"
            " FROM records_revision GROUP BY 1 ORDER BY 2 LIMIT 1)"
        )
    assert finish(world).phase is Phase.DONE


def test_a_row_somebody_holds_is_left_for_the_next_pass(world, database):
    fill(world, 6)
    rotate(world.desk.settings.home, Purpose.CELLS, NOW)
    with psycopg.connect(database.conninfo) as holding:
        holding.execute("SELECT 1 FROM records_record FOR UPDATE")
        begun = time.monotonic()
        held = work(world.desk.vault, stores(world.desk.settings), seconds=1, settle=AT_ONCE)
        assert time.monotonic() - begun < 10
        assert held.left == 6
    assert finish(world).phase is Phase.DONE


def test_reads_and_loads_never_fail_while_keys_are_rotated(world):
    fill(world, 40)
    before = everything(world)
    problems, reads, stop = [], [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                vault = Vault.open(world.desk.settings.home)
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SET LOCAL xinshu.scope = 'all'")
                    cursor.execute("SELECT id, sealed FROM records_record WHERE sealed IS NOT NULL")
                    for record, sealed in cursor.fetchall():
                        vault.open_cell(bytes(sealed), sealed_place(record))
                reads.append(1)
            except Exception as problem:
                problems.append(problem)
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for each in readers:
        each.start()
    for _ in range(3):
        for purpose in (Purpose.CELLS, Purpose.INDEX, Purpose.FILES):
            rotate(world.desk.settings.home, purpose, NOW)
        done = work(world.desk.vault, stores(world.desk.settings), seconds=60, settle=timedelta(seconds=0.5))
        assert done.phase is Phase.DONE
    stop.set()
    for each in readers:
        each.join()
    assert problems == []
    assert len(reads) > 3
    assert everything(world) == before


WORKER = """
import sys
from datetime import timedelta
from pathlib import Path
from xinshu.bootstrap.installation import django_ready
django_ready()
from dataclasses import replace
from xinshu.bootstrap.sealed import stores
from xinshu.project.environment import read_settings
from xinshu.security.rotation import stores as module
from xinshu.security.rotation.engine import work
from xinshu.security.rotation.queries import key_overview
from xinshu.security.sealing import Vault, file_keys
module._PAGES, module.SealedColumn.step, module.IndexColumn.step, module.SealedFolder.step = 1, 1, 1, 1
settings = replace(read_settings(), home=Path(sys.argv[1]))
print("begun", flush=True)
def step(progress):
    print(progress.moved, progress.left, flush=True)
done = work(Vault.open(settings.home), stores(settings), seconds=120, settle=timedelta(0), step=step)
print(done.phase, flush=True)
"""


@pytest.mark.parametrize("kills", [10])
def test_killed_ten_times_in_the_middle_it_finishes(world, database, kills):
    fill(world, 400, held=100)
    world.load("enterprise-registration", [world.registration(number) for number in range(5)], "2026-09-01")
    before = everything(world)
    old = numbers(world)
    for purpose in (Purpose.CELLS, Purpose.INDEX, Purpose.FILES):
        rotate(world.desk.settings.home, purpose, NOW)
    home, source = world.desk.settings.home, random.Random(4)
    environment = {**os.environ, "DATABASE_URL": database.url, "XINSHU_PROFILE": "demo"}
    in_the_middle = 0
    for _ in range(kills):
        process = subprocess.Popen([sys.executable, "-c", WORKER, str(home)], env=environment, stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"begun\n"
        process.stdout.readline()
        time.sleep(source.uniform(0.0, 0.12))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert everything(world) == before
        left = len(old_keys(Keyring(home)))
        in_the_middle += left > 0
        if not left:
            rotate(home, Purpose.CELLS, NOW)
    assert in_the_middle >= kills // 2
    done = finish(world)
    assert done.phase is Phase.DONE
    assert [done.counts.get(old[each], 0) for each in ("cells", "index", "files")] == [0, 0, 0]
    assert everything(world) == before
    assert not list(home.rglob("*.resealed"))


def test_only_one_process_works_at_a_time_and_progress_is_kept(world):
    fill(world, 3)
    rotate(world.desk.settings.home, Purpose.CELLS, NOW)
    inside: list = []

    def step(progress) -> None:
        if not inside:
            inside.append(None)
            inside.append(finish(world))

    assert finish(world, step=step).phase is Phase.DONE
    assert inside[1].phase is Phase.BUSY
    kept = read_progress(world.desk.settings.home)
    assert (kept.phase, kept.left, kept.share) == (Phase.DONE, 0, 1.0)


def test_the_digest_key_is_not_rotated_and_signing_keys_are_at_once(world):
    home = world.desk.settings.home
    with pytest.raises(NotRotatable):
        rotate(home, Purpose.DIGEST, NOW)
    first = Keyring(home).active(Purpose.AUDIT).facts
    second = rotate(home, Purpose.AUDIT, NOW)
    states = {each.id: each.state for each in Keyring(home).facts() if each.purpose is Purpose.AUDIT}
    assert states == {first.id: KeyState.DESTROYED, second.id: KeyState.ACTIVE}
    assert Keyring(home).by_id(first.id).public == first.public


def test_an_older_installation_is_moved_to_the_keyring_whole(world):
    """Records, held rows and files of the first version: loaded, opened, indexed anew, and its keys destroyed."""
    fill(world, 8)
    before = everything(world)
    home = world.desk.settings.home
    digest = world.desk.vault.keyring.active(Purpose.DIGEST).secret
    as_before = _written_by_the_first_version(world, os.urandom(16), digest)
    (home / "keys" / "keyring.json").unlink()
    (home / "keys" / "kek.json").unlink()
    (home / "keys" / "data.json").write_text(json.dumps({"key_id": 1, "sm4": as_before.hex(), "index": digest.hex()}))
    (home / "keys" / "data.json").chmod(0o600)

    vault = Vault.open(home)
    object.__setattr__(world.desk, "vault", vault)
    assert everything(world) == before
    first_index = vault.lookup_indexes("id_no", person_id(3))[1]
    with connection.cursor() as cursor:
        cursor.execute("SET xinshu.scope = 'all'")
        cursor.execute("SELECT count(*) FROM records_record WHERE person_index = %s", [first_index])
        assert cursor.fetchone() == (1,)
    done = finish(world)
    assert done.phase is Phase.DONE
    assert {each.state for each in vault.keyring.facts() if each.legacy and each.purpose is not Purpose.DIGEST} == {
        KeyState.DESTROYED
    }
    assert everything(world) == before
    assert len(vault.lookup_indexes("id_no", person_id(3))) == 1
    report = world.penalise([{**person_row(world, 3, 3), "罚款金额（万元）": "9"}], at="2026-09-11")
    assert (report.new, report.updated) == (0, 1)


def _written_by_the_first_version(world, sm4: bytes, secret: bytes) -> bytes:
    """Rewrite the store as the first version wrote it; returns its SM4 key."""
    vault = world.desk.vault

    def seal(value: bytes, place: bytes) -> bytes:
        nonce = os.urandom(12)
        encryptor = Cipher(algorithms.SM4(sm4), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(place)
        return b"\1\1" + nonce + encryptor.update(value) + encryptor.finalize() + encryptor.tag

    def index(number: str) -> bytes:
        mac = hmac.HMAC(secret, hashes.SM3())
        mac.update(f"id_no\0P身份证:{number}".encode())
        return mac.finalize()[:16]

    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT session_user")
        cursor.execute(f"SET ROLE {cursor.fetchone()[0]}")
        for table in ("records_record", "records_revision"):
            cursor.execute(
                f"SELECT tableoid::regclass::text, ctid::text, id, sealed FROM {table} WHERE sealed IS NOT NULL"
            )
            for part, line, record, sealed in cursor.fetchall():
                value = vault.open_cell(bytes(sealed), sealed_place(record))
                cursor.execute(
                    f"UPDATE {part} SET sealed = %s WHERE ctid = %s::tid", [seal(value, sealed_place(record)), line]
                )
                if table == "records_record":
                    number = next(each for each in json.loads(value).values() if each.startswith("990102"))
                    cursor.execute(
                        "UPDATE records_record SET person_index = %s WHERE id = %s", [UUID(bytes=index(number)), record]
                    )
        cursor.execute("SELECT id, batch_id, row_no, sealed FROM collection_doubtfulrow")
        for number, batch, row, sealed in cursor.fetchall():
            place = held_place(batch, row)
            cursor.execute(
                "UPDATE collection_doubtfulrow SET sealed = %s WHERE id = %s",
                [seal(vault.open_cell(bytes(sealed), place), place), number],
            )
        cursor.execute("SET ROLE xinshu_app")
    for path in (world.desk.settings.home / "raw").rglob("*.sealed"):
        content = path.read_bytes()
        target = io.BytesIO()
        for number, last, frame in vault._frames(io.BytesIO(content), f"raw\0{path.stem}"):
            sealed = seal(frame, f"raw\0{path.stem}\0{number}\0{int(last)}".encode())
            target.write(len(sealed).to_bytes(4, "big") + sealed)
        path.write_bytes(target.getvalue())
    return sm4


def test_acts_on_keys_are_on_the_audit_record(world, monkeypatch):
    monkeypatch.setattr("xinshu.bootstrap.sealed.SETTLE", AT_ONCE)
    settings = world.desk.settings
    fill(world, 3)
    old = numbers(world)["cells"]
    rotate_key(settings, Purpose.CELLS, NOW)
    rotate_kek(settings, NOW)
    assert continue_rotation(settings, seconds=60).phase is Phase.DONE
    with connection.cursor() as cursor:
        cursor.execute("SELECT action, detail FROM security_audit_entry WHERE action LIKE 'key.%' ORDER BY id")
        recorded = [(action, json.loads(detail)) for action, detail in cursor.fetchall()]
    assert recorded == [
        ("key.rotate", {"before": f"cells-{old}", "purpose": "cells"}),
        ("key.rotate", {"purpose": "kek"}),
        ("key.destroy", {"key": f"cells-{old}", "purpose": "cells"}),
    ]


def test_a_key_that_cannot_be_recorded_is_neither_made_nor_destroyed(world, monkeypatch):
    def unavailable(_entry):
        raise AuditUnavailable

    monkeypatch.setattr("xinshu.bootstrap.sealed.SETTLE", AT_ONCE)
    settings = world.desk.settings
    before = world.desk.vault.keyring.facts()
    with monkeypatch.context() as patched:
        patched.setattr("xinshu.bootstrap.sealed.record", unavailable)
        with pytest.raises(AuditUnavailable):
            rotate_key(settings, Purpose.CELLS, NOW)
        assert world.desk.vault.keyring.facts() == before
    rotate_key(settings, Purpose.CELLS, NOW)
    with monkeypatch.context() as patched:
        patched.setattr("xinshu.bootstrap.sealed.record", unavailable)
        with pytest.raises(AuditUnavailable):
            continue_rotation(settings, seconds=60)
    assert len(old_keys(world.desk.vault.keyring)) == 1


def test_the_overview_tells_each_key_and_how_far_the_rotation_is(world):
    fill(world, 4)
    home = world.desk.settings.home
    assert {each.count for each in key_overview(home).keys} == {None}
    count_keys(world.desk.vault, stores(world.desk.settings))
    rotate(home, Purpose.CELLS, NOW)
    begun = key_overview(home)
    finish(world)
    done = key_overview(home)
    shown = {each.facts.id: (each.title, each.state, each.count) for each in done.keys}
    assert (begun.rotating, done.rotating, done.phase, done.share) == (True, False, "已完成", 1.0)
    assert shown["cells-1"] == ("个人信息字段", "已销毁", 0)
    assert shown["cells-5"][1:] == ("在用", 8)
    assert shown["digest-4"] == ("摘要与引用", "在用", None)


class Pausing(io.BytesIO):
    """A stream in the middle of which something happens once."""

    def __init__(self, content: bytes, happens) -> None:
        super().__init__(content)
        self._happens = happens

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 2 << 20 and self._happens is not None:
            happens, self._happens = self._happens, None
            happens()
        return super().read(size)


def test_a_file_being_written_keeps_its_key_until_it_is_moved(world):
    home, vault, content, seen = world.desk.settings.home, world.desk.vault, os.urandom(4 << 20), []
    old = numbers(world)["files"]

    def rotating() -> None:
        rotate(home, Purpose.FILES, NOW)
        seen.append(finish(world))

    digest = hashlib.sha256(content).hexdigest()
    keep_stream(Pausing(content, rotating), digest, home, vault)
    assert [(each.phase, each.counts[old]) for each in seen] == [(Phase.MOVING, 1)]
    with raw_path(home, digest).open("rb") as file:
        assert file_keys(file) == {old, numbers(world)["files"]}
    assert finish(world).phase is Phase.DONE
    assert b"".join(open_raw(digest, home, vault)) == content


def test_a_file_destroyed_while_it_is_moved_does_not_come_back(world, monkeypatch):
    fill(world, 1, held=0)
    (path,) = (world.desk.settings.home / "raw").rglob("*.sealed")
    real = Vault.reseal_file

    def destroyed_meanwhile(self, *arguments):
        real(self, *arguments)
        path.unlink()

    rotate(world.desk.settings.home, Purpose.FILES, NOW)
    monkeypatch.setattr(Vault, "reseal_file", destroyed_meanwhile)
    assert finish(world).phase is Phase.DONE
    assert not list((world.desk.settings.home / "raw").rglob("*.*"))
