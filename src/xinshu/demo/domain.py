"""The shapes of the demo room: a table on its way to a file, a row being spoiled, a line of the answer key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.reference import Organisation

Cell = str | int  # an int is a number cell of a workbook or of JSON; every good value is text
Columns = dict[str, list[Cell]]
RowKind = Literal["organisation", "individual", "nameless", "person"]  # nameless: individual business without code
Format = Literal["csv", "xlsx", "jsonl", "parquet"]
Consequence = tuple[str, str]  # (column code, rule code)
Progress = Callable[[int, int, str], None]  # (files done, files in all, name of the file just written)

EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One finding that a check must report: the columns of key.csv. `row` as a spreadsheet shows it, 0 for the file."""

    file: str
    row: int
    field: str
    rule: str
    level: str
    scope: str


@dataclass(frozen=True, slots=True)
class GenerationSummary:
    """What was written. `planted`: rows and files spoiled, `by_rule` the same by rule; `findings`: lines of key.csv."""

    out: Path
    files: int
    subjects: int
    rows: int
    planted: int
    by_rule: dict[str, int]
    findings: int


@dataclass(frozen=True, slots=True)
class Style:
    """How one file looks.

    `encoding` is a Python codec, empty for workbooks. `heading`: code, title, alias, or starred (title, * before the
    required ones). `dates`: a strftime-like pattern over y, m, d. `extra`: columns that are in no catalogue.
    """

    format: Format
    suffix: str
    encoding: str = "utf-8"
    delimiter: str = ","
    line_end: str = "\n"
    heading: Literal["code", "title", "alias", "starred"] = "title"
    dates: str = "{y:04}-{m:02}-{d:02}"
    aliases_of_values: bool = False
    title_rows: int = 0
    drop_empty: bool = False
    extra: tuple[str, ...] = ()

    @property
    def first_row(self) -> int:
        """Row number of the first record: below heading and title rows; JSON Lines and Parquet have no heading."""
        return 1 if self.format in ("jsonl", "parquet") else self.title_rows + 2


@dataclass(slots=True)
class Table:
    """The rows of one file, column by column, in the item's canonical values; ISO dates.

    `kinds` and `subjects` describe each row's counterpart (subject -1: none in the registry). `misshapen`:
    {index: cells too many (+1) or too few (-1)}. `plants`: {index: rule}; `findings`: (index, consequence), -1 = file.
    """

    item: CatalogueItem
    file: str
    supplier: Organisation
    received_at: datetime
    style: Style
    columns: Columns
    kinds: list[RowKind]
    subjects: list[int]
    misshapen: dict[int, int] = field(default_factory=dict)
    plants: dict[int, str] = field(default_factory=dict)
    findings: list[tuple[int, Consequence]] = field(default_factory=list)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.kinds)

    @property
    def received(self) -> date:
        """Day of receipt; `received_at` is Shanghai time."""
        return self.received_at.date()

    def row(self, index: int) -> Row:
        """A copy of one row, to be spoiled."""
        values = {code: column[index] for code, column in self.columns.items()}
        return Row(index, self.kinds[index], self.subjects[index], values)

    def put(self, row: Row) -> None:
        """Write a row back."""
        for code, column in self.columns.items():
            column[row.index] = row.values[code]
        if row.extra_cells:
            self.misshapen[row.index] = row.extra_cells


@dataclass(slots=True)
class Row:
    """One row, mutable. `extra_cells`: +1 or -1 for a row with a cell too many or too few."""

    index: int
    kind: RowKind
    subject: int
    values: dict[str, Cell]
    extra_cells: int = 0

    def text(self, code: str | None) -> str:
        """The cell as text, "" for a column the row has not."""
        return str(self.values.get(code, "")) if code is not None else ""
