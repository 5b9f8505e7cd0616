"""The job behind a hand-in: once, whatever happens to the worker; parked with a reason after five failures."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from xinshu.collection.channels import loading
from xinshu.collection.channels.errors import FileNameInvalid, FileTooLarge, ItemMissing, KeyReused
from xinshu.collection.channels.handing_in import Delivery, clean_name, hand_in
from xinshu.collection.channels.loading import ask_for_unfinished, load_hand_in
from xinshu.collection.channels.receipts import receipt
from xinshu.collection.channels.workfolder import work_folder
from xinshu.collection.errors import UnknownSource
from xinshu.collection.models import Batch, HandIn
from xinshu.collection.rawfiles import FileChanged, raw_path
from xinshu.collection.tasks import LOAD
from xinshu.kernel.database import only_one

NOW = datetime(2026, 9, 8, 4, 0, tzinfo=UTC)


@pytest.fixture
def deliver(world):
    """Hand in a valid penalty file; name only what the test is about."""

    def give(content: bytes | None = None, max_bytes: int = 1 << 20, **changes: object) -> HandIn:
        body = world.file([world.penalty(1)]).read_bytes() if content is None else content
        facts = {
            "channel": "web",
            "source": world.source,
            "item": "administrative-penalty",
            "name": "处罚.csv",
            "received_at": NOW,
            **changes,
        }
        return hand_in(world.desk, io.BytesIO(body), Delivery(**facts), max_bytes=max_bytes)

    return give


def _jobs(database) -> list[tuple[str, str]]:
    with psycopg.connect(database.conninfo) as connection:
        found = connection.execute("SELECT task_name, args->>'hand_in' FROM procrastinate_jobs WHERE status = 'todo'")
        return found.fetchall()


def test_a_hand_in_asks_for_its_job_and_the_job_loads_the_file(world, deliver, database):
    found = deliver()
    assert _jobs(database) == [(LOAD, str(found.id))]
    load_hand_in(world.desk, found.id)
    found.refresh_from_db()
    assert (found.state, found.rows, found.share, found.attempts) == ("done", 1, 1.0, 1)
    told = receipt(found, world.desk.settings.home)
    assert (told["result"]["rows"], told["result"]["accepted"], told["error"]) == (1, 1, None)
    assert told["received_at"] == "2026-09-08T12:00:00+08:00"
    assert str(world.desk.settings.home) not in str(told)


def test_the_job_run_twice_loads_once(world, deliver):
    found = deliver()
    load_hand_in(world.desk, found.id)
    load_hand_in(world.desk, found.id)
    found.refresh_from_db()
    assert found.attempts == 1
    assert Batch.objects.get().rows == 1


def test_while_one_process_loads_another_leaves_it_alone(world, deliver):
    found = deliver()
    with only_one(f"hand-in {found.id}") as mine:
        assert mine
        load_hand_in(world.desk, found.id)
    found.refresh_from_db()
    assert (found.state, found.attempts) == ("queued", 0)


def test_a_job_lost_with_its_process_is_asked_for_again(world, deliver, database):
    found = deliver()
    HandIn.objects.update(state="running", attempts=1, step="入库", started_at=NOW)  # what a killed worker leaves
    with psycopg.connect(database.conninfo) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    assert ask_for_unfinished(NOW + timedelta(seconds=10)) == 0
    assert ask_for_unfinished(NOW + timedelta(minutes=1)) == 1
    assert ask_for_unfinished(NOW + timedelta(minutes=2)) == 1  # asked for already: still one job
    assert _jobs(database) == [(LOAD, str(found.id))]
    load_hand_in(world.desk, found.id)
    found.refresh_from_db()
    assert (found.state, found.attempts) == ("done", 2)


def test_a_fault_is_tried_again_and_parked_after_five(world, deliver, monkeypatch):
    found = deliver()

    def broken(*_args, **_options):
        raise RuntimeError("planted")

    monkeypatch.setattr(loading, "receive", broken)
    for attempt in range(1, 6):
        load_hand_in(world.desk, found.id)
        found.refresh_from_db()
        assert (found.attempts, found.state) == (attempt, "queued" if attempt < 5 else "failed")
    assert found.code == "collection.reader_failed"
    assert found.trace.startswith("TR-")
    assert "planted" not in found.message
    assert list((world.desk.settings.home / "work").iterdir()) == []


def test_a_worker_killed_five_times_at_one_file_parks_it(world, deliver):
    found = deliver()
    HandIn.objects.update(state="running", attempts=5)
    load_hand_in(world.desk, found.id)
    found.refresh_from_db()
    assert found.state == "failed"


def test_a_sealed_file_that_was_changed_fails_in_words(world, deliver):
    found = deliver()
    path = raw_path(world.desk.settings.home, found.batch.digest)
    sealed = bytearray(path.read_bytes())
    sealed[40] ^= 1
    path.write_bytes(sealed)
    load_hand_in(world.desk, found.id)
    found.refresh_from_db()
    assert (found.state, found.code) == ("failed", "security.seal_broken")


def test_a_refused_file_says_why(world, deliver):
    found = deliver("别的列\n1\n".encode())
    load_hand_in(world.desk, found.id)
    found.refresh_from_db()
    assert (found.state, found.code) == ("refused", "collection.file_refused")
    assert "缺少必填列" in receipt(found, world.desk.settings.home)["error"]["message"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"source": "91350100M000100Y43"}, UnknownSource, id="unknown source"),
        pytest.param({"item": "nothing"}, ItemMissing, id="unknown item"),
        pytest.param({"name": "a\x00.csv"}, FileNameInvalid, id="control character"),
        pytest.param({"name": "/"}, FileNameInvalid, id="no name"),
        pytest.param({"max_bytes": 10}, FileTooLarge, id="too large"),
    ],
)
def test_what_is_refused_at_the_door_leaves_nothing(world, deliver, database, changes, error):
    with pytest.raises(error):
        deliver(**changes)
    assert not Batch.objects.exists()
    assert _jobs(database) == []
    assert not (world.desk.settings.home / "raw").exists()


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\数据\\处罚.xlsx", "处罚.xlsx"),
        (" 处罚.csv ", "处罚.csv"),
        ("e\u0301.csv", "é.csv"),
    ],
)
def test_only_the_last_part_of_a_name_counts(name, clean):
    assert clean_name(name) == clean


def test_a_stream_that_changes_is_not_kept(world):
    class Restless(io.BytesIO):
        def seek(self, *place: int) -> int:
            self.write(b"more")
            return super().seek(*place)

    delivery = Delivery(
        channel="web", source=world.source, item="administrative-penalty", name="a.csv", received_at=NOW
    )
    with pytest.raises(FileChanged):
        hand_in(world.desk, Restless(b"x" * 100), delivery, max_bytes=1000)
    assert not Batch.objects.exists()
    assert list((world.desk.settings.home / "raw").rglob("*.*")) == []


def test_an_idempotency_key_answers_with_the_first_hand_in(deliver, database):
    first = deliver(b"a", sender="KEY", idempotency_key="k1")
    assert deliver(b"a", sender="KEY", idempotency_key="k1").id == first.id
    assert deliver(b"a", sender="OTHER", idempotency_key="k1").id != first.id
    with pytest.raises(KeyReused):
        deliver(b"b", sender="KEY", idempotency_key="k1")
    assert len(_jobs(database)) == 2


def test_work_folders_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path):
    (tmp_path / "work").mkdir()
    for name in ("999999999-x", "stray", "1-init"):
        (tmp_path / "work" / name).mkdir()
    with work_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o077 == 0
        assert {each.name for each in (tmp_path / "work").iterdir()} == {folder.name, "1-init"}
    assert not folder.exists()
