"""A hundred malformed files end in a verdict within limits: a result, or a refusal with a reason in Chinese.

They go through the bounded process as in earnest. Nothing is written, and no reader process fails.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import malformed
import pytest

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.rulebook import Finding
from xinshu.collection.errors import FileRefused
from xinshu.collection.reader import ReadJob, Reference, read_checked
from xinshu.collection.reading import ReadLimits
from xinshu.kernel.profiles import open_profile

PROFILE = open_profile("demo", Path(__file__).parents[2] / "profiles")
HEAD = ["行政相对人名称", "行政处罚决定书文号", "违法事实", "罚款金额（万元）"]
ROWS = [[f"示例{n}有限公司", f"A环罚〔2026〕{n}号", "没有按照规定公示信息，责令改正", str(n)] for n in range(40)]
CASES = malformed.cases(HEAD, ROWS)
LIMITS = ReadLimits(32 << 20, 10_000, 300, 10_000, 64 << 20, 1 << 20)
MEMORY, SECONDS = 1 << 30, 20
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.load(PROFILE)


@pytest.fixture(scope="module")
def lenient() -> CatalogueItem:
    """The item of penalties asking for two columns only, so that short files get as far as they can."""
    item = load_catalogue(PROFILE)["administrative-penalty"]
    fields = (replace(each, required=each.title in HEAD[:2]) for each in item.fields)
    return replace(item, fields=tuple(fields), rules=())


def test_there_are_a_hundred_of_them():
    assert len({name for name, _, _ in CASES}) == len(CASES) >= 100


def verdict(job: ReadJob) -> tuple[int, tuple[Finding, ...]]:
    """Rows of the file, or why it was refused."""
    try:
        return sum(part.rows for part in read_checked(job)), ()
    except FileRefused as refused:
        return 0, refused.findings


@pytest.mark.parametrize(("name", "content"), [each[1:] for each in CASES], ids=[each[0] for each in CASES])
def test_every_file_ends_in_a_verdict(name, content, tmp_path, lenient, reference):
    path = tmp_path / name
    path.write_bytes(content)
    when = datetime(2026, 5, 20, tzinfo=UTC)
    job = ReadJob(path, lenient, reference, when, LIMITS, MEMORY, SECONDS, load=True)
    began = time.monotonic()
    rows, findings = verdict(job)
    assert 0 <= rows <= LIMITS.max_rows
    assert all(CHINESE.search(each.message) and CHINESE.search(each.fix) for each in findings)
    assert time.monotonic() - began < SECONDS
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert not Path("/tmp/xinshu-outside").exists()
