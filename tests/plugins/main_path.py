"""Fixtures for everything that loads files: a receiving desk on a fresh database, and valid rows to change one thing in.

Fictional subjects: `company(n)` is the n-th enterprise of region 990102.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from xinshu.catalogue.loading import load_catalogue
from xinshu.collection.reader import Reference
from xinshu.collection.services import Desk
from xinshu.kernel.clock import parse_as_of
from xinshu.kernel.identifiers import org_code
from xinshu.kernel.identifiers import uscc as uscc_module
from xinshu.kernel.profiles import open_profile
from xinshu.security.queries import organisations
from xinshu.security.sealing import Vault

AUTHORITY_NAME = "A市生态环境局"
Row = dict[str, str]


def make_uscc(number: int, kind: str = "91", region: str = "990102") -> str:
    """A valid credit code of the fictional province."""
    body = f"MA{number:06d}"
    head = f"{kind}{region}{body}{org_code.check_character(body)}"
    return head + uscc_module.check_character(head)


class World:
    """The desk and short ways to make and load files."""

    def __init__(self, desk, folder: Path, source: str) -> None:
        self.desk, self.folder, self.source = desk, folder, source
        self._count = 0

    def company(self, number: int) -> str:
        """Credit code of the n-th enterprise."""
        return make_uscc(number)

    def registration(self, number: int, **changes: str) -> Row:
        """A valid registration row."""
        return {
            "统一社会信用代码": make_uscc(number),
            "企业名称": f"A市第{number}纺织有限公司",
            "登记状态": "存续",
            "法定代表人": "张三丰",
            "成立日期": "2019-03-12",
            "行政区划代码": "990102",
            "核准日期": "2024-05-06",
            **changes,
        }

    def penalty(self, number: int, document: int = 1, **changes: str) -> Row:
        """A valid penalty row against the n-th enterprise, decided 2026-09-03, general by the kind of penalty."""
        return {
            "行政相对人名称": f"A市第{number}纺织有限公司",
            "行政相对人类别": "法人及非法人组织",
            "行政相对人代码_1(统一社会信用代码)": make_uscc(number),
            "法定代表人": "张三丰",
            "行政处罚决定书文号": f"A环罚〔2026〕{document}号",
            "违法行为类型": "超标排放水污染物",
            "违法事实": "当事人总排口化学需氧量浓度超过排放标准",
            "处罚依据": "《中华人民共和国水污染防治法》第八十三条",
            "处罚类别": "罚款",
            "处罚内容": "罚款人民币贰万元",
            "罚款金额（万元）": "2",
            "处罚决定日期": "2026-09-03",
            "处罚有效期": "2027-09-03",
            "处罚机关": AUTHORITY_NAME,
            "处罚机关统一社会信用代码": self.source,
            "数据来源单位": AUTHORITY_NAME,
            "数据来源单位统一社会信用代码": self.source,
            **changes,
        }

    def file(self, rows: Sequence[Mapping[str, str]], name: str = "") -> Path:
        """The rows as a CSV file; columns are those of all rows together."""
        self._count += 1
        path = self.folder / (name or f"file{self._count}.csv")
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def load(self, item: str, rows: Sequence[Mapping[str, str]] | Path, at: str = "2026-09-08", source: str = ""):
        """Receive rows (or a file) at a Shanghai time; returns the report."""
        from xinshu.collection.services import receive

        path = rows if isinstance(rows, Path) else self.file(rows)
        return receive(
            self.desk,
            path,
            item=self.desk.catalogue[item],
            source=source or self.source,
            received_at=parse_as_of(at),
        )

    def register(self, rows: Sequence[Mapping[str, str]], at: str = "2026-09-01"):
        """Load registrations."""
        return self.load("enterprise-registration", rows, at)

    def penalise(self, rows: Sequence[Mapping[str, str]], at: str = "2026-09-08"):
        """Load penalties."""
        return self.load("administrative-penalty", rows, at)


@cache
def _demo_profile(folder: Path):
    """Reference data and catalogue of the demo profile, read once in a test run."""
    chosen = open_profile("demo", folder)
    return Reference.load(chosen), load_catalogue(chosen)


@pytest.fixture
def world(database, tmp_path: Path, settings_with: Callable[..., object]) -> World:
    """An installation of the demo profile with nothing loaded."""
    return make_world(settings_with(home=tmp_path / "home", profile="demo"), tmp_path)


def make_world(settings, folder: Path) -> World:
    """A world on the database Django is connected to; `settings.home` is made."""
    settings.home.mkdir(exist_ok=True)
    reference, catalogue = _demo_profile(settings.profiles_dir)
    source = next(each.uscc for each in organisations() if each.name.endswith("A市生态环境局"))
    return World(Desk(settings, reference, dict(catalogue), Vault.open(settings.home)), folder, source)


def canonical(desk, *, batches: bool = False) -> list[str]:
    """The canonical lines of the store the desk works on."""
    import json

    from xinshu.catalogue.queries import item_numbers
    from xinshu.collection.canonical import canonical_batches
    from xinshu.records.canonical import canonical_records
    from xinshu.subjects.canonical import canonical_subjects

    names = {number: item for item, number in item_numbers().items()}
    lines = [*canonical_subjects(), *canonical_records(desk.vault, names)]
    if batches:
        lines += canonical_batches(desk.vault)
    return [json.dumps(line, ensure_ascii=False, sort_keys=True) for line in lines]


@pytest.fixture
def second_world(world: World, second_database, tmp_path: Path) -> Iterator[World]:
    """The same installation (and keys) on another, empty database; Django is turned to it."""
    from django.db import connections

    kept = connections["default"].settings_dict["NAME"]
    _turn(second_database.name)
    folder = tmp_path / "second"
    folder.mkdir()
    yield World(world.desk, folder, world.source)
    _turn(kept)


def _turn(name: str) -> None:
    from django.db import connections

    connections.close_all()
    for connection in connections.all():
        connection.settings_dict["NAME"] = name
