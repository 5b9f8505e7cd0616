"""`xinshu check`: its JSON, its findings file, its exit codes; no database is asked for."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.rulebook import FINDING_COLUMNS, codes
from xinshu.cli import app as cli
from xinshu.kernel.profiles import open_profile

PENALTY = load_catalogue(open_profile("demo", Path(__file__).parents[2] / "profiles"))["administrative-penalty"]
WHEN = ["--as-of", "2026-05-20"]


@pytest.fixture
def write(tmp_path):
    """Write rows of valid penalties, with changes, to a CSV file."""

    def make(*rows: dict[str, str], name: str = "处罚.csv", heading: list[str] | None = None) -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(heading or [each.title for each in PENALTY.fields])
            for row in rows:
                writer.writerow([row.get(each.code, each.example) for each in PENALTY.fields])
        return path

    return make


@pytest.fixture
def check(capfd):
    """Run the command; returns exit code, standard output and standard error."""

    def run(path: Path, *options: str) -> tuple[int, str, str]:
        code = cli.run(["check", str(path), "--item", "administrative-penalty", *WHEN, *options])
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return run


def read(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


BAD = {"CF_NR_FK": "贰", "CF_XDR_MC": "=cmd|' /C calc'!A0"}


def test_the_json_answer(write, check):
    path = write({}, {}, BAD, {"CF_WSH": "A〔2026〕2号", "CF_JDRQ": "2020-01-01"})
    code, out, err = check(path, "--json")
    answer = json.loads(out)
    place = answer.pop("findings_file")
    assert (code, err) == (0, "")
    assert answer == {
        "file": "处罚.csv",
        "item": "administrative-penalty",
        "item_version": PENALTY.version,
        "rows": 4,
        "clean": 2,
        "doubtful": 1,
        "duplicates": 1,
        "by_rule": {"duplicate.in_file": 1, "late": 1, "number.format": 1},
        "not_run": list(codes("store")),
    }
    assert Path(place).parent == Path(os.environ["XINSHU_HOME"]) / "findings"


def test_the_findings_file_is_a_csv_of_findings(write, check, tmp_path):
    path = write({"CF_NR_FK": "@SUM(1)"})
    target = tmp_path / "out" / "findings.csv"
    code, out, _ = check(path, "--json", "--findings", str(target))
    assert (code, json.loads(out)["findings_file"]) == (0, str(target))
    (found,) = read(str(target))
    assert tuple(found) == FINDING_COLUMNS
    assert (found["file"], found["row"], found["field"], found["rule"]) == (
        "处罚.csv",
        "2",
        "CF_NR_FK",
        "number.format",
    )
    assert found["value"] == "'@SUM(1)"


def test_checking_again_replaces_the_findings(write, check):
    first = json.loads(check(write(BAD), "--json")[1])["findings_file"]
    second = json.loads(check(write({}), "--json")[1])["findings_file"]
    assert (first, read(second)) == (second, [])


@pytest.mark.parametrize(
    ("rows", "options", "expected"),
    [
        pytest.param([{}], ["--strict"], 0, id="strict, nothing in doubt"),
        pytest.param([BAD], ["--strict"], 1, id="strict, a row in doubt"),
        pytest.param([BAD], [], 0, id="a row in doubt"),
        pytest.param([{"CF_JDRQ": "2020-01-01"}], ["--strict"], 0, id="strict, a warning only"),
    ],
)
def test_exit_codes(write, check, rows, options, expected):
    assert check(write(*rows), *options)[0] == expected


def test_a_refused_file_is_an_error_with_its_findings(write, check):
    path = write({}, heading=["名称", *(each.title for each in PENALTY.fields[1:])])
    code, out, _ = check(path, "--json")
    error = json.loads(out)["error"]
    assert code == 2
    assert set(error) == {"code", "message", "fix", "trace", "findings_file"}
    assert error["code"] == "collection.file_refused"
    assert "行政相对人名称" in error["message"]
    assert [(each["row"], each["rule"]) for each in read(error["findings_file"])] == [
        ("0", "column.unknown"),
        ("0", "column.missing"),
    ]


def test_a_refused_file_for_a_person(tmp_path, check):
    (tmp_path / "cut.xlsx").write_bytes(b"PK\x03\x04")
    code, out, err = check(tmp_path / "cut.xlsx")
    assert (code, out) == (2, "")
    assert "file.unreadable" in err
    assert "追踪号：TR-" in err


def test_a_file_that_is_not_there_is_not_called_unreadable(tmp_path, check):
    code, out, err = check(tmp_path / "absent.csv")
    assert (code, out) == (2, "")
    assert f"错误：没有这个文件：{tmp_path / 'absent.csv'}" in err


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param(["--source", "91990100MA0000A193"], "collection.unknown_source", id="unknown source"),
        pytest.param(["--item", "no-such-item"], "catalogue.unknown_item", id="unknown item"),
        pytest.param(["--as-of", "yesterday"], "time.invalid", id="moment"),
    ],
)
def test_unusable_options(write, check, options, code):
    found, out, _ = check(write({}), "--json", *options)
    assert (found, json.loads(out)["error"]["code"]) == (2, code)


def test_the_day_of_receipt_counts_in_shanghai(write, check):
    path = write({"CF_JDRQ": "2026-05-20", "CF_YXQ": "2027-01-01"})
    rules = [
        json.loads(check(path, "--json", "--as-of", day)[1])["by_rule"]
        for day in ("2026-05-19T23:59", "2026-05-20T00:00")
    ]
    assert rules == [{"date.future": 1}, {}]


def test_the_source_given_is_the_supplier(write, check):
    path = write({"CF_SJLYDM": "91990100MA0000A193"})
    _, out, _ = check(path, "--json", "--source", "11990100000001011X")
    assert json.loads(out)["by_rule"] == {"source.differs": 1}


def test_words_for_a_person(write, check):
    code, out, _ = check(write(*[{"CF_NR_FK": "[red]贰", "CF_WSH": f"A〔2026〕{n}号"} for n in range(12)]))
    assert code == 0
    assert "12 行，通过 0 行，疑问 12 行" in out
    assert out.count("「罚款金额（万元）」为“[red]贰”，不是数值") == 10
    assert "另有 2 条" in out
    assert "subject.unknown" in out


def test_neither_django_nor_a_database_is_needed(write, tmp_path):
    path = write({})
    code = (
        "import sys; from xinshu.cli.app import run; "
        f"code = run(['check', {str(path)!r}, '--item', 'administrative-penalty', '--json']); "
        "assert not any(name.split('.')[0] in {'django', 'psycopg'} for name in sys.modules), 'loaded'; sys.exit(code)"
    )
    environment = {
        **os.environ,
        "XINSHU_HOME": str(tmp_path / "home"),
        "DATABASE_URL": "postgresql://nobody@nowhere.invalid/x",
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["rows"] == 1
    assert sorted(each.name for each in (tmp_path / "home").iterdir()) == ["findings"]
