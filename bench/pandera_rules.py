"""The rules of a catalogue item as a pandera schema (Polars backend): the peer of `make bench`'s line "check".

Everything is derived from the item (required fields, code lists, lengths, row rules, key, deadline) and from the patterns of
`catalogue.checks.inspection` and `kernel.text`; what pandera cannot say in expressions (check digits) is NumPy over the
bytes of the column, the quickest way known to us. Validation is lazy: every failure case of every row is collected.

Where its bad rows differ from ours, on purpose, since it would only make the peer slower:
- values are judged as they stand: outer white space, invisible characters and the alternative brackets of a document
  number in a natural key are not normalised, so a padded value is bad here and mended by us, and a copy written with
  other brackets or in another letter case is not found;
- a row that is bad for another reason is not left out when duplicates are looked for: the copy of a bad row is a
  duplicate here and the first good one for us;
- a row with too many or too few cells is cut or filled up by `pl.read_csv`: only ours says so (`row.shape`);
- garbled text is looked for with the pattern alone, and a required cell of blanks only is not empty.
On the bench's file (2 % planted errors) the rows found are the same but for the misshapen ones; `bench.checking` prints the
agreement. The peer words no messages, masks nothing and numbers rows by index only; ours does, so the line is in the peer's favour.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import reduce
from operator import or_
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData
from pandera.errors import SchemaErrors

from xinshu.catalogue.checks import CheckContext, inspection
from xinshu.catalogue.checks.context import CITIZEN_ID_TYPES
from xinshu.catalogue.checks.keys import COUNTERPART
from xinshu.catalogue.domain import CatalogueItem, Condition, ItemField, RowRule
from xinshu.kernel.identifiers import (
    CITIZEN_ID_CHECK_CHARACTERS,
    CITIZEN_ID_WEIGHTS,
    ORG_CODE_ALPHABET,
    ORG_CODE_WEIGHTS,
    USCC_ALPHABET,
    USCC_CATEGORIES,
    USCC_WEIGHTS,
    CitizenId,
    OrgCode,
    RegNo,
    Uscc,
)
from xinshu.kernel.text import FULL_WIDTH_ALNUM_PATTERN, GARBLED_PATTERN, PLACEHOLDER_PATTERN

Mask = npt.NDArray[np.bool_]

_HEADING_ROWS = 2  # the row of the spreadsheet that index 0 stands in
_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日")
_LONGEST_WAIT = 60  # days back from the day of receipt in which the first day still on time is looked for
_LOOK_AROUND = re.compile(r"\(\?(?:<!|!)\[[^]]*]\)")
_TEXT_TESTS = {
    "garbled": f"{GARBLED_PATTERN}|^(?:{inspection.CELL_ERROR.pattern})$",
    "width": FULL_WIDTH_ALNUM_PATTERN,
}


def bad_rows(file: Path, item: CatalogueItem, context: CheckContext) -> pl.DataFrame:
    """Read the file and validate it. Returns the failure cases: column, check, row as the spreadsheet shows it."""
    rows = pl.read_csv(file, infer_schema=False, truncate_ragged_lines=True)
    codes = {each.title: each.code for each in item.fields}
    rows = rows.rename({title: codes[title] for title in rows.columns})
    try:
        schema(item, rows.columns, context).validate(_typed(item, rows), lazy=True)
    except SchemaErrors as found:
        cases: pl.DataFrame = found.failure_cases
        return cases.select("column", "check", (pl.col("index") + _HEADING_ROWS).alias("row"))
    return pl.DataFrame(schema={"column": pl.String, "check": pl.String, "row": pl.Int32})


def schema(item: CatalogueItem, columns: Iterable[str], context: CheckContext) -> pa.DataFrameSchema:
    """The schema of a file with these columns (codes). Rules about a column the file has not are left out."""
    present = [item.field(code) for code in columns]
    checks = {each.code: _cell_checks(each, item, context) for each in present}
    for rule in item.rules:
        for code, check in _row_checks(rule, item):
            if code in checks:
                checks[code].append(check)
    roles = item.roles
    if roles.document_no is not None:
        checks[roles.document_no].append(_holds("duplicate", pl.struct(_key(item)).is_first_distinct()))
    if roles.event_date is not None and context.due is not None:
        checks[roles.event_date].append(_holds("late", _day(roles.event_date) >= _first_on_time(context)))
    if roles.source_code is not None and context.supplier:
        checks[roles.source_code].append(pa.Check.isin([context.supplier]))
    return pa.DataFrameSchema(
        {each.code: pa.Column(pl.String, checks[each.code], nullable=not each.required) for each in present}
    )


# -- what columns are compared as -------------------------------------------------------------------------------------


def _typed(item: CatalogueItem, rows: pl.DataFrame) -> pl.DataFrame:
    """Dates and numbers parsed once, beside the text: `CODE/day`, `CODE/number`."""
    fields = [item.field(code) for code in rows.columns]
    return rows.with_columns(
        *(
            pl.coalesce(pl.col(each.code).str.to_date(form, strict=False) for form in _DATE_FORMATS).alias(
                f"{each.code}/day"
            )
            for each in fields
            if each.kind == "date"
        ),
        *(
            pl.col(each.code)
            .str.replace_all(",", "", literal=True)
            .cast(pl.Float64, strict=False)
            .alias(f"{each.code}/number")
            for each in fields
            if each.kind in {"amount", "number"}
        ),
    )


def _day(code: str) -> pl.Expr:
    return pl.col(f"{code}/day")


def _number(code: str) -> pl.Expr:
    return pl.col(f"{code}/number")


def _holds(name: str, condition: pl.Expr) -> pa.Check:
    """A check that passes where the condition is true; a null passes too, as for empty cells."""
    return pa.Check(lambda data: data.lazyframe.select(condition), name=name)


def _judged(name: str, judge: Callable[[pl.Series], Mask]) -> pa.Check:
    """A check of filled cells by a function over the column."""

    def run(data: PolarsData) -> pl.LazyFrame:
        cells = data.lazyframe.select(data.key).collect().to_series()
        places = np.flatnonzero(cells.is_not_null().to_numpy())
        passed = np.ones(len(cells), dtype=np.bool_)
        if len(places):
            passed[places] = judge(cells.gather(places))
        return pl.LazyFrame({"passed": passed})

    return pa.Check(run, name=name)


# -- one cell -----------------------------------------------------------------------------------------------------------


def _cell_checks(each: ItemField, item: CatalogueItem, context: CheckContext) -> list[pa.Check]:
    cell = pl.col(each.code)
    found = [_holds(name, ~cell.str.contains(pattern)) for name, pattern in _TEXT_TESTS.items()]
    if each.max_length is not None and each.kind in {"text", "name", "document_no", "other_no"}:
        found.append(pa.Check.str_length(max_value=each.max_length))
    if each.kind in {"text", "name", "document_no"}:
        asked = _asked(each, item)
        if asked is not None:
            found.append(_holds("placeholder", ~cell.str.contains(PLACEHOLDER_PATTERN) | ~asked))
    return found + _BY_KIND.get(each.kind, _nothing)(each, item, context)


def _nothing(_field: ItemField, _item: CatalogueItem, _context: CheckContext) -> list[pa.Check]:
    return []


def _personal_numbers(each: ItemField, _item: CatalogueItem, _context: CheckContext) -> list[pa.Check]:
    """A public text holds no number of a person: candidates by the patterns, the few of them by the function."""
    if each.access != "public":
        return []
    parts = (inspection._CITIZEN_ID, inspection._PHONE, inspection._CARD)
    likely = "|".join(_LOOK_AROUND.sub("", part.pattern) for part in parts)

    def judge(cells: pl.Series) -> Mask:
        places = np.flatnonzero(cells.str.contains(likely).to_numpy())
        passed = np.ones(len(cells), dtype=np.bool_)
        passed[places] = [not inspection.personal_data(text) for text in cells.gather(places).to_list()]
        return passed

    return [_judged("personal_data", judge)]


def _document_no(each: ItemField, _item: CatalogueItem, _context: CheckContext) -> list[pa.Check]:
    return [_holds("shape", pl.col(each.code).str.contains(inspection._DOCUMENT_YEAR.pattern))]


def _code_list(each: ItemField, _item: CatalogueItem, _context: CheckContext) -> list[pa.Check]:
    known = [text for value in each.values for text in (value.value, *value.aliases)]
    if each.kind == "code" and not each.open_values:
        return [pa.Check.isin(known)]
    one = "(?:" + "|".join(re.escape(text) for text in sorted(known, key=len, reverse=True)) + ")"
    if each.open_values:
        one += r"(?:[-—－–:：][^;；]+)?"
    shape = rf"^\s*{one}\s*(?:[;；、]\s*{one}\s*)*$" if each.kind == "codes" else f"^{one}$"
    return [_holds("code_list", pl.col(each.code).str.contains(shape))]


def _date(each: ItemField, _item: CatalogueItem, context: CheckContext) -> list[pa.Check]:
    found = [_holds("date", _day(each.code).is_not_null() | pl.col(each.code).is_null())]
    if each.past_only:
        found.append(_holds("future", _day(each.code) <= context.facts.today))
    return found


def _amount(each: ItemField, item: CatalogueItem, _context: CheckContext) -> list[pa.Check]:
    form = f"^(?:{inspection._NUMBER.pattern})$"
    found = [
        _holds("number", pl.col(each.code).str.contains(form)),
        _holds("negative", _number(each.code) >= 0),
    ]
    kind = item.roles.counterpart_kind
    limit = pl.lit(float("inf"))
    if each.kind == "amount" and kind is not None:
        individual = pl.col(kind) == "个体工商户"
        limit = pl.when(individual).then(float(inspection.INDIVIDUAL_BUSINESS_LIMIT)).otherwise(limit)
    if each.usual_amount is not None:
        limit = pl.min_horizontal(limit, pl.lit(each.usual_amount * inspection.UNUSUAL_TIMES))
    return [*found, _holds("unit", _number(each.code) < limit)]


def _uscc(each: ItemField, _item: CatalogueItem, context: CheckContext) -> list[pa.Check]:
    cell = pl.col(each.code)
    shape = f"^(?:{'|'.join(USCC_CATEGORIES)})[0-9]{{6}}[{USCC_ALPHABET}]{{10}}$"
    regions = [f"{number:06}" for number in np.flatnonzero(context.facts.region_table).tolist()]
    checks = [_holds("shape", cell.str.contains(shape)), _holds("region", cell.str.slice(2, 6).is_in(regions))]
    if each.placeholder_code_when:
        free = (cell == Uscc.PLACEHOLDER) & _when(each.placeholder_code_when)
        checks = [
            _holds("shape", cell.str.contains(shape) | free),
            _holds("region", cell.str.slice(2, 6).is_in(regions) | free),
        ]
    values = _values(USCC_ALPHABET)
    weights = np.asarray(USCC_WEIGHTS, dtype=np.int32)

    def judge(cells: pl.Series) -> Mask:
        passed, places, characters = _characters(cells, 18)
        passed[places] = np.mod(-(values[characters[:, :17]] @ weights), 31) == values[characters[:, 17]]
        passed |= (cells == Uscc.PLACEHOLDER).to_numpy()
        return passed

    return [*checks, _judged("check_character", judge)]


def _org_code(_field: ItemField, _item: CatalogueItem, _context: CheckContext) -> list[pa.Check]:
    values = _values(ORG_CODE_ALPHABET)
    expected = np.frombuffer(b"0X987654321", dtype=np.uint8)
    weights = np.asarray(ORG_CODE_WEIGHTS, dtype=np.int32)

    def judge(cells: pl.Series) -> Mask:
        passed, places, characters = _characters(cells, 9)
        numbers = values[characters[:, :8]]
        passed[places] = (numbers >= 0).all(axis=1) & (expected[numbers @ weights % 11] == characters[:, 8])
        return _rest(cells, passed, OrgCode.is_valid)

    return [_judged("check_character", judge)]


def _reg_no(_field: ItemField, _item: CatalogueItem, _context: CheckContext) -> list[pa.Check]:
    def known(text: str) -> bool:
        return RegNo.is_valid(text) or Uscc.is_valid(text)

    return [_judged("check_digit", lambda cells: _rest(cells, np.zeros(len(cells), dtype=np.bool_), known))]


def _id_number(each: ItemField, item: CatalogueItem, context: CheckContext) -> list[pa.Check]:
    checks = np.frombuffer(CITIZEN_ID_CHECK_CHARACTERS.encode(), dtype=np.uint8)
    weights = np.asarray(CITIZEN_ID_WEIGHTS, dtype=np.int32)
    today = context.facts.today

    def judge(cells: pl.Series) -> Mask:
        passed, places, characters = _characters(cells, 18)
        digits = characters[:, :17].astype(np.int32) - ord("0")
        born = cells.gather(places).str.slice(6, 8).str.to_date("%Y%m%d", strict=False)
        dated = ((born <= today) & (born >= date(1800, 1, 1))).fill_null(False).to_numpy()
        right = checks[digits @ weights % 11] == characters[:, 17]
        passed[places] = right & dated & ((digits >= 0) & (digits <= 9)).all(axis=1)
        return _rest(cells, passed, lambda text: CitizenId.is_valid(text, today))

    type_code = item.roles.id_type if each.code == item.roles.id_no else None
    if type_code is None:
        return [_judged("check_digit", judge)]

    def of_citizens(data: PolarsData) -> pl.LazyFrame:
        cells = data.lazyframe.select(each.code, type_code).collect()
        kind, numbers = cells[type_code].fill_null(""), cells[each.code]
        places = np.flatnonzero((numbers.is_not_null() & kind.is_in(CITIZEN_ID_TYPES)).to_numpy())
        passed = np.ones(len(numbers), dtype=np.bool_)
        if len(places):
            passed[places] = judge(numbers.gather(places))
        return pl.LazyFrame({"passed": passed})

    return [pa.Check(of_citizens, name="check_digit")]


_BY_KIND: dict[str, Callable[[ItemField, CatalogueItem, CheckContext], list[pa.Check]]] = {
    "text": _personal_numbers,
    "document_no": _document_no,
    "code": _code_list,
    "codes": _code_list,
    "date": _date,
    "amount": _amount,
    "number": _amount,
    "uscc": _uscc,
    "org_code": _org_code,
    "reg_no": _reg_no,
    "id_number": _id_number,
}


def _values(alphabet: str) -> npt.NDArray[np.int32]:
    """The value of each byte in an alphabet, -1 for others."""
    table = np.full(256, -1, dtype=np.int32)
    table[np.frombuffer(alphabet.encode(), dtype=np.uint8)] = np.arange(len(alphabet), dtype=np.int32)
    return table


def _characters(cells: pl.Series, size: int) -> tuple[Mask, npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Nothing passed yet, the places of cells with so many bytes, and their bytes, one row each."""
    places = np.flatnonzero((cells.str.len_bytes() == size).to_numpy())
    joined = "".join(cells.gather(places).to_list()).encode()
    return np.zeros(len(cells), dtype=np.bool_), places, np.frombuffer(joined, dtype=np.uint8).reshape(-1, size)


def _rest(cells: pl.Series, passed: Mask, known: Callable[[str], bool]) -> Mask:
    """What did not pass in its usual form, asked one by one."""
    for place in np.flatnonzero(~passed).tolist():
        passed[place] = known(cells[place])
    return passed


# -- one row, and the file ------------------------------------------------------------------------------------------------


def _row_checks(rule: RowRule, item: CatalogueItem) -> list[tuple[str, pa.Check]]:
    if rule.rule == "date.order":
        start, end = rule.fields
        return [(end, _holds(rule.rule, _day(end) >= _day(start)))] if {start, end} <= set(item.by_code) else []
    asked = _when(rule.when)
    conditions = {
        "conditional.required": lambda code: pl.col(code).is_not_null() | ~asked,
        "conditional.forbidden": lambda code: pl.col(code).is_null() | ~asked,
        "amount.required": lambda code: (_number(code) > 0).fill_null(pl.col(code).is_not_null()) | ~asked,
    }
    return [(code, _holds(rule.rule, conditions[rule.rule](code))) for code in rule.fields]


def _asked(each: ItemField, item: CatalogueItem) -> pl.Expr | None:
    """Where the field has to be filled; None if nowhere."""
    if each.required:
        return pl.lit(True)
    rules = [rule for rule in item.rules if rule.rule == "conditional.required" and each.code in rule.fields]
    return reduce(or_, (_when(rule.when) for rule in rules)) if rules else None


def _when(conditions: tuple[Condition, ...]) -> pl.Expr:
    """The conditions of the item that this peer needs: a cell, or a part of it, is one of some values."""
    found = pl.lit(True)
    for each in conditions:
        if not each.any_of:
            raise NotImplementedError(f"condition on {each.field}")
        words = "|".join(re.escape(value) for value in each.any_of)
        found = found & pl.col(each.field).str.contains(rf"(?:^|[;；、]\s*)(?:{words})(?:$|\s*[-—－–:：;；、])")
    return found.fill_null(False)


def _key(item: CatalogueItem) -> list[pl.Expr]:
    roles = item.roles
    parts = [code for code in (roles.uscc, roles.org_code, roles.id_no, roles.counterpart_name) if code is not None]
    cells = [pl.col(code) for code in parts]
    cells[0] = pl.when(cells[0] != Uscc.PLACEHOLDER).then(cells[0])
    return [pl.coalesce(cells) if code == COUNTERPART else pl.col(code) for code in item.key]


def _first_on_time(context: CheckContext) -> date:
    """The earliest event day whose report is still on time on the day of receipt."""
    today, due = context.facts.today, context.due
    days = (today - timedelta(days=back) for back in range(_LONGEST_WAIT))
    return min(day for day in days if due is not None and due(day) >= today)
