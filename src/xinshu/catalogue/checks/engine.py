"""The engine: one file's chunks in, findings and normalised columns out.

State across chunks is the set of natural keys seen and the most frequent source. Follows docs/checks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.checks.context import NO_DAY, Mask, RowFacts, describe
from xinshu.catalogue.checks.findings import FindingTable
from xinshu.catalogue.checks.inspection import Facts, Inspection, Problem, inspect
from xinshu.catalogue.checks.keys import DuplicateWatch, key_columns
from xinshu.catalogue.checks.prefilter import suspects
from xinshu.catalogue.domain import CatalogueItem, ItemField, RowRule
from xinshu.catalogue.rulebook import BLOCKING_LEVELS, RULEBOOK
from xinshu.security.masking import mask, mask_numbers

_THREADS = 2
_SAMPLE = 2_000
_DISTINCT_SHARE = 4  # a column is taken by distinct values when at most a quarter of the sample differs
_SHOWN_CHARACTERS = 60

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks need besides item and rows.

    `due`: last day of reporting for an event date, or None where the item has no deadline. `due_days`: its length in
    working days, for the message. `supplier`: USCC of the supplier, empty when unknown.
    """

    facts: Facts
    file: str
    supplier: str = ""
    due: Callable[[date], date] | None = None
    due_days: int = 0


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
class _Hit:
    """A problem on some rows of one column; `values` are the cells as delivered, `text` columns for the message."""

    field: ItemField
    problem: Problem
    rows: Rows
    values: list[str] | str


@dataclass(slots=True)
class ItemChecker:
    """Checks one file against one item version; feed it the chunks in file order."""

    item: CatalogueItem
    context: CheckContext
    _watch: DuplicateWatch = field(default_factory=DuplicateWatch)
    _supplier: str = ""

    def check(
        self, raw: pl.DataFrame, rows: Rows, *, sheet: str = "", shape: Mapping[int, str] | None = None
    ) -> ChunkResult:
        """Check one chunk.

        Args:
            raw: text columns named by column code, no nulls; columns of the item may be absent, others are refused.
            rows: row number of each line as the spreadsheet shows it.
            shape: {index in the chunk: what is wrong with its number of cells}; these rows get no other finding.
        """
        hits: list[_Hit] = []
        columns: dict[str, pl.Series] = {}
        present = [item_field for item_field in self.item.fields if item_field.code in raw.columns]
        with ThreadPoolExecutor(_THREADS) as pool:  # Polars leaves the interpreter lock while it works
            judged = list(pool.map(lambda each: self._column(each, raw[each.code]), present))
        for item_field, (values, found) in zip(present, judged, strict=True):
            columns[item_field.code] = values
            hits += found
        for item_field in self.item.fields:
            if item_field.code not in columns:
                columns[item_field.code] = pl.repeat("", raw.height, dtype=pl.String, eager=True)
        frame = pl.DataFrame(columns)
        facts = RowFacts(self.item, frame)
        hits = self._settle(hits, facts)
        self._row_rules(hits, facts)
        late = self._late(hits, facts)
        self._source(hits, facts)
        misshapen = np.zeros(raw.height, dtype=np.bool_)
        misshapen[list(shape or ())] = True
        doubtful = misshapen.copy()
        for hit in hits:
            if RULEBOOK[hit.problem.rule].level in BLOCKING_LEVELS:
                doubtful[hit.rows] = True
        duplicate, copies = self._duplicates(facts, rows, doubtful)
        table = FindingTable(self.context.file, sheet)
        for index, reason in (shape or {}).items():
            table.add("row.shape", rows=rows[[index]], arguments={"reason": reason})
        self._word(table, [*hits, *copies], facts, rows, misshapen)
        return ChunkResult(frame.with_columns(pl.Series("_row", rows)), table.frame(), doubtful, duplicate, late, facts)

    # -- one column ----------------------------------------------------------------------------------------------

    def _column(self, item_field: ItemField, values: pl.Series) -> tuple[pl.Series, list[_Hit]]:
        hits: list[_Hit] = []
        head = values.head(_SAMPLE)
        if head.n_unique() * _DISTINCT_SHARE <= max(len(head), _SAMPLE // 8):
            return self._by_distinct(item_field, values, hits), hits
        return self._by_suspects(item_field, values, hits), hits

    def _by_distinct(self, item_field: ItemField, values: pl.Series, hits: list[_Hit]) -> pl.Series:
        seen = {text: self._inspect(item_field, text) for text in values.unique().to_list() if text}
        changed = {text: judged.value for text, judged in seen.items() if judged.value != text}
        flagged = [text for text, judged in seen.items() if judged.problems]
        if flagged:
            rows = np.flatnonzero(values.is_in(flagged).to_numpy())
            self._record(item_field, rows, values.gather(rows.astype(np.uint32)).to_list(), seen, hits)
        if not changed:
            return values
        return values.replace(list(changed), list(changed.values()))

    def _by_suspects(self, item_field: ItemField, values: pl.Series, hits: list[_Hit]) -> pl.Series:
        rows = np.flatnonzero(suspects(item_field, values, self.context.facts))
        if not len(rows):
            return values
        texts = values.gather(rows.astype(np.uint32)).to_list()
        seen = {text: self._inspect(item_field, text) for text in dict.fromkeys(texts)}
        self._record(item_field, rows, texts, seen, hits)
        changed = [
            (row, seen[text].value) for row, text in zip(rows.tolist(), texts, strict=True) if seen[text].value != text
        ]
        if not changed:
            return values
        return values.clone().scatter([row for row, _ in changed], [text for _, text in changed])

    def _inspect(self, item_field: ItemField, text: str) -> Inspection:
        return inspect(item_field, text, self.context.facts)

    def _record(
        self, item_field: ItemField, rows: Rows, texts: list[str], seen: dict[str, Inspection], hits: list[_Hit]
    ) -> None:
        grouped: dict[tuple[str, tuple[tuple[str, str | int], ...]], tuple[Problem, list[int], list[str]]] = {}
        for row, text in zip(rows.tolist(), texts, strict=True):
            for problem in seen[text].problems:
                key = (problem.rule, tuple(problem.arguments.items()))
                _, members, values = grouped.setdefault(key, (problem, [], []))
                members.append(row)
                values.append(text)
        hits += [
            _Hit(item_field, problem, np.asarray(members), values) for problem, members, values in grouped.values()
        ]

    # -- the row as a whole --------------------------------------------------------------------------------------

    def _settle(self, hits: list[_Hit], facts: RowFacts) -> list[_Hit]:
        """Keep candidates where the row asks for them; a kept placeholder ends its cell."""
        settled: list[_Hit] = []
        ended: dict[str, Mask] = {}
        for hit in sorted(hits, key=lambda each: each.problem.rule != "text.placeholder"):
            problem, kept = facts.keep(hit.field, hit.problem)
            wanted = np.ones(len(hit.rows), dtype=np.bool_) if kept is None else kept[hit.rows]
            stopped = ended.setdefault(hit.field.code, np.zeros(facts.frame.height, dtype=np.bool_))
            if problem.rule == "text.placeholder":
                stopped[hit.rows[wanted]] = True
            elif problem.rule != "text.width":
                wanted &= ~stopped[hit.rows]
            if wanted.any():
                settled.append(_narrow(replace(hit, problem=problem), wanted))
        return settled

    def _row_rules(self, hits: list[_Hit], facts: RowFacts) -> None:
        empty_already: dict[str, Mask] = {}
        for item_field in self.item.fields:
            if item_field.required:
                missing = ~facts.filled(item_field.code)
                self._add(hits, item_field, Problem("required"), missing, "")
                empty_already[item_field.code] = missing
        for rule in sorted(self.item.rules, key=lambda each: each.rule):  # amount.required before conditional.required
            if rule.rule == "date.order":
                self._date_order(rule, hits, facts)
                continue
            rows = facts.holds(rule.when)
            reason = describe(rule.when, self.item)
            for code in rule.fields:
                item_field = self.item.field(code)
                if rule.rule == "conditional.forbidden":
                    self._forbid(hits, item_field, rows & facts.filled(code), reason, facts)
                elif rule.rule == "conditional.required":
                    missing = rows & ~facts.filled(code)
                    missing &= ~empty_already.get(code, np.zeros(len(missing), dtype=np.bool_))
                    empty_already[code] = empty_already.get(code, missing) | missing
                    self._add(hits, item_field, Problem("conditional.required", {"reason": reason}), missing, "")
                elif rule.rule == "amount.required":
                    zero = rows & facts.frame[code].is_in(["", "0"]).to_numpy()
                    empty_already[code] = empty_already.get(code, zero) | zero
                    self._add(hits, item_field, Problem("amount.required", {"reason": reason}), zero, None, facts)

    def _forbid(self, hits: list[_Hit], item_field: ItemField, rows: Mask, reason: str, facts: RowFacts) -> None:
        if not rows.any():
            return
        for place, hit in enumerate(hits):  # the forbidden cell has no other finding
            if hit.field.code == item_field.code and rows[hit.rows].any():
                hits[place] = _narrow(hit, ~rows[hit.rows])
        self._add(hits, item_field, Problem("conditional.forbidden", {"reason": reason}), rows, None, facts)

    def _date_order(self, rule: RowRule, hits: list[_Hit], facts: RowFacts) -> None:
        start_code, end_code = rule.fields
        start, end = facts.days(start_code), facts.days(end_code)
        other = self.item.field(start_code).title
        wrong = (end < start) & (end != NO_DAY) & (start != NO_DAY)
        for row in np.flatnonzero(wrong).tolist():
            problem = Problem("date.order", {"other": other, "date": facts.frame[start_code][row]})
            hits.append(_Hit(self.item.field(end_code), problem, np.asarray([row]), facts.frame[end_code][row]))

    def _late(self, hits: list[_Hit], facts: RowFacts) -> Mask:
        late = np.zeros(facts.frame.height, dtype=np.bool_)
        code = self.item.roles.event_date
        if self.context.due is None or code is None:
            return late
        texts = facts.frame[code]
        for text in texts.unique().to_list():
            day = _iso(text)
            if day is None or day > self.context.facts.today:
                continue
            last = self.context.due(day)
            if last < self.context.facts.today:
                rows = np.flatnonzero((texts == text).to_numpy())
                late[rows] = True
                problem = Problem("late", {"days": self.context.due_days, "date": last.isoformat()})
                hits.append(_Hit(self.item.field(code), problem, rows, text))
        return late

    def _source(self, hits: list[_Hit], facts: RowFacts) -> None:
        code = self.item.roles.source_code
        if code is None:
            return
        texts = facts.frame[code]
        if not self._supplier:
            self._supplier = self.context.supplier or _most_frequent(texts)
        wrong = [text for text in texts.unique().to_list() if text and text != self._supplier]
        bad = {hit.field.code: hit for hit in hits if hit.field.code == code and hit.problem.rule.startswith("uscc.")}
        flagged = np.zeros(len(texts), dtype=np.bool_)
        for hit in hits:
            if code in bad and hit.field.code == code and RULEBOOK[hit.problem.rule].level in BLOCKING_LEVELS:
                flagged[hit.rows] = True
        for text in wrong:
            rows = (texts == text).to_numpy() & ~flagged
            problem = Problem("source.differs", {"expected": self._supplier})
            self._add(hits, self.item.field(code), problem, rows, text)

    def _duplicates(self, facts: RowFacts, rows: Rows, doubtful: Mask) -> tuple[Mask, list[_Hit]]:
        first, second = key_columns(self.item, facts)
        originals = self._watch.see(first, second, rows, ~doubtful)
        duplicate = np.zeros(len(rows), dtype=np.bool_)
        shown = next((code for code in self.item.key if code == self.item.roles.document_no), None)
        shown = shown or next(
            (code for code in self.item.key if code != "counterpart"), self.item.roles.counterpart_name
        )
        item_field = self.item.field(shown)
        copies = []
        for index, original in originals.items():
            duplicate[index] = True
            problem = Problem("duplicate.in_file", {"other": original})
            copies.append(_Hit(item_field, problem, np.asarray([index]), facts.frame[shown][index]))
        return duplicate, copies

    # -- into words ----------------------------------------------------------------------------------------------

    def _add(
        self,
        hits: list[_Hit],
        item_field: ItemField,
        problem: Problem,
        mask_: Mask,
        value: str | None,
        facts: RowFacts | None = None,
    ) -> None:
        rows = np.flatnonzero(mask_)
        if not len(rows):
            return
        values: list[str] | str = value or ""
        if value is None and facts is not None:
            values = facts.frame[item_field.code].gather(rows.astype(np.uint32)).to_list()
        hits.append(_Hit(item_field, problem, rows, values))

    def _word(self, table: FindingTable, hits: list[_Hit], facts: RowFacts, rows: Rows, misshapen: Mask) -> None:
        for hit in hits:
            each = _narrow(hit, ~misshapen[hit.rows]) if misshapen.any() else hit
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


def _narrow(hit: _Hit, wanted: Mask) -> _Hit:
    """The hit on those of its rows that are wanted."""
    values = (
        hit.values if isinstance(hit.values, str) else [v for v, keep in zip(hit.values, wanted, strict=True) if keep]
    )
    return replace(hit, rows=hit.rows[wanted], values=values)


def _shown(item_field: ItemField, value: str, hidden: bool) -> str:
    """The value as a finding may show it: personal values masked, numbers in free text masked, cut to length."""
    text = value.removeprefix("\ue000").strip()
    if hidden:
        return mask(text, item_field.mask)
    if item_field.kind == "text":
        text = mask_numbers(text)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _most_frequent(texts: pl.Series) -> str:
    counts = texts.filter(texts.str.len_bytes() == 18).value_counts(sort=True)
    return str(counts[0, 0]) if counts.height else ""
