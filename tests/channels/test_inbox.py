"""The watched folder: taken when whole, put away with a receipt, safe against links, names and crashes."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xinshu.collection.channels import inbox, settling
from xinshu.collection.channels.inbox import prepare_inbox, scan_inbox
from xinshu.collection.channels.loading import load_hand_in
from xinshu.collection.models import Batch, HandIn
from xinshu.kernel.database import only_one

NOW = datetime(2026, 9, 8, 4, 0, tzinfo=UTC)
ITEM = "administrative-penalty"


@pytest.fixture
def folder(world) -> Path:
    """The watched folder of the world's source for penalties."""
    prepare_inbox(world.desk.settings.inbox)
    path = world.desk.settings.inbox / world.source / ITEM
    path.mkdir(parents=True)
    return path


@pytest.fixture
def good(world) -> bytes:
    return world.file([world.penalty(1)]).read_bytes()


@pytest.fixture
def scan(world):
    """One pass; files need not have settled unless said."""

    def run(settle_seconds: float = 0.0):
        return scan_inbox(world.desk, NOW, settle_seconds=settle_seconds)

    return run


@pytest.fixture
def work(world):
    """What the worker does: load everything open."""

    def run() -> None:
        for found in HandIn.objects.filter(finished_at=None):
            load_hand_in(world.desk, found.id)

    return run


def _names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()} if folder.exists() else set()


def _receipt(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_file_is_taken_loaded_and_put_away_with_its_receipt(folder, good, scan, work):
    (folder / "处罚 11 月.csv").write_bytes(good)
    assert scan().taken == 1
    assert _names(folder) == {"处罚 11 月.csv"}  # until its job has ended
    assert scan().taken == 0
    work()
    assert scan().done == 1
    assert _names(folder) == {"done"}
    assert _names(folder / "done") == {"处罚 11 月.csv", "处罚 11 月.csv.json"}
    told = _receipt(folder / "done" / "处罚 11 月.csv.json")
    assert (told["state"], told["result"]["accepted"], told["batch"]) == ("done", 1, Batch.objects.get().label)
    assert (folder / "done" / "处罚 11 月.csv").read_bytes() == good
    assert HandIn.objects.get().settled_at == NOW


def test_a_refused_file_goes_to_refused_with_the_reason(folder, scan, work):
    (folder / "a.csv").write_text("别的列\n1\n", encoding="utf-8")
    scan()
    work()
    assert scan().refused == 1
    told = _receipt(folder / "refused" / "a.csv.json")
    assert (told["state"], told["error"]["code"]) == ("refused", "collection.file_refused")


def test_the_same_name_again_gets_a_number(world, folder, scan, work):
    for number in (1, 2):
        (folder / "a.csv").write_bytes(world.file([world.penalty(number)]).read_bytes())
        scan()
        work()
        scan()
    assert _names(folder / "done") == {"a.csv", "a.csv.json", "a-2.csv", "a-2.csv.json"}
    assert _receipt(folder / "done" / "a-2.csv.json")["batch"] != _receipt(folder / "done" / "a.csv.json")["batch"]


def test_the_same_content_under_another_name_is_the_same_batch(folder, good, scan, work):
    for name in ("a.csv", "b.csv"):
        (folder / name).write_bytes(good)
        scan()
        work()
        scan()
    assert Batch.objects.count() == 1
    assert _receipt(folder / "done" / "b.csv.json")["result"]["repeated"] is True


def test_a_file_somebody_may_still_be_writing_is_left_alone(folder, good, scan):
    (folder / "a.csv").write_bytes(good)
    assert scan(settle_seconds=60).taken == 0
    os.utime(folder / "a.csv", (1, 1))  # an old date copied along is no proof: the inode was touched just now
    assert scan(settle_seconds=60).taken == 0
    assert scan().taken == 1


@pytest.mark.parametrize("name", [".a.csv", "a.csv.part", "a.csv.tmp", "a.filepart", "~$a.xlsx", "a.csv~"])
def test_names_of_unfinished_files_are_left_alone(folder, good, scan, name):
    (folder / name).write_bytes(good)
    scan()
    assert _names(folder) == {name}


def test_a_file_changed_while_it_is_read_is_not_taken(folder, good, scan, monkeypatch):
    path = folder / "a.csv"
    path.write_bytes(good)
    taken = inbox.hand_in

    def meanwhile(*args, **options):
        with path.open("ab") as file:
            file.write(b"more\n")
        return taken(*args, **options)

    monkeypatch.setattr(inbox, "hand_in", meanwhile)
    assert scan().taken == 0
    assert not Batch.objects.exists()
    assert _names(folder) == {"a.csv"}


def test_a_file_replaced_before_it_was_put_away_is_a_new_one(world, folder, good, scan, work):
    (folder / "a.csv").write_bytes(good)
    scan()
    work()
    (folder / "new").write_bytes(world.file([world.penalty(2)]).read_bytes())
    (folder / "new").replace(folder / "a.csv")
    assert scan().taken == 1
    work()
    assert scan().done == 1
    assert Batch.objects.count() == 2


@pytest.mark.parametrize("target", ["secret.txt", "missing.txt", "folder"])
def test_links_are_refused_unread(folder, scan, tmp_path, target):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "folder").mkdir()
    (folder / "a.csv").symlink_to(tmp_path / target)
    assert scan().refused == 1
    assert _receipt(folder / "refused" / "a.csv.json")["error"]["code"] == "channel.not_a_file"
    assert (folder / "refused" / "a.csv").is_symlink()
    assert not Batch.objects.exists()


def test_a_pipe_does_not_hold_the_pass_up(folder, scan):
    os.mkfifo(folder / "a.csv")
    began = time.monotonic()
    assert scan().refused == 1
    assert time.monotonic() - began < 5


def test_folders_that_are_links_are_not_entered(world, folder, good, scan, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.csv").write_bytes(good)
    folder.rmdir()
    folder.symlink_to(elsewhere)
    (folder.parent / "done").symlink_to(elsewhere)
    scan()
    assert _names(elsewhere) == {"a.csv"}
    assert not Batch.objects.exists()


def test_done_that_is_a_link_moves_nothing_out(folder, good, scan, work, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (folder / "done").symlink_to(tmp_path / "elsewhere")
    (folder / "a.csv").write_bytes(good)
    scan()
    work()
    scan()
    assert _names(tmp_path / "elsewhere") == set()
    assert (folder / "a.csv").exists()


@pytest.mark.parametrize(
    ("place", "code"),
    [
        pytest.param("{source}/nothing/a.csv", "channel.item_missing", id="unknown item"),
        pytest.param(
            "91350100M000100Y43/administrative-penalty/a.csv", "collection.unknown_source", id="unknown source"
        ),
        pytest.param("{source}/a.csv", "channel.misplaced", id="no item"),
        pytest.param("a.csv", "channel.misplaced", id="at the root"),
    ],
)
def test_what_lies_wrong_is_refused_where_it_lies(world, folder, scan, good, place, code):
    path = world.desk.settings.inbox / place.format(source=world.source)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(good)
    assert scan().refused == 1
    assert _receipt(path.parent / "refused" / "a.csv.json")["error"]["code"] == code
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("处罚\n.csv".encode(), id="line break"),
        pytest.param(b"a" * 240 + b".csv", id="endless"),
        pytest.param(b"\xff\xfe.csv", id="no encoding"),
    ],
)
def test_odd_names_end_in_a_verdict(folder, good, scan, work, name):
    path = os.fsencode(folder) + b"/" + name
    with open(path, "wb") as file:
        file.write(good)
    scan()
    work()
    scan()
    assert not os.path.lexists(path)
    assert len(_names(folder / "refused") | _names(folder / "done")) == 2


def test_a_name_in_the_old_encoding_is_read(folder, good, scan, work):
    with open(os.fsencode(folder) + b"/" + "处罚.csv".encode("gb18030"), "wb") as file:
        file.write(good)
    scan()
    work()
    assert scan().done == 1
    assert Batch.objects.get().file == "处罚.csv"


def test_a_crash_between_receipt_and_move_is_mended(folder, good, scan, work, monkeypatch):
    (folder / "a.csv").write_bytes(good)
    scan()
    work()
    rename = settling.os.rename

    def power_cut(old, new, **places):
        if not str(old).startswith("."):
            raise OSError("planted")
        rename(old, new, **places)

    monkeypatch.setattr(settling.os, "rename", power_cut)
    scan()
    assert _names(folder / "done") == {"a.csv.json"}
    monkeypatch.undo()
    assert scan().done == 1
    assert _names(folder / "done") == {"a.csv", "a.csv.json"}


def test_two_passes_at_once_are_one(folder, good, scan):
    (folder / "a.csv").write_bytes(good)
    with only_one("inbox"):
        assert scan().taken == 0
    assert scan().taken == 1


def test_a_missing_inbox_is_an_empty_pass(world):
    assert scan_inbox(world.desk, NOW) == inbox.Scan()


def test_a_file_over_the_folder_s_limit_is_refused(world, folder, good):
    (folder / "a.csv").write_bytes(good)
    small = replace(world.desk, settings=replace(world.desk.settings, file_max_bytes=10))
    assert scan_inbox(small, NOW, settle_seconds=0).refused == 1
    assert _receipt(folder / "refused" / "a.csv.json")["error"]["code"] == "channel.file_too_large"
