"""The first look at a chunk, all columns at once: which cells have to be inspected.

Needs nothing of other chunks, so that it can run beside the judging of an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import polars as pl

from xinshu.catalogue.checks.inspection import Facts, Inspection
from xinshu.catalogue.checks.prefilter import Mask, suspect_masks
from xinshu.catalogue.domain import ItemField

_SAMPLE = 2_000
_DISTINCT_SHARE = 4  # a column repeats itself when at most a quarter of the filled cells of the sample differ


Judge = Callable[[ItemField, str], Inspection]


def repeating_columns(fields: Sequence[ItemField], raw: pl.DataFrame) -> frozenset[str]:
    """Columns better judged by their different values, told from the first rows."""
    head = raw.head(_SAMPLE)
    found = []
    for each in fields:
        filled = head[each.code].filter(head[each.code] != "")
        if filled.n_unique() * _DISTINCT_SHARE <= len(filled):
            found.append(each.code)
    return frozenset(found)


def screen(
    fields: Sequence[ItemField], raw: pl.DataFrame, repeating: Collection[str], facts: Facts, judge: Judge
) -> dict[str, Mask]:
    """The rows to inspect, by column code: their cell breaks a rule, or is kept in another form, or may do so.

    `repeating`: columns to be judged by their different values; for these the answer is exact.
    """
    few = [each for each in fields if each.code in repeating]
    distinct = raw.select(pl.col(each.code).unique().implode() for each in few)
    odd = {each.code: _odd(each, distinct[each.code][0], judge) for each in few}
    answers = raw.select(pl.col(code).is_in(texts) for code, texts in odd.items() if texts)
    masks = {code: answers[code].to_numpy() if texts else _none(raw) for code, texts in odd.items()}
    return masks | suspect_masks([each for each in fields if each.code not in masks], raw, facts)


def _odd(item_field: ItemField, distinct: pl.Series, judge: Judge) -> list[str]:
    judged = ((text, judge(item_field, text)) for text in distinct.to_list() if text)
    return [text for text, found in judged if found.problems or found.value != text]


def _none(raw: pl.DataFrame) -> Mask:
    return np.zeros(raw.height, dtype=np.bool_)
