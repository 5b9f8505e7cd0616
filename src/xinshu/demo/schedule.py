"""Which files there will be: item, rows, supplier, day of receipt and form of each, in the order of ingest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.reference import Organisation
from xinshu.demo.domain import Style
from xinshu.demo.errors import DemoTooSmall
from xinshu.demo.styles import STYLES, style_for
from xinshu.demo.words import Share, Words

Spoiling = Literal["column.missing", "column.duplicate", "file.unreadable", "file.unsafe", "file.locked", "file.limit"]

REGISTRATION = "enterprise-registration"
FEWEST_ROWS = 3  # of an item
_ROWS_OF_A_FILE = 150  # at least so many rows on average before an item is split further
_SUBJECTS_OF_A_FILE = 2_500
_MOST_IN_FILE, _MOST_IN_WORKBOOK = 50_000, 5_000
_MOST_REGISTRATION_FILES = 40
_REGISTERED_BEFORE = 360  # days before as_of; the other files follow
_SPOILED_ROWS = 20
_SPOILED: tuple[tuple[Spoiling, str, int], ...] = (  # what is wrong, item, number of its style
    ("column.missing", "administrative-penalty", 0),
    ("column.duplicate", "administrative-license", 0),
    ("file.unreadable", "credit-commitment", 1),
    ("file.unsafe", "contract-performance", 1),
    ("file.locked", "administrative-penalty", 6),
    ("file.limit", "abnormal-operation-list", 0),
)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file to be made. `spoiling`: what makes it unusable as a whole; `first`: its first subject (registrations)."""

    number: int  # over all files, from 0, in the order of ingest
    file: str
    item: CatalogueItem
    supplier: Organisation
    received_at: datetime
    rows: int
    style: Style
    spoiling: Spoiling | None = None
    first: int = 0


@dataclass(slots=True)
class _Draft:
    item: str
    rows: int
    supplier: Organisation
    style: Style
    spoiling: Spoiling | None = None


def plan_files(
    catalogue: Mapping[str, CatalogueItem],
    words: Words,
    organisations: tuple[Organisation, ...],
    *,
    subjects: int,
    rows: int,
    spoiled: bool,
    dice: Random,
    as_of: datetime,
) -> list[PlannedFile]:
    """All files in the order of ingest: registrations first, then by time of receipt, never after `as_of`."""
    registrar = next(each for each in organisations if each.level == "province" and each.kind == "market-regulation")
    parts = _split(subjects, min(max(2, -(-subjects // _SUBJECTS_OF_A_FILE)), _MOST_REGISTRATION_FILES), dice)
    start = registered_at(as_of)
    planned: list[PlannedFile] = []
    first = 0
    for place, count in enumerate(parts):
        style = style_for(place, count, 2 * _MOST_IN_WORKBOOK)
        file = _name(REGISTRATION, place + 1, style)
        moment = min(start + timedelta(minutes=7 * place), as_of)
        planned.append(PlannedFile(place, file, catalogue[REGISTRATION], registrar, moment, count, style, None, first))
        first += count
    drafts = [
        each
        for item, count in rows_of_items(words, rows).items()
        for each in _item_files(item, words.shares[item], count, organisations, dice)
    ]
    if spoiled:
        drafts += _spoiled_files(words, organisations, dice)
    dice.shuffle(drafts)
    numbers: dict[str, int] = {}
    for draft, moment in zip(drafts, _moments(len(drafts), planned[-1].received_at, as_of, dice), strict=True):
        numbers[draft.item] = numbers.get(draft.item, 0) + 1
        file = _name(draft.item, numbers[draft.item], draft.style)
        planned.append(
            PlannedFile(
                len(planned),
                file,
                catalogue[draft.item],
                draft.supplier,
                moment,
                draft.rows,
                draft.style,
                draft.spoiling,
            )
        )
    return planned


def registered_at(as_of: datetime) -> datetime:
    """When the first registrations were received, for a demo that ends at `as_of`."""
    return (as_of - timedelta(days=_REGISTERED_BEFORE)).replace(hour=9, minute=0, second=0, microsecond=0)


def rows_of_items(words: Words, rows: int) -> dict[str, int]:
    """{item: its rows}, by share but a few at least of each, together `rows`; nothing when no rows are asked for.

    Raises:
        DemoTooSmall: fewer rows than that.
    """
    if not rows:
        return {}
    needed = FEWEST_ROWS * len(words.shares)
    if rows < needed:
        raise DemoTooSmall(
            f"{rows} 行记录分不到 {len(words.shares)} 个事项",
            fix=f"信息行数至少 {needed} 行，使每个事项有 {FEWEST_ROWS} 行；或取 0，只生成登记信息",
        )
    whole = sum(share.share for share in words.shares.values())
    counts = {item: max(FEWEST_ROWS, round(rows * share.share / whole)) for item, share in words.shares.items()}
    while over := sum(counts.values()) - rows:
        largest = max(counts, key=lambda item: counts[item])
        counts[largest] -= min(over, counts[largest] - FEWEST_ROWS)
    return counts


def _item_files(
    item: str, share: Share, count: int, organisations: tuple[Organisation, ...], dice: Random
) -> list[_Draft]:
    most = max(share.files, -(-count // _MOST_IN_FILE))
    parts = _split(count, max(1 if count < 40 or most == 1 else 2, min(most, count // _ROWS_OF_A_FILE)), dice)
    senders = suppliers_of(share, organisations)
    dice.shuffle(senders)
    if item == "administrative-penalty":  # each sends twice, so that a later file can repeat an earlier one
        senders = senders[: -(-len(parts) // 2)]
    shift = dice.randrange(len(STYLES))
    return [
        _Draft(item, part, senders[place % len(senders)], style_for(place + shift, part, _MOST_IN_WORKBOOK))
        for place, part in enumerate(parts)
    ]


def _spoiled_files(words: Words, organisations: tuple[Organisation, ...], dice: Random) -> list[_Draft]:
    return [
        _Draft(
            item, _SPOILED_ROWS, dice.choice(suppliers_of(words.shares[item], organisations)), STYLES[style], spoiling
        )
        for spoiling, item, style in _SPOILED
    ]


def suppliers_of(share: Share, organisations: tuple[Organisation, ...]) -> list[Organisation]:
    """The departments that send an item: those of its kinds, in the order of the profile."""
    return [each for each in organisations if each.kind in share.suppliers]


def _split(count: int, parts: int, dice: Random) -> list[int]:
    """`count` rows in so many parts of unequal size, none empty."""
    weights = [0.6 + dice.random() for _ in range(parts)]
    sizes = [max(1, int(count * weight / sum(weights))) for weight in weights]
    sizes[sizes.index(max(sizes))] += count - sum(sizes)
    return [size for size in sizes if size > 0]


def _moments(count: int, first: datetime, last: datetime, dice: Random) -> list[datetime]:
    """Moments between the two, in office hours where that is possible, in order."""
    minutes = int((last - first).total_seconds() // 60)
    found = []
    for _ in range(count):
        moment = first + timedelta(minutes=dice.randrange(minutes + 1))
        if not 8 <= moment.hour < 18:
            moment = moment.replace(hour=8 + dice.randrange(10))
        found.append(min(max(moment, first), last))
    return sorted(found)


def _name(item: str, number: int, style: Style) -> str:
    return f"{item}--{number:02}.{style.suffix}"
