"""Reference lists the checks compare with: divisions, industries, organisations.

Files of a profile, base first, a later folder's rows replacing those of the same code:
`divisions.csv` (code,name,level,parent,status,successors, perhaps since,mark), `industries.csv`
(code,name,level,parent,section), `organisations.yaml`. Sources of the national lists: docs/catalogue.md (GB/T 2260, GB/T 4754-2017).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from xinshu.catalogue.errors import ReferenceInvalid
from xinshu.kernel.identifiers import Uscc
from xinshu.kernel.profiles import Profile

OrganisationLevel = Literal["nation", "province", "city", "county"]

_DIVISION_COLUMNS = ("code", "name", "level", "parent", "status", "successors")
_DIVISION_EXTRAS = ("since", "mark")
_INDUSTRY_COLUMNS = ("code", "name", "level", "parent", "section")
_ORGANISATION_KEYS = frozenset({"uscc", "name", "region", "level", "kind"})
_ORGANISATION_LEVELS = ("nation", "province", "city", "county")
_SINCE = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")


@dataclass(frozen=True, slots=True)
class Division:
    """A division of GB/T 2260. `level` 0 nation, 1 province, 2 city, 3 county; `parent` "" for retired ones.

    `since`: year or year and month in which a retired one was given up, "" where nobody has said.
    `mark`: where `since` or a corrected successor comes from (sourced, recalled, proposed).
    """

    code: str
    name: str
    level: int
    parent: str
    retired: bool
    successors: tuple[str, ...]
    since: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Divisions:
    """All divisions, in force and retired: a credit code keeps the region code in force at registration.

    `retired` maps a retired code to the codes that directly followed it (themselves perhaps retired, perhaps none).
    """

    by_code: dict[str, Division]
    in_force: frozenset[str]
    retired: dict[str, tuple[str, ...]]

    def known(self, code: str) -> bool:
        """Whether the code is in force or was."""
        return code in self.by_code

    def name(self, code: str) -> str:
        """The division's name, "" for an unknown code."""
        return self.by_code[code].name if code in self.by_code else ""

    def former(self, code: str) -> Division | None:
        """The division a retired code stood for (its name, successors, since when), None for any other code."""
        return self.by_code[code] if code in self.retired else None

    def parent(self, code: str) -> str:
        """The code one level up, "" at the top, for retired and for unknown codes."""
        return self.by_code[code].parent if code in self.by_code else ""

    def resolve(self, code: str) -> tuple[str, ...]:
        """The codes in force today for this code, sorted: itself, or those at the end of its chain of successors.

        Empty for an unknown code and for a chain that ends nowhere.
        """
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [code]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            if current in self.in_force:
                found.add(current)
            else:
                waiting += self.retired.get(current, ())
        return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class Industry:
    """A class of GB/T 4754. `level` 1 section (letter), 2 to 4 by number of digits; `section` its letter."""

    code: str
    name: str
    level: int
    parent: str
    section: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """A department that supplies or uses information. `region` is a GB/T 2260 code; `kind` what it does (tax).

    `uscc` is "" while its credit code is not known.
    """

    uscc: str
    name: str
    region: str
    level: OrganisationLevel
    kind: str


def load_divisions(profile: Profile) -> Divisions:
    """The divisions of the profile.

    Raises:
        ReferenceInvalid: a file lacks a column, or a row has a code that is not six digits, a level outside 0 to 3,
            another status, a `since` that is no year or month, or a successor nobody lists.
    """
    by_code: dict[str, Division] = {}
    for path in profile.every("divisions.csv"):
        for line, row in _rows(path, _DIVISION_COLUMNS, _DIVISION_EXTRAS):
            by_code[row["code"]] = _division(path, line, row)
    for each in by_code.values():
        for successor in each.successors:
            if successor not in by_code:
                raise ReferenceInvalid(
                    f"divisions.csv：{each.code} 的后继代码 {successor} 不存在", fix="补上该代码，或改正 successors"
                )
    in_force = frozenset(code for code, each in by_code.items() if not each.retired)
    retired = {code: each.successors for code, each in by_code.items() if each.retired}
    return Divisions(by_code, in_force, retired)


def load_industries(profile: Profile) -> dict[str, Industry]:
    """{code: industry} of the profile; sections are under their letter, other classes under their digits.

    Raises:
        ReferenceInvalid: a file lacks a column, or a row has a level outside 1 to 4 or no code.
    """
    industries: dict[str, Industry] = {}
    for path in profile.every("industries.csv"):
        for line, row in _rows(path, _INDUSTRY_COLUMNS):
            if not row["code"] or row["level"] not in {"1", "2", "3", "4"}:
                raise ReferenceInvalid(f"{path.name} 第{line}行：代码或级次有误", fix="级次为1至4，代码不能为空")
            industries[row["code"]] = Industry(
                row["code"], row["name"], int(row["level"]), row["parent"], row["section"]
            )
    return industries


def load_organisations(profile: Profile) -> tuple[Organisation, ...]:
    """The departments of the profile that have a credit code and so can supply information, in file order.

    A later folder's entry replaces one of the same code. Departments without a code: `awaiting_code`.

    Raises:
        ReferenceInvalid: not a list of {uscc, name, region, level, kind}, a credit code that is not right, or one
            twice in a file.
    """
    return tuple(each for each in _organisations(profile) if each.uscc)


def awaiting_code(profile: Profile) -> tuple[Organisation, ...]:
    """The departments the profile names without their credit code, in file order: known, but not yet suppliers.

    A profile made from public names leaves `uscc: ""`; the centre fills it in from the certificate.

    Raises:
        ReferenceInvalid: as `load_organisations`.
    """
    return tuple(each for each in _organisations(profile) if not each.uscc)


def _organisations(profile: Profile) -> tuple[Organisation, ...]:
    found: dict[str, Organisation] = {}
    for path in profile.every("organisations.yaml"):
        seen: set[str] = set()
        for number, entry in enumerate(_organisation_entries(path), start=1):
            organisation = _organisation(path, number, entry)
            identity = organisation.uscc or organisation.name
            if identity in seen:
                raise ReferenceInvalid(f"{path.name} 第{number}项：{identity} 重复", fix="每个单位只写一次")
            seen.add(identity)
            found[identity] = organisation
    return tuple(found.values())


def _rows(path: Path, columns: tuple[str, ...], extras: tuple[str, ...] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, {column: text}) of a CSV file with these columns in any order, and of `extras` all or none."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        if extras and set(extras) <= set(reader.fieldnames or ()):
            columns += extras
        if sorted(reader.fieldnames or ()) != sorted(columns):
            raise ReferenceInvalid(f"{path.name} 第1行：列名应为 {','.join(columns)}", fix="改正表头")
        try:
            for row in reader:
                if None in row or None in row.values():
                    raise ReferenceInvalid(
                        f"{path.name} 第{reader.line_num}行：列数与表头不符", fix="补齐或删去多余的列"
                    )
                yield reader.line_num, {column: (row[column] or "").strip() for column in columns}
        except (csv.Error, UnicodeDecodeError) as error:
            raise ReferenceInvalid(f"{path.name} 无法读取：{error}", fix="存为 UTF-8 编码的 CSV") from error


def _division(path: Path, line: int, row: dict[str, str]) -> Division:
    code, level, status = row["code"], row["level"], row["status"]
    right = len(code) == 6 and code.isascii() and code.isdigit() and level in {"0", "1", "2", "3"}
    if not right or status not in {"in_force", "retired"}:
        raise ReferenceInvalid(
            f"{path.name} 第{line}行：{code} 的代码、级次或状态有误",
            fix="代码为六位数字，级次为0至3，状态为 in_force 或 retired",
        )
    successors = tuple(part for part in row["successors"].split(";") if part)
    since = row.get("since", "")
    if since and (status != "retired" or not _SINCE.fullmatch(since)):
        raise ReferenceInvalid(
            f"{path.name} 第{line}行：{code} 的停用时间 {since} 有误", fix="只填已停用代码，写成 2013 或 2013-02"
        )
    return Division(
        code, row["name"], int(level), row["parent"], status == "retired", successors, since, row.get("mark", "")
    )


def _organisation_entries(path: Path) -> list[object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ReferenceInvalid(f"{path.name} 无法读取：{error}", fix="存为 UTF-8 编码的 YAML") from error
    entries = content.get("organisations") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise ReferenceInvalid(f"{path.name}：缺少 organisations 列表", fix="在 organisations: 下逐行列出单位")
    return entries


def _organisation(path: Path, number: int, entry: object) -> Organisation:
    place = f"{path.name} 第{number}项"
    if not isinstance(entry, dict) or set(entry) != _ORGANISATION_KEYS:
        raise ReferenceInvalid(f"{place}：应有且只有 uscc、name、region、level、kind", fix="补齐或删去多余的键")
    for key in sorted(_ORGANISATION_KEYS):
        if not isinstance(entry[key], str) or not (entry[key] or key == "uscc"):
            raise ReferenceInvalid(f"{place}：{key} 应为文字", fix="数字请加引号")
    if entry["level"] not in _ORGANISATION_LEVELS:
        raise ReferenceInvalid(f"{place}：level 不能是 {entry['level']}", fix="可用 nation、province、city、county")
    if entry["uscc"] and not Uscc.is_valid(entry["uscc"]):
        raise ReferenceInvalid(f"{place}：统一社会信用代码 {entry['uscc']} 有误", fix="核对18位代码和末位校验码")
    return Organisation(entry["uscc"], entry["name"], entry["region"], entry["level"], entry["kind"])
