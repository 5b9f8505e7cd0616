"""The part every record has: whom it is about, when it happened, who sent it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from random import Random

import numpy as np

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.reference import Organisation
from xinshu.demo.domain import EPOCH, Cell, Columns, RowKind
from xinshu.demo.numbers import amount_text
from xinshu.demo.registry import INDIVIDUAL
from xinshu.demo.world import Integers, World
from xinshu.kernel.identifiers import Uscc

PERSON_SHARE = 0.04
_NAMELESS_SHARE = 0.4  # of individual businesses, where the item takes the placeholder code
_FORMER_SHARE = 0.3  # of the records about a renamed company that still use the former name
_OLD_NUMBER_SHARE = 0.5
_REP_ID_SHARE = 0.12
_YEARS = (1, 1, 1, 2, 3, 4, 5)  # how many years ago the rated year was
_RATED = 109  # day of the year: 20 April


@dataclass(frozen=True, slots=True)
class Order:
    """What a builder is asked for: `count` rows of an item by one supplier, received on a day.

    `authority` decided the records; it is the supplier itself unless one office sends for another.
    """

    item: CatalogueItem
    supplier: Organisation
    received: date
    count: int
    rng: np.random.Generator
    dice: Random
    authority: Organisation


@dataclass(frozen=True, slots=True)
class Draft:
    """Counterparts and days of `count` rows, as parallel lists. Subject -1: a natural person."""

    kinds: list[RowKind]
    subjects: list[int]
    names: list[str]
    codes: list[str]
    representatives: list[str]
    ids: list[str]
    days: list[int]
    places: list[str]


@lru_cache(maxsize=65_536)
def iso(day: int) -> str:
    """A day number as an ISO date."""
    return date.fromordinal(day + EPOCH).isoformat()


@lru_cache(maxsize=65_536)
def chinese(day: int) -> str:
    """A day number as 2026年5月3日."""
    found = date.fromordinal(day + EPOCH)
    return f"{found.year}年{found.month}月{found.day}日"


def year_of(day: int) -> int:
    """The year of a day number."""
    return date.fromordinal(day + EPOCH).year


def draw(
    world: World, order: Order, days: Integers, *, space: str, persons: float = 0.0, companies: bool = False
) -> Draft:
    """Whom the rows are about; no (subject, day) twice in a space."""
    met, on = world.meet(space, order.supplier, days, order.count, order.rng, companies=companies)
    human = (order.rng.random(order.count) < persons).tolist()
    chance = order.rng.random(order.count).tolist()
    registry, dice = world.registry, order.dice
    placeholder = any(each.placeholder_code_when for each in order.item.fields)
    draft = Draft([], [], [], [], [], [], on.tolist(), [])
    for subject, person, lot in zip(met.tolist(), human, chance, strict=True):
        if person:
            county = dice.randrange(len(registry.counties))
            _add(
                draft, "person", -1, registry.person(dice), "", "", world.citizen(dice), registry.address(dice, county)
            )
            continue
        kind: RowKind = "individual" if registry.kinds[subject] == INDIVIDUAL else "organisation"
        name, code = registry.names[subject], registry.codes[subject]
        if kind == "individual" and placeholder and lot < _NAMELESS_SHARE:
            kind, code = "nameless", Uscc.PLACEHOLDER
        elif registry.former[subject] and lot < _FORMER_SHARE:
            name = registry.former[subject]
        _add(draft, kind, subject, name, code, registry.persons[subject], "", registry.addresses[subject])
    return draft


def _add(
    draft: Draft, kind: RowKind, subject: int, name: str, code: str, representative: str, number: str, place: str
) -> None:
    draft.kinds.append(kind)
    draft.subjects.append(subject)
    draft.names.append(name)
    draft.codes.append(code)
    draft.representatives.append(representative)
    draft.ids.append(number)
    draft.places.append(place)


def empty_columns(item: CatalogueItem, count: int) -> Columns:
    """All columns of the item, all cells empty."""
    return {each.code: [""] * count for each in item.fields}


def common_columns(order: Order, draft: Draft) -> Columns:
    """Counterpart, event date, authority and source, where the item has such columns; the others empty."""
    roles, count = order.item.roles, order.count
    columns = empty_columns(order.item, count)
    columns[roles.counterpart_name] = list(draft.names)
    authority, supplier = order.authority, order.supplier
    given: dict[str | None, list[Cell]] = {
        roles.uscc: list(draft.codes),
        roles.id_no: list(draft.ids),
        roles.id_type: ["身份证" if number else "" for number in draft.ids],
        roles.event_date: [iso(day) for day in draft.days],
        roles.authority_name: [authority.name] * count,
        roles.authority_code: [authority.uscc] * count,
        roles.source_name: [supplier.name] * count,
        roles.source_code: [supplier.uscc] * count,
    }
    columns |= {code: cells for code, cells in given.items() if code is not None}
    return columns


def decision_columns(world: World, order: Order, draft: Draft, prefix: str) -> Columns:
    """The counterpart columns that permits and penalties share (XK_XDR_…, CF_XDR_…)."""
    columns = common_columns(order, draft)
    registry, dice = world.registry, order.dice
    words = {
        "organisation": "法人及非法人组织",
        "individual": "个体工商户",
        "nameless": "个体工商户",
        "person": "自然人",
    }
    columns[f"{prefix}_XDR_LB"] = [words[kind] for kind in draft.kinds]
    columns[f"{prefix}_FRDB"] = list(draft.representatives)
    numbers, org_codes = columns[f"{prefix}_XDR_GSZC"], columns[f"{prefix}_XDR_ZZJG"]
    id_types, ids = columns[f"{prefix}_FR_ZJLX"], columns[f"{prefix}_FR_ZJHM"]
    lots = order.rng.random(order.count).tolist()
    for place, (kind, subject) in enumerate(zip(draft.kinds, draft.subjects, strict=True)):
        if kind == "person":
            continue
        if lots[place] < _OLD_NUMBER_SHARE:
            numbers[place] = registry.old_numbers[subject]
            if kind == "organisation":
                org_codes[place] = registry.codes[subject][8:17]
        if lots[place] > 1 - _REP_ID_SHARE:
            id_types[place], ids[place] = "身份证", world.citizen(dice)
    return columns


def published_years(received: date) -> Integers:
    """Years in which yearly ratings were published before the day of receipt, the latest the most frequent."""
    latest = received.year if received >= received.replace(month=4, day=20) else received.year - 1
    return np.asarray([latest - back + 1 for back in _YEARS], dtype=np.int64)


def rating_day(year: int, received: date, dice: Random) -> int:
    """A day around 20 April of the year of publication, before the day of receipt."""
    first = date(year, 1, 1).toordinal() - EPOCH
    return min(first + _RATED + dice.randrange(-6, 10), received.toordinal() - EPOCH - 1)


def amounts(rng: np.random.Generator, count: int, median: float, spread: float, most: float) -> list[str]:
    """Log-normal amounts in 万元, at least 0.05 and at most `most`, two decimals."""
    found = np.clip(median * np.exp(rng.normal(0.0, spread, size=count)), 0.05, most)
    return [amount_text(value) for value in found.tolist()]
