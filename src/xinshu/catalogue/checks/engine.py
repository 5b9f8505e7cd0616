"""The engine: one file's chunks in, findings and normalised columns out.

State across chunks is the set of natural keys seen and the most frequent source. Follows docs/checks.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from xinshu.catalogue.checks.columns import Columns
from xinshu.catalogue.checks.context import CheckContext, RowFacts
from xinshu.catalogue.checks.duplicates import DuplicateWatch, Hashes
from xinshu.catalogue.checks.findings import FindingTable, confirmed_findings
from xinshu.catalogue.checks.inspection import NUMBER_MARK, Inspection, Problem, hide_personal_numbers, inspect
from xinshu.catalogue.checks.keys import COUNTERPART, digested_columns, key_columns
from xinshu.catalogue.checks.rowrules import Hit, RowJudge, Rows, mark_blocked
from xinshu.catalogue.checks.scanning import Mask
from xinshu.catalogue.checks.screening import Screened, different, repeating_columns, screen
from xinshu.catalogue.domain import CatalogueItem, ItemField
from xinshu.catalogue.rulebook import printable
from xinshu.kernel.cells import Cells, Places
from xinshu.security.masking import mask, mask_numbers

_OFTEN = 500
_REMEMBERED = 10_000  # judged values of a column
_SHOWN_CHARACTERS = 60


@dataclass(slots=True)
class ChunkResult:
    """One checked chunk.

    `findings`: a table with the columns of a finding (`findings.as_findings` makes objects of it).
    `rows`: the row numbers, in file order. `doubtful` and `duplicate` are masks over them; they never overlap. `facts`
    have the normalised columns.
    """

    findings: pl.DataFrame
    rows: Rows
    doubtful: Mask
    duplicate: Mask
    late: Mask
    facts: RowFacts

    @property
    def frame(self) -> pl.DataFrame:
        """The rows as they will be kept: the item's columns, and `_row`."""
        return self.facts.frame.with_columns(pl.Series("_row", self.rows))


@dataclass(frozen=True, slots=True)
class Looked:
    """A chunk that has been looked at by itself: what `ItemChecker.judge` goes on with. `shape` as given to `look`,
    `misshapen` its rows; `keys`: two hashes of each row's natural key."""

    facts: RowFacts
    judge: RowJudge
    shape: Mapping[int, str]
    misshapen: Mask
    late: Mask
    keys: tuple[Hashes, Hashes]


@dataclass(slots=True)
class ItemChecker:
    """Checks one file against one item version; feed it the chunks in file order."""

    item: CatalogueItem
    context: CheckContext
    _watch: DuplicateWatch = field(default_factory=DuplicateWatch)
    _supplier: str = ""
    _repeating: frozenset[str] | None = None
    _judged: dict[str, dict[str, Inspection]] = field(default_factory=dict)

    def learn(self, cells: Cells) -> None:
        """Tell from the first chunk how columns are to be looked at. What is found does not depend on it."""
        if self._repeating is None and cells.height:
            present = [each for each in self.item.fields if each.code in cells.columns]
            self._repeating = repeating_columns(present, cells)

    def look(self, cells: Cells, shape: Mapping[int, str] | None = None) -> Looked:
        """The part of `check` that needs nothing of other chunks; may run in other threads once the first chunk has been
        learned from.

        Args:
            cells: columns named by column code; columns of the item may be absent, others are passed over.
            shape: {index in the chunk: what is wrong with its number of cells}; these rows get no other finding.
        """
        self.learn(cells)
        screened = self._screen(cells)
        hits: list[Hit] = []
        columns = Columns(cells)
        for item_field in self.item.fields:
            if item_field.code in cells.columns:
                self._cells(item_field, columns, np.flatnonzero(screened.masks[item_field.code]), hits)
        facts = RowFacts(self.item, columns, screened)
        misshapen = np.zeros(cells.height, dtype=np.bool_)
        misshapen[list(shape or ())] = True
        judge = RowJudge(facts, self.context, hits)
        judge.settle()
        judge.row_rules()
        late = judge.late() & ~misshapen
        return Looked(facts, judge, shape or {}, misshapen, late, key_columns(self.item, facts))

    def _screen(self, cells: Cells) -> Screened:
        present = [each for each in self.item.fields if each.code in cells.columns]
        return screen(
            present, cells, self._repeating or frozenset(), self._keys(present), self.context.facts, self._inspect
        )

    def _keys(self, present: Sequence[ItemField]) -> dict[str, bool]:
        codes = {each.code for each in present}
        return {code: named for code, named in digested_columns(self.item).items() if code in codes}

    def check(
        self, cells: Cells, rows: Rows, *, sheet: str = "", shape: Mapping[int, str] | None = None
    ) -> ChunkResult:
        """Check one chunk: `look` and `judge` at once.

        Args:
            rows: row number of each line as the spreadsheet shows it.
        """
        return self.judge(self.look(cells, shape), rows, sheet=sheet)

    def judge(self, looked: Looked, rows: Rows, *, sheet: str = "") -> ChunkResult:
        """What is left when a chunk has been looked at: the supplier's own rows, keys met before, and words. Once for each
        chunk, in file order."""
        judge, facts, misshapen = looked.judge, looked.facts, looked.misshapen
        judge.source(self._source_expected(judge, misshapen))
        doubtful = mark_blocked(judge.hits, misshapen.copy(), self.context.holding)
        duplicate, copies = self._duplicates(looked, rows, doubtful)
        table = FindingTable(self.context.file, sheet, [each.code for each in self.item.fields])
        for index, reason in looked.shape.items():
            table.add("row.shape", rows=rows[[index]], arguments={"reason": reason})
        self._word(table, [*judge.hits, *copies], facts, rows, misshapen)
        found = confirmed_findings(table.frame()) if self.context.confirmed else table.frame()
        return ChunkResult(found, rows, doubtful, duplicate, looked.late, facts)

    # -- one column ----------------------------------------------------------------------------------------------

    def _cells(self, item_field: ItemField, columns: Columns, rows: Rows, hits: list[Hit]) -> None:
        """Inspect these cells of a column, and put into another form those that are kept so."""
        if not len(rows):
            return
        place = columns.cells.place(item_field.code)
        first, numbers = different(columns.cells, place, rows)
        texts = [columns.cells.text(place, row) for row in first.tolist()]
        seen = [self._inspect(item_field, text) for text in texts]
        self._record(item_field, rows, texts, seen, numbers, hits)
        changed = np.array([found.value != text for found, text in zip(seen, texts, strict=True)], dtype=np.bool_)
        if changed.any():
            some = changed[numbers]
            kept = [seen[number].value for number in numbers[some].tolist()]
            columns.change(item_field.code, dict(zip(rows[some].tolist(), kept, strict=True)))

    def _inspect(self, item_field: ItemField, text: str) -> Inspection:
        """`inspect`, remembering what it said: a file says the same things again and again."""
        known = self._judged.setdefault(item_field.code, {})
        found = known.get(text)
        if found is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[text] = inspect(item_field, text, self.context.facts)
        return found

    def _record(
        self,
        item_field: ItemField,
        rows: Rows,
        texts: list[str],
        seen: list[Inspection],
        numbers: Places,
        hits: list[Hit],
    ) -> None:
        """A hit for each problem that a text has: one text in many rows apart, the others together."""
        wrong = [number for number, found in enumerate(seen) if found.problems]
        places = _places(numbers, wrong, len(seen))
        grouped: dict[tuple[str, tuple[tuple[str, str | int], ...]], tuple[Problem, list[int], list[str]]] = {}
        for number in wrong:
            here = places[number]
            for problem in seen[number].problems:
                if len(here) > _OFTEN:
                    hits.append(Hit(item_field, problem, rows[here], texts[number]))
                    continue
                key = (problem.rule, tuple(problem.arguments.items()))
                _, members, values = grouped.setdefault(key, (problem, [], []))
                members += here
                values += [texts[number]] * len(here)
        for problem, members, values in grouped.values():
            order = sorted(range(len(members)), key=members.__getitem__)
            hits.append(
                Hit(item_field, problem, rows[[members[place] for place in order]], [values[place] for place in order])
            )

    def _duplicates(self, looked: Looked, rows: Rows, doubtful: Mask) -> tuple[Mask, list[Hit]]:
        originals = self._watch.see(*looked.keys, rows, ~doubtful)
        facts = looked.facts
        duplicate = np.zeros(len(rows), dtype=np.bool_)
        item_field = self.item.field(self._key_field())
        copies = []
        for index, original in originals.items():
            duplicate[index] = True
            problem = Problem("duplicate.in_file", {"other": original})
            copies.append(Hit(item_field, problem, np.asarray([index]), facts.columns.texts(item_field.code, [index])))
        return duplicate, copies

    def _key_field(self) -> str:
        """The column a duplicate's finding names: the document number, else the first one of the natural key."""
        roles = self.item.roles
        if roles.document_no in self.item.key:
            return str(roles.document_no)
        return next((code for code in self.item.key if code != COUNTERPART), roles.uscc or roles.counterpart_name)

    def _source_expected(self, judge: RowJudge, misshapen: Mask) -> str:
        """USCC of the supplier: given, or told from the first part that has a right source."""
        code = self.item.roles.source_code
        if not self._supplier:
            self._supplier = self.context.supplier
        if not self._supplier and code is not None:
            blocked = mark_blocked([hit for hit in judge.hits if hit.field.code == code], misshapen.copy())
            self._supplier = _most_frequent(judge.facts, code, np.flatnonzero(judge.facts.filled(code) & ~blocked))
        return self._supplier

    # -- into words ----------------------------------------------------------------------------------------------

    def _word(self, table: FindingTable, hits: list[Hit], facts: RowFacts, rows: Rows, misshapen: Mask) -> None:
        for hit in hits:
            each = hit.narrowed(~misshapen[hit.rows]) if misshapen.any() else hit
            values: list[str] | str
            if each.field.personal:
                personal = facts.personal(each.field)[each.rows].tolist()
                given = [each.values] * len(personal) if isinstance(each.values, str) else each.values
                values = [_shown(each.field, value, hidden) for value, hidden in zip(given, personal, strict=True)]
            elif isinstance(each.values, str):
                values = _shown(each.field, each.values, False)
            else:
                values = [_shown(each.field, value, False) for value in each.values]
            table.add(
                each.problem.rule,
                rows=rows[each.rows],
                field=each.field.code,
                title=each.field.title,
                values=values,
                arguments=each.problem.arguments,
            )


def _places(numbers: Places, wanted: Sequence[int], count: int) -> dict[int, list[int]]:
    """Where each of the wanted numbers stands, in ascending order."""
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[list(wanted)] = True
    often = np.flatnonzero((np.bincount(numbers, minlength=count) > _OFTEN) & chosen)
    chosen[often] = False
    found = {number: np.flatnonzero(numbers == number).tolist() for number in often.tolist()}
    where = np.flatnonzero(chosen[numbers])
    for place, number in zip(where.tolist(), numbers[where].tolist(), strict=True):
        found.setdefault(number, []).append(place)
    return found


def _shown(item_field: ItemField, value: str, hidden: bool) -> str:
    """The value as a finding may show it: personal values masked, cut to length, nothing that acts on a terminal."""
    text = value.removeprefix(NUMBER_MARK).strip()
    if hidden:
        return printable(mask(text, item_field.mask))
    text = mask_numbers(text) if item_field.kind == "text" else hide_personal_numbers(text)
    return printable(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")


def _most_frequent(facts: RowFacts, code: str, rows: Rows) -> str:
    """The supplier, told from the sources of the first part: the most frequent right one, the smallest of equals."""
    distinct = facts.screened.distinct.get(code)
    if distinct is None:
        counts = Counter(facts.columns.texts(code, rows.tolist()))
    else:
        counts = Counter()
        for found, count in zip(
            distinct.found, np.bincount(distinct.numbers[rows], minlength=len(distinct.found)), strict=True
        ):
            counts[found.value] += int(count)
    return min(counts, key=lambda text: (-counts[text], text), default="") if len(rows) else ""
