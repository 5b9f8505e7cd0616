"""`xinshu ingest`: a file that cannot be taken does not take the answer about the others with it."""

from __future__ import annotations

import json
import os

import pytest

from xinshu.cli.app import run

PENALTY = ("--item", "administrative-penalty", "--as-of", "2026-09-08")


@pytest.fixture
def ingest(world, monkeypatch, capsys):
    monkeypatch.setattr("xinshu.cli.ingest.read_settings", lambda: world.desk.settings)

    def take(*files, options=("--json",)):
        code = run(["ingest", *map(str, files), *PENALTY, "--source", world.source, *options])
        shown = capsys.readouterr()
        return code, json.loads(shown.out) if "--json" in options else shown.out, shown.err

    return take


def test_a_missing_file_among_others_is_named_and_the_others_are_loaded(world, ingest, tmp_path):
    good, other = world.file([world.penalty(1)]), world.file([world.penalty(2)])
    code, told, _ = ingest(good, tmp_path / "none.csv", other)
    assert code == 2
    assert (told["totals"]["rows"], [each["file"] for each in told["batches"]]) == (2, [good.name, other.name])
    assert (told["error"]["code"], told["error"]["file"]) == ("collection.file_unreachable", str(tmp_path / "none.csv"))
    assert "没有这个文件" in told["error"]["message"]


def test_what_is_no_ordinary_file_is_refused_at_once(ingest, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path, tmp_path / "pipe.csv"):
        code, told, _ = ingest(path)
        assert (code, told["error"]["code"]) == (2, "collection.file_unreachable")


def test_what_the_supplier_has_confirmed_is_loaded(world, ingest):
    path = world.file([world.penalty(1, **{"罚款金额（万元）": "20000"})])
    assert ingest(path)[1]["totals"]["accepted"] == 0
    assert ingest(path, options=("--json", "--confirmed"))[1]["totals"]["accepted"] == 1


def test_names_stand_as_they_are_and_no_column_is_cut(world, ingest, tmp_path):
    name = "行政处罚[bold]二〇二六年第三季度生态环境局报送:smile:.csv"
    _, shown, _ = ingest(world.file([world.penalty(1)], name), options=())
    assert name in shown
    assert "未关联" in shown
    assert "…" not in shown
