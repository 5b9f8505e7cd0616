"""`xinshu template` and `xinshu catalogue …`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pytest

from xinshu.catalogue.loading import load_catalogue, load_code_lists, load_item_file, validate_dir
from xinshu.cli import app as cli
from xinshu.kernel.profiles import open_profile

PROFILES = Path(__file__).parents[2] / "profiles"
DEMO = open_profile("demo", PROFILES)
ITEMS = load_catalogue(DEMO)


@pytest.fixture
def run(capfd):
    """Run a command; returns exit code and standard output."""

    def call(*arguments: str) -> tuple[int, str]:
        code = cli.run(list(arguments))
        return code, capfd.readouterr().out

    return call


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of the base catalogue."""
    return Path(shutil.copytree(PROFILES / "base" / "catalogue", tmp_path / "region" / "catalogue"))


def test_template(run, tmp_path):
    code, out = run("template", "tax-credit-a", "-o", str(tmp_path / "a.xlsx"), "--json")
    assert (code, json.loads(out)["item_version"]) == (0, ITEMS["tax-credit-a"].version)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert [cell.value for cell in sheet[1]] == [each.title for each in ITEMS["tax-credit-a"].fields]


@pytest.mark.parametrize(
    ("item", "output", "code"),
    [
        pytest.param("no-such", "a.xlsx", "catalogue.unknown_item", id="unknown item"),
        pytest.param("tax-credit-a", "a.csv", "cli.usage", id="not a workbook"),
        pytest.param("tax-credit-a", "no/such/folder/a.xlsx", "catalogue.template_not_written", id="no folder"),
    ],
)
def test_template_refused(run, tmp_path, item, output, code):
    found, out = run("template", item, "-o", str(tmp_path / output), "--json")
    assert (found, json.loads(out)["error"]["code"]) == (2, code)


def test_list(run):
    code, out = run("catalogue", "list", "--json")
    assert code == 0
    assert [each["item"] for each in json.loads(out)["items"]] == list(ITEMS)
    assert all(name in run("catalogue", "list")[1] for name in ITEMS)


def test_show(run):
    code, out = run("catalogue", "show", "administrative-penalty", "--json")
    shown = json.loads(out)
    assert (code, shown["version"], shown["effective_from"]) == (
        0,
        ITEMS["administrative-penalty"].version,
        "2026-04-01",
    )
    assert [each["code"] for each in shown["fields"]] == [each.code for each in ITEMS["administrative-penalty"].fields]
    assert "行政处罚决定书文号" in run("catalogue", "show", "administrative-penalty")[1]
    assert run("catalogue", "show", "no-such")[0] == 2


def test_validate_a_right_folder(run, folder):
    assert run("catalogue", "validate", str(folder), "--json") == (
        0,
        json.dumps({"directory": str(folder), "valid": True, "faults": []}, ensure_ascii=False) + "\n",
    )


def test_validate_names_file_and_line(run, folder):
    path = folder / "tax-credit-a.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    wrong = next(number for number, line in enumerate(lines) if "kind: year" in line)
    path.write_text("\n".join(lines).replace("kind: year", "kind: years"), encoding="utf-8")
    code, out = run("catalogue", "validate", str(folder), "--json")
    (fault,) = json.loads(out)["faults"]
    assert (code, fault["file"], fault["line"]) == (1, "tax-credit-a.yaml", wrong + 1)
    assert "共 1 处问题" in run("catalogue", "validate", str(folder))[1]


def test_diff_of_two_versions(run, folder):
    path = folder / "tax-credit-a.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("kind: year", "kind: text"), encoding="utf-8")
    code, out = run("catalogue", "diff", "tax-credit-a", str(path), "--json")
    answer = json.loads(out)
    assert (code, answer["breaking"]) == (0, True)
    assert [(each["kind"], each["where"]) for each in answer["changes"]] == [("changed", "PJND")]
    assert "PJND" not in run("catalogue", "diff", "tax-credit-a", "tax-credit-a")[1]


def test_diff_reads_the_lists_beside_the_file(run, folder):
    lists = folder / "_code_lists.yaml"
    lists.write_text(lists.read_text(encoding="utf-8").replace("通报批评", "通报"), encoding="utf-8")
    _, out = run("catalogue", "diff", "administrative-penalty", str(folder / "administrative-penalty.yaml"), "--json")
    assert [each["kind"] for each in json.loads(out)["changes"]] == ["added", "removed"]


def test_diff_of_a_missing_file(run):
    code, out = run("catalogue", "diff", "tax-credit-a", "no-such.yaml", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "cli.usage")


def test_export_can_be_loaded_again(run, tmp_path):
    code, out = run("catalogue", "export", "--out", str(tmp_path / "e"), "--json")
    assert (code, len(json.loads(out)["files"])) == (0, 2 * len(ITEMS) + 1)
    assert validate_dir(tmp_path / "e") == []
    lists = load_code_lists(DEMO)
    again = {name: load_item_file(tmp_path / "e" / f"{name}.yaml", lists) for name in ITEMS}
    assert again == ITEMS
    schema = json.loads((tmp_path / "e" / "tax-credit-a.schema.json").read_text(encoding="utf-8"))
    assert schema["$schema"].endswith("2020-12/schema")


def test_export_to_the_terminal(run):
    code, out = run("catalogue", "export")
    assert code == 0
    assert out.count("$schema") == len(ITEMS)


def test_export_where_nothing_can_be_written(run, tmp_path):
    (tmp_path / "file").write_text("")
    assert run("catalogue", "export", "--out", str(tmp_path / "file"))[0] == 2
