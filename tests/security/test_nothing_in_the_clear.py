"""A thousand personal values are loaded, held back, rotated; none is in a dump, a file of the state folder or a log."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from xinshu.kernel.identifiers.citizen_id import check_character

COUNT = 200
_GIVEN = "安邦昌达恩芳刚国海和宏慧建杰静娟军康兰力丽亮琳龙梅敏明娜宁鹏平强青荣瑞珊生松"


def name(number: int) -> str:
    """A name of four characters that stands nowhere else: 欧阳 and two of forty."""
    return f"欧阳{_GIVEN[number // len(_GIVEN) % len(_GIVEN)]}{_GIVEN[number % len(_GIVEN)]}"


def id_number(number: int) -> str:
    body = f"9901021889{1 + number % 12:02}{1 + number // 12 % 28:02}{number // 336:03}"
    return body + check_character(body)


@pytest.fixture
def seeded(world):
    """Files with their items; every value of `values` stands in them, one row in ten is wrong."""
    persons = [
        world.penalty(
            number,
            number,
            **{
                "行政相对人名称": name(number),
                "行政相对人类别": "自然人",
                "行政相对人代码_1(统一社会信用代码)": "",
                "法定代表人": "",
                "自然人证件类型": "身份证",
                "自然人证件号码": id_number(number),
                "处罚决定日期": "2026-09-03" if number % 10 else "2026-13-03",
            },
        )
        for number in range(COUNT)
    ]
    firms = [
        world.penalty(
            number,
            COUNT + number,
            **{
                "法定代表人": name(COUNT + number),
                "法定代表人证件类型": "身份证",
                "法定代表人证件号码": id_number(COUNT + number),
                "罚款金额（万元）": "2" if number % 10 else "两万",
            },
        )
        for number in range(COUNT)
    ]
    registered = [
        world.registration(number, 法定代表人=name(2 * COUNT + number), 登记状态="存续" if number % 10 else "？")
        for number in range(COUNT)
    ]
    values = [name(number) for number in range(3 * COUNT)] + [id_number(number) for number in range(2 * COUNT)]
    assert len(set(values)) == 1000
    return values, {
        "enterprise-registration": world.file(registered),
        "administrative-penalty": world.file([*persons, *firms]),
    }


def forms(value: str) -> set[bytes]:
    """How a value might stand somewhere: as it is, in other encodings, escaped, as hexadecimal of a bytea."""
    plain = value.encode()
    escaped = json.dumps(value)[1:-1].encode()
    return {plain, value.encode("gb18030"), value.encode("utf-16-le"), escaped, plain.hex().encode()}


def found_in(values: list[str], text: bytes) -> list[str]:
    return [value for value in values if any(form in text for form in forms(value))]


def test_a_thousand_values_are_nowhere_in_the_clear(world, seeded, database, dumped, tmp_path):
    values, files = seeded
    home = world.desk.settings.home
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database.url,
        "XINSHU_HOME": str(home),
        "XINSHU_PROFILE": "demo",
        "XINSHU_LOG_LEVEL": "DEBUG",
    }
    said = b""

    def run(*arguments: str) -> bytes:
        command = [sys.executable, "-m", "xinshu.cli", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        return done.stdout + done.stderr

    for item, path in files.items():
        given = path.read_bytes()
        assert found_in(values, given), "the search finds what is there"
        said += run("ingest", str(path), "--item", item, "--source", world.source, "--as-of", "2026-09-08", "--json")
        path.unlink()
    for purpose in ("cells", "index"):
        said += run("keys", "rotate", purpose)
    said += run("keys", "resume", "--json") + run("keys", "list")

    dump = dumped()
    assert dump.count(b"\\\\x0201") > 2 * COUNT, "sealed cells are in the dump"
    assert found_in(values, dump) == []
    kept = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert sum(path.suffix == ".sealed" for path in kept) == len(files)
    assert {path: found for path, text in kept.items() if (found := found_in(values, text))} == {}
    assert found_in(values, said) == []
    assert b"doubtful" in said
