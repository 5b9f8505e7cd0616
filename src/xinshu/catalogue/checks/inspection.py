"""What is wrong with one value: the scalar half of the checks, and the only place where a cell rule is written.

Some problems depend on the rest of the row (is the field required here? is the counterpart a natural person?). They are
reported as candidates and kept or dropped by `catalogue.checks.context`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Self

import numpy as np
import numpy.typing as npt

from xinshu.catalogue.domain import CODE_KINDS, TEXT_KINDS, ItemField
from xinshu.catalogue.reference import Divisions
from xinshu.kernel.identifiers import CitizenId, InvalidIdentifier, OrgCode, RegNo, Uscc
from xinshu.kernel.text import has_full_width_alnum, is_garbled, is_placeholder, normalise_cell
from xinshu.security.masking import mask

INDIVIDUAL_BUSINESS_LIMIT = Decimal(10_000)  # 万元; amount.unit, rules.md section 2.4 [proposed]
UNUSUAL_TIMES = 100  # amount.unit: times the usual amount, rules.md section 2.4 [proposed]

NUMBER_MARK = "\ue000"  # put by the reader before a long number that a workbook or JSON file stores as a number
CELL_ERROR = re.compile(  # what a spreadsheet shows where a formula failed
    r"#(?:DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|GETTING_DATA|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!)"
    r"|Err:5[0-9]{2}"
)
UNCALCULATED = NUMBER_MARK + "="  # put by the reader for a formula that was never calculated
NUMBER_LENGTH = 30  # characters of a number; longer ones are no amounts of anything

_WRITTEN_CODES = frozenset({"uscc", "org_code", "reg_no", "id_number", "other_no", "document_no"})
_LONG_CODES = (CODE_KINDS - {"year", "month"}) | {"document_no"}
_DATE_FORMS = (
    re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})"),
    re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"),
    re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"),
)
_MIDNIGHT = re.compile(r"[ T]0{1,2}:00(:00(\.0+)?)?$")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[Ee]\+?[0-9]{2,}")
_MARKED = re.compile(NUMBER_MARK + r"(-?[0-9][0-9.eE+-]*)")
_NUMBER = re.compile(r"[+-]?([0-9]+(,[0-9]{3})*|[0-9]+)(\.[0-9]+)?")
_YEAR = re.compile(r"(19[0-9]{2}|20[0-9]{2}|2100)年?")
_MONTH = re.compile(r"(19[0-9]{2}|20[0-9]{2}|2100)(?:(0[1-9]|1[0-2])|[-/.年](0?[1-9]|1[0-2])月?)")
_DOCUMENT_YEAR = re.compile(r"[〔［【\[(（]\s*(?:18|19|20)[0-9]{2}\s*年?[〕］】\])）][^0-9]{0,6}[0-9]")
_PARTS = re.compile(r"[;；]")
_OPEN_VALUE = re.compile(r"(.+?)[-—－:：](.+)")
_CITIZEN_ID = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<![0-9A-Za-z])1[3-9][0-9]{9}(?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ \-]?[0-9]){15,18}(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that a value breaks, with the arguments its message needs."""

    rule: str
    arguments: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inspection:
    """The value as it will be kept, and its problems in order (at most one that is not a warning)."""

    value: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What inspection needs besides the value: the Shanghai day of receipt and the reference data."""

    today: date
    industries: frozenset[str]
    region_table: npt.NDArray[np.bool_]  # for each six-digit number whether it is or was a region

    @classmethod
    def of(cls, today: date, divisions: Divisions, industries: Iterable[str]) -> Self:
        """Facts for one day."""
        return cls(today, frozenset(industries), region_table(divisions))

    def known_region(self, code: str) -> bool:
        """Whether a code is a region's, in force or retired."""
        return len(code) == 6 and code.isascii() and code.isdigit() and bool(self.region_table[int(code)])


def region_table(divisions: Divisions) -> npt.NDArray[np.bool_]:
    """Answers "known?" for all six-digit numbers at once."""
    table = np.zeros(1_000_000, dtype=np.bool_)
    table[[int(code) for code in divisions.by_code]] = True
    return table


def inspect(item_field: ItemField, text: str, facts: Facts) -> Inspection:
    """Judge one filled cell. An empty or blank text gives an empty value and no problem."""
    if marked := _MARKED.fullmatch(text):
        text = marked[1]
        if item_field.kind in _WRITTEN_CODES:
            return Inspection(text, (Problem("code.as_number"),))
    if text == UNCALCULATED:
        return Inspection(text.removeprefix(NUMBER_MARK), (Problem("cell.uncalculated"),))
    value = normalise_cell(text)
    if not value:
        return Inspection("")
    if CELL_ERROR.fullmatch(value):
        return Inspection(value, (Problem("cell.error"),))
    warnings = (Problem("text.width"),) if has_full_width_alnum(text) else ()
    if item_field.kind in _LONG_CODES and _SCIENTIFIC.fullmatch(value):
        return Inspection(value, (*warnings, Problem("code.as_number")))
    if is_garbled(value):
        return Inspection(value, (*warnings, Problem("text.garbled")))
    judged = _BY_KIND.get(item_field.kind, _plain)(item_field, value, facts)
    if item_field.kind in TEXT_KINDS and is_placeholder(value):
        # Kept only where the field is required in this row; otherwise the value is judged like any other.
        return Inspection(judged.value, (*warnings, Problem("text.placeholder"), *judged.problems))
    return Inspection(judged.value, (*warnings, *judged.problems))


def parse_date(text: str) -> date | None:
    """The date in one of the accepted spellings (yyyy/MM/dd, yyyy-M-d, yyyy年M月d日), or None."""
    trimmed = _MIDNIGHT.sub("", text)
    for form in _DATE_FORMS:
        if found := form.fullmatch(trimmed):
            try:
                return date(*(int(part) for part in found.groups()))
            except ValueError:
                return None
    return None


def _plain(item_field: ItemField, value: str, _facts: Facts) -> Inspection:
    if item_field.max_length is not None and len(value) > item_field.max_length:
        return Inspection(value, (Problem("length", {"found": len(value), "limit": item_field.max_length}),))
    return Inspection(value)


def _text(item_field: ItemField, value: str, facts: Facts) -> Inspection:
    judged = _plain(item_field, value, facts)
    if judged.problems or item_field.access != "public":
        return judged
    kinds = personal_data(value)
    return Inspection(value, (Problem("text.personal_data", {"reason": "、".join(kinds)}),)) if kinds else judged


def personal_data(text: str) -> list[str]:
    """Kinds of personal number found in a text: 公民身份号码, 手机号码, 银行卡号; each at most once."""
    ids = {found.group() for found in _CITIZEN_ID.finditer(text) if CitizenId.is_valid(found.group())}
    cards = {found.group() for found in _CARD.finditer(text)} - ids
    kinds = {
        "公民身份号码": bool(ids),
        "手机号码": _PHONE.search(text) is not None,
        "银行卡号": any(_luhn(re.sub(r"[ \-]", "", each)) for each in cards),
    }
    return [kind for kind, found in kinds.items() if found]


def hide_personal_numbers(text: str) -> str:
    """The text with every citizen id and mobile number masked: they also turn up in columns that ask for other codes."""
    text = _CITIZEN_ID.sub(
        lambda found: (
            mask(found[0], "id") if CitizenId.is_valid(found[0]) and not Uscc.is_valid(found[0]) else found[0]
        ),
        text,
    )
    return _PHONE.sub(lambda found: mask(found[0], "phone"), text)


def _luhn(digits: str) -> bool:
    doubled = [int(char) * (2 if place % 2 else 1) for place, char in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _document_no(item_field: ItemField, value: str, facts: Facts) -> Inspection:
    judged = _plain(item_field, value, facts)
    if judged.problems or _DOCUMENT_YEAR.search(value):
        return judged
    return Inspection(value, (Problem("document_no.shape"),))


def _date(item_field: ItemField, value: str, facts: Facts) -> Inspection:
    found = parse_date(value)
    if found is None:
        return Inspection(value, (Problem("date.format"),))
    if item_field.past_only and found > facts.today:
        return Inspection(found.isoformat(), (Problem("date.future", {"date": facts.today.isoformat()}),))
    return Inspection(found.isoformat())


def _year(_field: ItemField, value: str, _facts: Facts) -> Inspection:
    if _YEAR.fullmatch(value):
        return Inspection(value[:4])
    return Inspection(value, (Problem("date.format"),))


def _month(_field: ItemField, value: str, _facts: Facts) -> Inspection:
    """202604, 2026-4, 2026/04, 2026年4月 → 202604."""
    if found := _MONTH.fullmatch(value):
        return Inspection(f"{found[1]}{found[2] or found[3]:0>2}")
    return Inspection(value, (Problem("date.format"),))


def _amount(item_field: ItemField, value: str, _facts: Facts) -> Inspection:
    if len(value) > NUMBER_LENGTH or not _NUMBER.fullmatch(value):
        return Inspection(value, (Problem("number.format"),))
    number = Decimal(value.replace(",", ""))
    plain = canonical_number(number)
    if number < 0:
        return Inspection(plain, (Problem("number.negative"),))
    mended = canonical_number(number / 10_000)
    if item_field.usual_amount is not None:
        usual = Decimal(str(item_field.usual_amount))
        if number >= usual * UNUSUAL_TIMES:
            reason = f"是该项通常金额的 {int(number / usual)} 倍"
            return Inspection(plain, (Problem("amount.unit", {"reason": reason, "expected": mended}),))
    if item_field.kind == "amount" and number >= INDIVIDUAL_BUSINESS_LIMIT:
        reason = "个体工商户达到 10000 万元以上"
        return Inspection(plain, (Problem("amount.unit.individual", {"reason": reason, "expected": mended}),))
    return Inspection(plain)


def canonical_number(number: Decimal) -> str:
    """Plain decimal digits without trailing zeros: 2.50 → 2.5, 1E+2 → 100."""
    if not number:
        return "0"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _uscc(_field: ItemField, value: str, facts: Facts) -> Inspection:
    upper = value.upper()
    if upper == Uscc.PLACEHOLDER:  # kept only where the field does not allow it in this row
        return Inspection(upper, (Problem("uscc.placeholder", {"expected": "0"}),))
    try:
        code = Uscc.parse(upper)
    except InvalidIdentifier as problem:
        if problem.reason == "category":
            return Inspection(upper, (Problem("uscc.category", {"found": upper[:2]}),))
        if problem.reason == "shape":
            return Inspection(upper, (Problem("uscc.shape"),))
        return Inspection(upper, (Problem("uscc.check_character", {"expected": problem.expected or ""}),))
    region = code.value[2:8]
    if not facts.known_region(region):
        return Inspection(code.value, (Problem("uscc.region", {"found": region}),))
    return Inspection(code.value)


def _org_code(_field: ItemField, value: str, _facts: Facts) -> Inspection:
    try:
        return Inspection(OrgCode.parse(value).value)
    except InvalidIdentifier as problem:
        reason = "应为 8 位数字或字母加 1 位校验位"
        if problem.reason == "check_character":
            reason = f"末位校验位应为 {problem.expected}"
        return Inspection(value.upper(), (Problem("org_code.check_character", {"reason": reason}),))


def _reg_no(_field: ItemField, value: str, _facts: Facts) -> Inspection:
    try:
        return Inspection(RegNo.parse(value).value)
    except InvalidIdentifier as problem:
        if Uscc.is_valid(value):  # many systems write the USCC where the old number was
            return Inspection(value.upper())
        reason = "应为 15 位数字"
        if problem.reason == "check_digit":
            reason = f"末位校验位应为 {problem.expected}"
        return Inspection(value, (Problem("reg_no.check_digit", {"reason": reason}),))


def _id_number(_field: ItemField, value: str, facts: Facts) -> Inspection:
    try:
        return Inspection(CitizenId.parse(value, today=facts.today).value)
    except InvalidIdentifier as problem:
        rules = {"shape": "id_number.shape", "birth_date": "id_number.birth_date"}
        return Inspection(value.upper(), (Problem(rules.get(problem.reason, "id_number.check_digit")),))


def _region(_field: ItemField, value: str, facts: Facts) -> Inspection:
    if facts.known_region(value):
        return Inspection(value)
    return Inspection(value, (Problem("code_list", {"expected": "GB/T 2260 行政区划代码（六位）"}),))


def _industry(_field: ItemField, value: str, facts: Facts) -> Inspection:
    code = value.upper()
    section, digits = code[:1], code[1:]
    if code in facts.industries or (section.isalpha() and {section, digits} <= facts.industries):
        return Inspection(code)
    return Inspection(code, (Problem("code_list", {"expected": "GB/T 4754—2017 行业代码"}),))


def _code(item_field: ItemField, value: str, _facts: Facts) -> Inspection:
    known = _listed(item_field, value)
    return Inspection(value, (_not_listed(item_field),)) if known is None else Inspection(known)


def _codes(item_field: ItemField, value: str, _facts: Facts) -> Inspection:
    # A listed value may itself hold a separator (伪造证据、暴力……), and so may the supplement of 其他-…, but not a ；.
    exact = _value_map(item_field).get(value)
    known: list[str | None] = [exact] if exact is not None else []
    for part in [] if exact is not None else _filled(_PARTS.split(value)):
        whole = _listed(item_field, part)
        known += [whole] if whole is not None else [_listed(item_field, each) for each in _filled(part.split("、"))]
    if not known or any(each is None for each in known):
        return Inspection(value, (_not_listed(item_field),))
    return Inspection("；".join(each for each in known if each is not None))


def _filled(parts: list[str]) -> list[str]:
    return [part.strip() for part in parts if part.strip()]


def _not_listed(item_field: ItemField) -> Problem:
    values = [each.value for each in item_field.values]
    shown = "、".join(values[:12]) + (f" 等 {len(values)} 项" if len(values) > 12 else "")
    return Problem("code_list", {"expected": shown})


def _listed(item_field: ItemField, value: str) -> str | None:
    values = _value_map(item_field)
    if value in values:
        return values[value]
    if item_field.open_values and (found := _OPEN_VALUE.fullmatch(value)) and found.group(1) in values:
        return f"{values[found.group(1)]}-{found.group(2)}"
    return None


@lru_cache(maxsize=2048)
def _value_map(item_field: ItemField) -> dict[str, str]:
    known = {each.value: each.value for each in item_field.values}
    return {alias: each.value for each in item_field.values for alias in each.aliases} | known


_BY_KIND: dict[str, Callable[[ItemField, str, Facts], Inspection]] = {
    "text": _text,
    "document_no": _document_no,
    "date": _date,
    "year": _year,
    "month": _month,
    "amount": _amount,
    "number": _amount,
    "uscc": _uscc,
    "org_code": _org_code,
    "reg_no": _reg_no,
    "id_number": _id_number,
    "region": _region,
    "industry": _industry,
    "code": _code,
    "codes": _codes,
}


def as_cell_text(value: object) -> str:
    """A typed workbook or JSON cell as text: numbers as a spreadsheet shows them (at most 15 digits, no exponent, no
    `.0`), dates as ISO, booleans as 是/否."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and isfinite(value):
        return canonical_number(Decimal(f"{value:.15g}"))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
