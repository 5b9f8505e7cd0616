"""`xinshu resolve`: lists in, verdicts out; bad lists get an answer in Chinese."""

from __future__ import annotations

import csv
import json

import openpyxl
import pytest
from tests.plugins.main_path import make_uscc

from xinshu.cli.app import run
from xinshu.project.environment import read_settings


@pytest.fixture
def stocked(world):
    world.register([world.registration(1), world.registration(2)])
    return world


@pytest.fixture
def home(monkeypatch, settings_with):
    """The command works on the test's own settings with the demo profile."""
    settings = settings_with(profile="demo")
    monkeypatch.setattr("xinshu.cli.resolve.read_settings", lambda: settings)
    return read_settings()


def write(path, rows, encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_a_line_separator_inside_a_name_ends_no_row(stocked, home, tmp_path, capsys):
    file = write(tmp_path / "list.csv", [["企业名称"], ["A市第1\u2028纺织有限公司"], ["A市第2\x0b纺织有限公司"]])
    assert run(["resolve", str(file), "--json"]) == 0
    assert [each["row"] for each in json.loads(capsys.readouterr().out)["results"]] == [2, 3]


LIST = [
    ["序号", "企业名称", "统一社会信用代码"],
    ["1", "A市第1纺织有限公司", ""],
    ["2", "A市第2纺织", ""],
    ["", "", ""],
    ["3", "=HYPERLINK(1)", ""],
    ["4", "A市第2纺织有限公司", make_uscc(2)],
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_each_line_gets_a_verdict_under_its_own_row_number(stocked, home, tmp_path, capsys, encoding):
    file = write(tmp_path / "list.csv", LIST, encoding)
    assert run(["resolve", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["lines"], answer["linked"], answer["suggested"], answer["none"]) == (4, 2, 1, 1)
    assert [(each["row"], each["decision"]) for each in answer["results"]] == [
        (2, "linked"),
        (3, "suggested"),
        (5, "none"),
        (6, "linked"),
    ]
    assert answer["results"][1]["candidates"][0]["uscc"] == make_uscc(2)


def test_a_workbook_in_and_out(stocked, home, tmp_path, capsys):
    book = openpyxl.Workbook()
    for row in LIST:
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    assert run(["resolve", str(tmp_path / "list.xlsx"), "--out", str(tmp_path / "out.xlsx")]) == 0
    assert "已匹配 2 行，建议，请人工核对 1 行，未匹配 0 行" in capsys.readouterr().out
    rows = list(openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows(values_only=True))
    assert rows[1][:6] == (2, "A市第1纺织有限公司", None, "已匹配", make_uscc(1), "A市第1纺织有限公司")


def test_a_csv_out_holds_no_formula(stocked, home, tmp_path):
    file, out = write(tmp_path / "list.csv", LIST), tmp_path / "out.csv"
    assert run(["resolve", str(file), "--out", str(out)]) == 0
    assert "'=HYPERLINK(1)" in out.read_text(encoding="utf-8-sig")


BAD = {
    "no file": (None, [], "没有文件"),
    "no column of names": ([["a", "b"], ["1", "2"]], [], "没有名称列"),
    "column not there": (LIST, ["--name-column", "单位"], "没有列“单位”"),
    "empty": ([], [], "名单是空的"),
    "a name without end": ([["名称"], ["甲" * 300]], [], "第 2 行的名称超过"),
    "unknown result": (LIST, ["--out", "out.doc"], "不能写成"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_list_is_refused_in_chinese(home, tmp_path, capsys, case):
    rows, more, told = BAD[case]
    if rows is not None:
        write(tmp_path / "list.csv", rows)
    assert run(["resolve", str(tmp_path / "list.csv"), *more]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("list.xlsx", b"no workbook", "不是可用的工作簿"),
        ("list.csv", b"\xff\xfe\x00\xd8" * 9, "编码无法识别"),
        ("list.pdf", b"%PDF", "不支持"),
    ],
)
def test_what_is_no_list_is_refused(home, tmp_path, capsys, name, content, told):
    (tmp_path / name).write_bytes(content)
    assert run(["resolve", str(tmp_path / name)]) == 2
    assert told in capsys.readouterr().err
