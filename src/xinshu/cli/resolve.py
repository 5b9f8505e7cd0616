"""`xinshu resolve`: match a list of organisations with the registry; what is only similar is a suggestion."""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import openpyxl
import typer
import xlsxwriter
from rich.table import Table
from rich.text import Text

from xinshu.bootstrap.installation import open_installation, require_migrated
from xinshu.catalogue.rulebook import printable
from xinshu.cli.screen import screen
from xinshu.kernel.errors import XinshuError
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.text import normalise_cell, normalise_name
from xinshu.project.environment import read_settings
from xinshu.subjects.matching import NameIndex, registry_rows
from xinshu.subjects.resolution import Answer, Asked, resolve_list
from xinshu.subjects.vocabulary import load_vocabulary

_NAME_TITLES = ("名称", "企业名称", "单位名称", "主体名称", "机构名称", "行政相对人名称", "公司名称", "name")
_CODE_TITLES = ("统一社会信用代码", "信用代码", "组织机构代码", "代码", "uscc", "code")
_DECISIONS = {"linked": "已匹配", "suggested": "建议，请人工核对", "none": "未匹配"}
_TITLES = ("行号", "名称", "代码", "结论", "统一社会信用代码", "匹配名称", "登记状态", "得分", "说明", "其他可能")
_ENCODINGS = ("utf-8-sig", "gb18030")
_SHOWN = 20
_LONGEST_NAME = 200


class ListUnusable(XinshuError):
    """A list cannot be read or has no column of names; the message says which and how to mend it."""

    code = "resolve.list_unusable"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("resolve", help="按名称和代码批量匹配主体；不能确定的只给建议")(_resolve)


def _resolve(
    file: Annotated[Path, typer.Argument(help="名单，CSV 或 XLSX，首行为列名", show_default=False)],
    name_column: Annotated[str, typer.Option("--name-column", help="名称列的列名，默认按常用列名查找")] = "",
    code_column: Annotated[str, typer.Option("--code-column", help="代码列的列名，默认按常用列名查找")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="结果写入的文件，CSV 或 XLSX")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> int:
    settings = read_settings()
    if out is not None and out.suffix.lower() not in {".csv", ".xlsx"}:
        raise ListUnusable(f"不能写成 {out.suffix or '没有扩展名的文件'}", fix="结果文件的扩展名用 .csv 或 .xlsx")
    numbers, lines = _lines(_read(file), name_column, code_column)
    if len(lines) > settings.file_max_rows:
        raise ListUnusable(f"共 {len(lines)} 行，超过 {settings.file_max_rows} 行", fix="分成几个文件")
    vocabulary = load_vocabulary(open_profile(settings.profile, settings.profiles_dir))
    with open_installation(settings):
        require_migrated()
        index = NameIndex(registry_rows(), vocabulary)
        answers = list(resolve_list(lines, index, processes=os.cpu_count() or 1))
    if out is not None:
        _write(out, list(_table(numbers, lines, answers)))
    counts = Counter(each.decision for each in answers)
    if as_json:
        typer.echo(json.dumps(_as_dict(file, out, numbers, lines, answers, counts), ensure_ascii=False))
    else:
        _show(file, out, numbers, lines, answers, counts)
    return 0


def _read(file: Path) -> list[list[str]]:
    """All rows as text, the heading first. Raises ListUnusable."""
    if not file.is_file():
        raise ListUnusable(f"没有文件 {printable(file.name)}", fix="检查文件名和路径")
    suffix = file.suffix.lower()
    if suffix == ".xlsx":
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            sheet = book.worksheets[0]
            rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
            book.close()
        except Exception as problem:  # whatever the reader trips over, the file is no usable workbook
            raise ListUnusable(
                f"{printable(file.name)} 不是可用的工作簿", fix="在电子表格软件中打开，另存为 XLSX"
            ) from problem
        return rows
    if suffix not in {".csv", ".txt"}:
        raise ListUnusable(f"不支持 {suffix or '没有扩展名'} 的名单", fix="另存为 CSV 或 XLSX")
    raw = file.read_bytes()
    for encoding in _ENCODINGS:
        try:
            return list(csv.reader(io.StringIO(raw.decode(encoding), newline=""), strict=True))
        except UnicodeDecodeError:
            continue
        except csv.Error as problem:
            raise ListUnusable(f"{printable(file.name)} 的引号不成对：{problem}", fix="重新导出 CSV") from problem
    raise ListUnusable(f"{printable(file.name)} 的编码无法识别", fix="另存为 UTF-8 或 GB18030 编码的 CSV")


def _lines(rows: Sequence[Sequence[str]], name: str, code: str) -> tuple[list[int], list[Asked]]:
    """(row numbers as the spreadsheet shows them, what is asked); blank rows are left out."""
    if not rows:
        raise ListUnusable("名单是空的", fix="第一行写列名，其下每行一个单位")
    heading = [normalise_name(normalise_cell(cell)) for cell in rows[0]]
    names = _column(heading, name, _NAME_TITLES)
    codes = _column(heading, code, _CODE_TITLES)
    if names is None:
        found = "、".join(printable(cell) for cell in rows[0] if cell) or "没有列名"
        raise ListUnusable(f"第 1 行没有名称列（有：{found[:200]}）", fix="用 --name-column 写出名称列的列名")
    numbers, lines = [], []
    for number, row in enumerate(rows[1:], start=2):
        cells = [
            row[place].replace("\0", "") if place is not None and place < len(row) else "" for place in (names, codes)
        ]
        if len(cells[0]) > _LONGEST_NAME:
            raise ListUnusable(f"第 {number} 行的名称超过 {_LONGEST_NAME} 个字", fix="检查是否选错了列，或引号不成对")
        if any(normalise_cell(cell) for cell in cells):
            numbers.append(number)
            lines.append(Asked(cells[0], cells[1]))
    return numbers, lines


def _column(heading: Sequence[str], given: str, usual: Sequence[str]) -> int | None:
    """The place of a column by the title given, or by its usual titles. Raises ListUnusable for one that is not there."""
    for title in (given,) if given else usual:
        if (wanted := normalise_name(normalise_cell(title))) in heading:
            return heading.index(wanted)
    if given:
        raise ListUnusable(f"名单没有列“{printable(given)}”", fix="核对列名，列名在第一行")
    return None


def _table(
    numbers: Sequence[int], lines: Sequence[Asked], answers: Sequence[Answer]
) -> Iterator[list[str | int | float]]:
    yield list(_TITLES)
    for number, line, answer in zip(numbers, lines, answers, strict=True):
        best = answer.best
        found = [best.uscc, best.name, best.status, best.score] if best is not None else ["", "", "", ""]
        others = "；".join(f"{each.name}（{each.uscc}，{each.score:.2f}）" for each in answer.candidates[1:])
        yield [number, line.name, line.code, _DECISIONS[answer.decision], *found, answer.words, others]


def _write(out: Path, table: Sequence[Sequence[str | int | float]]) -> None:
    try:
        if out.suffix.lower() == ".xlsx":
            with xlsxwriter.Workbook(str(out), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
                sheet = book.add_worksheet("匹配结果")
                for place, row in enumerate(table):
                    sheet.write_row(place, 0, row)
                sheet.freeze_panes(1, 0)
            return
        with out.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, lineterminator="\r\n").writerows([_harmless(cell) for cell in row] for row in table)
    except OSError as problem:
        raise ListUnusable(f"不能写入 {out}：{problem.strerror}", fix="检查文件夹是否存在、是否可写") from problem


def _harmless(cell: str | int | float) -> str | int | float:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


def _as_dict(
    file: Path,
    out: Path | None,
    numbers: Sequence[int],
    lines: Sequence[Asked],
    answers: Sequence[Answer],
    counts: Counter[Any],
) -> dict[str, Any]:
    return {
        "file": file.name,
        "lines": len(lines),
        **{decision: counts[decision] for decision in _DECISIONS},
        "out": None if out is None else str(out),
        "results": [
            {
                "row": number,
                "name": line.name,
                "code": line.code,
                **answer._asdict(),
                "candidates": [each._asdict() for each in answer.candidates],
            }
            for number, line, answer in zip(numbers, lines, answers, strict=True)
        ],
    }


def _show(
    file: Path,
    out: Path | None,
    numbers: Sequence[int],
    lines: Sequence[Asked],
    answers: Sequence[Answer],
    counts: Counter[Any],
) -> None:
    console = screen()
    words = "，".join(f"{_DECISIONS[decision]} {counts[decision]} 行" for decision in _DECISIONS)
    console.print(f"{printable(file.name)}：{len(lines)} 行，{words}")
    table = Table("行号", "名称", "结论", "匹配名称", "得分", "说明")
    for number, line, answer in list(zip(numbers, lines, answers, strict=True))[:_SHOWN]:
        best = answer.best
        cells = (best.name, f"{best.score:.2f}") if best is not None else ("", "")
        texts = (str(number), line.name, _DECISIONS[answer.decision], *cells, answer.words)
        table.add_row(*(Text(printable(each)) for each in texts))
    console.print(table)
    if len(lines) > _SHOWN:
        console.print(f"只列出前 {_SHOWN} 行" + ("" if out is not None else "，用 --out 写出全部结果"))
    if out is not None:
        console.print(f"结果：{out}", soft_wrap=True)
