"""A result as rows: what CSV and workbook write, and how such rows are read back when a copy has leaked."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from xinshu.disclosure.domain import Disclosed, Fact, Outcome, Result
from xinshu.disclosure.watermark import check_number, in_order_of
from xinshu.kernel.clock import SHANGHAI
from xinshu.kernel.text import INVISIBLE
from xinshu.security.sealing import Vault

HEADINGS = ("主体代码", "主体名称", "查询结果", "事项", "事件日期", "来源单位", "入库日期", "内容", "核对号")
OUTCOMES = {Outcome.DISCLOSED: "已查询", Outcome.NONE_FOUND: "未查到", Outcome.UNAUTHORISED: "未授权"}
# What a spreadsheet may run: the signs in both widths, after blanks and invisible characters too.
_FORMULA = re.compile(f"(?:[\\s\\x00-\\x20{INVISIBLE}]*[=+\\-@＝＋－＠]|[\\x00\\t\\r\\n])")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,8})?")
_CUT = 32_000  # characters a cell of a workbook may hold, with room for the apostrophe


@dataclass(frozen=True, slots=True)
class Wearer:
    """Whose copy it is: what stands visibly on it."""

    mark: str
    ticket: str
    unit: str
    person: str
    at: datetime
    purpose: str

    @property
    def line(self) -> str:
        """The visible watermark in one line."""
        moment = f"{self.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        return f"{self.unit} {self.person} {moment} 查询编号 {self.ticket} 水印 {self.mark}"


def harmless(cell: str) -> str:
    """The cell as no spreadsheet takes it for a formula: an apostrophe before it; plain numbers stay numbers."""
    text = cell[:_CUT]
    return text if _NUMBER.fullmatch(text) or not _FORMULA.match(text) else f"'{text}"


def rows_of(result: Result, mark: str, vault: Vault) -> Iterator[tuple[str, ...]]:
    """The data rows of a copy: subjects in its order, a row for each record, one row for a subject without records."""
    for subject in in_order_of(vault, mark, result.subjects):
        for fact in subject.facts or (None,):
            cells = tuple(harmless(cell) for cell in _cells(subject, fact))
            yield (*cells, check_number(vault, mark, cells))


def _cells(subject: Disclosed, fact: Fact | None) -> tuple[str, ...]:
    outcome = OUTCOMES[subject.outcome]
    if fact is None:
        withheld = f"未授权的事项：{'、'.join(subject.withheld)}" if subject.withheld else ""
        return (subject.code, subject.name, outcome, "", "", "", "", withheld)
    content = "；".join(f"{each.title}：{each.value}" for each in fact.cells)
    day = "" if fact.event_date is None else fact.event_date.isoformat()
    return (subject.code, subject.name, outcome, fact.title, day, fact.source, fact.received_on.isoformat(), content)


def as_csv(result: Result, wearer: Wearer, vault: Vault) -> bytes:
    """UTF-8 with its mark, CRLF; what was not checked and the watermark stand in the tail."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows(rows_of(result, wearer.mark, vault))
    writer.writerow([f"本次核查：{'、'.join(result.checked)}"])
    writer.writerow([f"未核查：{'、'.join(result.not_checked)}"])
    writer.writerow([wearer.line])
    return buffer.getvalue().encode("utf-8-sig")


def read_rows(content: bytes) -> list[Sequence[str]]:
    """The data rows of a leaked CSV, whatever is left of its head and tail; empty where none has the columns of ours,
    and for what is no CSV."""
    text = content.decode("utf-8-sig", errors="replace")
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if len(row) in {len(HEADINGS), len(HEADINGS) - 1}]
    except csv.Error:
        return []
    return [row for row in rows if row[0] != HEADINGS[0]]
