"""The engine: one file's chunks in, findings and normalised columns out.

State across chunks is the set of natural keys seen and the most frequent source. Follows docs/checks.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from xinshu.catalogue.checks.context import CheckContext, Mask, RowFacts
from xinshu.catalogue.checks.findings import FindingTable
from xinshu.catalogue.checks.inspection import NUMBER_MARK, Inspection, Problem, hide_personal_numbers, inspect
from xinshu.catalogue.checks.keys import COUNTERPART, DuplicateWatch, key_columns
from xinshu.catalogue.checks.rowrules import Hit, RowJudge, Rows, mark_blocked
from xinshu.catalogue.checks.screening import repeating_columns, screen
from xinshu.catalogue.domain import CatalogueItem, ItemField
from xinshu.catalogue.rulebook import printable
from xinshu.security.masking import mask, mask_numbers

_OFTEN = 500
_REMEMBERED = 10_000  # judged values of a column
_SHOWN_CHARACTERS = 60


@dataclass(slots=True)
class ChunkResult:
    """One checked chunk.

    `findings`: a table with the columns of a finding (`findings.as_findings` makes objects of it).
    `frame`: normalised text columns of the item plus `_row`; every row of the chunk, in file order. `doubtful` and
    `duplicate` are masks over it; they never overlap.
    """

    frame: pl.DataFrame
    findings: pl.DataFrame
    doubtful: Mask
    duplicate: Mask
    late: Mask
    facts: RowFacts


@dataclass(slots=True)
class ItemChecker:
    """Checks one file against one item version; feed it the chunks in file order."""

    item: CatalogueItem
    context: CheckContext
    _watch: DuplicateWatch = field(default_factory=DuplicateWatch)
    _supplier: str = ""
    _repeating: frozenset[str] | None = None
    _judged: dict[str, dict[str, Inspection]] = field(default_factory=dict)

    def screen(self, raw: pl.DataFrame) -> dict[str, Mask]:
        """The part of `check` that needs nothing of other chunks; may run in another thread, one chunk at a time."""
        present = [each for each in self.item.fields if each.code in raw.columns]
        if self._repeating is None and raw.height:
            self._repeating = repeating_columns(present, raw)
        return screen(present, raw, self._repeating or frozenset(), self.context.facts, self._inspect)

    def check(
        self,
        raw: pl.DataFrame,
        rows: Rows,
        *,
        sheet: str = "",
        shape: Mapping[int, str] | None = None,
        screened: Mapping[str, Mask] | None = None,
    ) -> ChunkResult:
        """Check one chunk.

        Args:
            raw: text columns named by column code, no nulls; columns of the item may be absent, others are refused.
            rows: row number of each line as the spreadsheet shows it.
            shape: {index in the chunk: what is wrong with its number of cells}; these rows get no other finding.
            screened: what `screen` said of this chunk, when it was asked before.
        """
        screened = self.screen(raw) if screened is None else screened
        hits: list[Hit] = []
        columns: dict[str, pl.Series] = {}
        for item_field in self.item.fields:
            code = item_field.code
            if code not in raw.columns:
                columns[code] = pl.repeat("", raw.height, dtype=pl.String, eager=True)
            else:
                columns[code] = self._cells(item_field, raw[code], np.flatnonzero(screened[code]), hits)
        frame = pl.DataFrame(columns)
        facts = RowFacts(self.item, frame)
        facts.foresee()
        misshapen = np.zeros(raw.height, dtype=np.bool_)
        misshapen[list(shape or ())] = True
        judge = RowJudge(facts, self.context, hits)
        judge.settle()
        judge.row_rules()
        late = judge.late() & ~misshapen
        judge.source(self._source_expected(judge, misshapen))
        doubtful = mark_blocked(judge.hits, misshapen.copy())
        duplicate, copies = self._duplicates(facts, rows, doubtful)
        table = FindingTable(self.context.file, sheet, [each.code for each in self.item.fields])
        for index, reason in (shape or {}).items():
            table.add("row.shape", rows=rows[[index]], arguments={"reason": reason})
        self._word(table, [*judge.hits, *copies], facts, rows, misshapen)
        return ChunkResult(frame.with_columns(pl.Series("_row", rows)), table.frame(), doubtful, duplicate, late, facts)

    # -- one column ----------------------------------------------------------------------------------------------

    def _cells(self, item_field: ItemField, values: pl.Series, rows: Rows, hits: list[Hit]) -> pl.Series:
        """Inspect these cells of a column; the column as it will be kept."""
        if not len(rows):
            return values
        texts = values[rows].to_list()
        seen = {text: self._inspect(item_field, text) for text in dict.fromkeys(texts)}
        self._record(item_field, rows, texts, seen, hits)
        changed = [
            (row, seen[text].value) for row, text in zip(rows.tolist(), texts, strict=True) if seen[text].value != text
        ]
        if not changed:
            return values
        return values.clone().scatter([row for row, _ in changed], [text for _, text in changed])

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
        self, item_field: ItemField, rows: Rows, texts: list[str], seen: dict[str, Inspection], hits: list[Hit]
    ) -> None:
        grouped: dict[tuple[str, tuple[tuple[str, str | int], ...]], tuple[Problem, list[int], list[str]]] = {}
        often = _frequent(texts) if len(texts) > _OFTEN else ()
        if often:  # one value in many rows
            given = pl.Series(texts, dtype=pl.String)
            for text in often:
                chosen = rows[(given == text).to_numpy()]
                hits += [Hit(item_field, problem, chosen, text) for problem in seen[text].problems]
        for row, text in zip(rows.tolist(), texts, strict=True):
            if text in often:
                continue
            for problem in seen[text].problems:
                key = (problem.rule, tuple(problem.arguments.items()))
                _, members, values = grouped.setdefault(key, (problem, [], []))
                members.append(row)
                values.append(text)
        hits += [Hit(item_field, problem, np.asarray(members), values) for problem, members, values in grouped.values()]

    def _duplicates(self, facts: RowFacts, rows: Rows, doubtful: Mask) -> tuple[Mask, list[Hit]]:
        first, second = key_columns(self.item, facts)
        originals = self._watch.see(first, second, rows, ~doubtful)
        duplicate = np.zeros(len(rows), dtype=np.bool_)
        item_field = self.item.field(self._key_field())
        copies = []
        for index, original in originals.items():
            duplicate[index] = True
            problem = Problem("duplicate.in_file", {"other": original})
            copies.append(Hit(item_field, problem, np.asarray([index]), facts.frame[item_field.code][index]))
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
            self._supplier = _most_frequent(judge.facts.frame[code], blocked)
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


def _shown(item_field: ItemField, value: str, hidden: bool) -> str:
    """The value as a finding may show it: personal values masked, cut to length, nothing that acts on a terminal."""
    text = value.removeprefix(NUMBER_MARK).strip()
    if hidden:
        return printable(mask(text, item_field.mask))
    text = mask_numbers(text) if item_field.kind == "text" else hide_personal_numbers(text)
    return printable(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")


def _frequent(texts: list[str]) -> frozenset[str]:
    return frozenset(text for text, count in Counter(texts).items() if count > _OFTEN)


def _most_frequent(texts: pl.Series, blocked: Mask) -> str:
    """The supplier, told from the sources of the first part: the most frequent right one, the smallest of equals."""
    counts = texts.filter(pl.Series(~blocked)).value_counts(name="n").filter(pl.col(texts.name) != "")
    return str(counts.sort(["n", texts.name], descending=[True, False])[0, 0]) if counts.height else ""
