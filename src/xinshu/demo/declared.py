"""Rows of any item, made from its declaration: roles say whom and when, kinds and code lists what a cell may hold, row
rules what has to be filled and which date comes first. Word patterns of the profile (texts.yaml, `records`) come first;
where there are none the declaration's own examples stand in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import numpy as np

from xinshu.catalogue.domain import CatalogueItem, ItemField, RowRule
from xinshu.demo.domain import EPOCH, Columns
from xinshu.demo.drafts import (
    PERSON_SHARE,
    Draft,
    Order,
    chinese,
    common_columns,
    decision_columns,
    draw,
    iso,
    published_years,
    rating_day,
    year_of,
)
from xinshu.demo.numbers import amount_text
from xinshu.demo.plants.spot import holds
from xinshu.demo.words import NumberWords, RecordWords
from xinshu.demo.world import Integers, World, mark_of

Unit = Literal["day", "month", "year", "ever"]

_BACK = 120  # days within which events lie, if no deadline asks for less
_MONTHS = 12
_OPTIONAL_SHARE, _PAST_END_SHARE = 0.7, 0.25
_TERM = (180, 1095)  # days a record is valid
_BEFORE = (20, 900)  # days from a first date to the one that follows it
_MOST = 9_000.0  # 万元: an individual business with more is doubted
_GIVEN_BY_ROLE = frozenset({"uscc", "org_code", "reg_no", "id_number", "name"})


def records(world: World, order: Order) -> tuple[Draft, Columns]:
    """`order.count` rows of an item that has no maker of its own."""
    item = order.item
    words = world.words.records.get(item.item, RecordWords())
    unit = unit_of(item)
    draft = _draw(world, order, words, unit)
    prefix = item.roles.counterpart_name.split("_")[0]
    shared = item.roles.counterpart_kind is not None  # the counterpart columns of permits and penalties
    columns = decision_columns(world, order, draft, prefix) if shared else common_columns(order, draft)
    maker = _Maker(world, order, draft, words, unit)
    for place in range(order.count):
        values = {code: str(cells[place]) for code, cells in columns.items()}
        for code, value in maker.row(place, values).items():
            columns[code][place] = value
    return draft, columns


def unit_of(item: CatalogueItem) -> Unit:
    """How often an item may name the same subject, read off its natural key."""
    kinds = {item.field(code).kind for code in item.key if code in item.by_code}
    if "month" in kinds:
        return "month"
    if item.roles.event_date in item.key or kinds & {"document_no", "other_no"} or item.subject_kinds == _PERSONS:
        return "day"
    return "year" if "year" in kinds else "ever"


_PERSONS = ("natural_person",)


def _draw(world: World, order: Order, words: RecordWords, unit: Unit) -> Draft:
    """Whom the rows are about and the day of each: of the event, or the first of the month it is about."""
    item, received, dice = order.item, order.received, order.dice
    choices: dict[Unit, Callable[[], Integers]] = {
        "day": lambda: world.event_days(item, received, words.back or _BACK),
        "month": lambda: _months(received),
        "year": lambda: published_years(received),
        "ever": lambda: np.zeros(1, dtype=np.int64),
    }
    persons = 0.0
    if "natural_person" in item.subject_kinds:
        persons = 1.0 if item.subject_kinds == _PERSONS else (words.persons or PERSON_SHARE)
    by_office = unit == "day" or {item.roles.authority_code, item.roles.source_code} & set(item.key)
    space = f"{item.item}:{order.authority.uscc}" if by_office else item.item
    companies = "individual_business" not in item.subject_kinds
    draft = draw(world, order, choices[unit](), space=space, persons=persons, companies=companies)
    if unit == "year":
        return replace(draft, days=[rating_day(year, received, dice) for year in draft.days])
    if unit == "ever":
        today = received.toordinal() - EPOCH
        return replace(draft, days=[today - 1 - dice.randrange(words.back or _BACK) for _ in draft.days])
    return draft


def _months(received: date) -> Integers:
    """First days of the months before the one of receipt."""
    last = received.year * 12 + received.month - 1
    firsts = [date((last - back) // 12, (last - back) % 12 + 1, 1) for back in range(1, _MONTHS + 1)]
    return np.asarray([day.toordinal() - EPOCH for day in firsts])


@dataclass(slots=True)
class _Maker:
    """Fills the cells of one row after the other."""

    world: World
    order: Order
    draft: Draft
    words: RecordWords
    unit: Unit
    _open: list[ItemField] = field(default_factory=list)
    _dates: list[ItemField] = field(default_factory=list)
    _orders: list[RowRule] = field(default_factory=list)

    def __post_init__(self) -> None:
        item = self.order.item
        roles = {getattr(item.roles, name) for name in item.roles.__slots__} - {item.roles.ends_on, item.roles.headline}
        roles -= {item.roles.document_no}
        free = [
            each
            for each in item.fields
            if each.code not in roles
            and each.kind not in _GIVEN_BY_ROLE
            and each.mask != "id"
            and not each.name.endswith("id_type")
        ]
        self._dates = [each for each in free if each.kind == "date"]
        self._open = [each for each in free if each.kind != "date"]
        self._orders = [rule for rule in item.rules if rule.rule == "date.order"]

    def row(self, place: int, values: dict[str, str]) -> dict[str, str]:
        """The finished cells of one row; `values` holds whom it is about, when, and who sent it."""
        patterns = self._patterns(place)
        item = self.order.item
        for code in patterns:  # a case may want a cell empty that roles have filled
            if not patterns[code]:
                values[code] = ""
        for each in self._open:
            if each.kind in ("code", "codes"):
                values[each.code] = patterns[each.code] if each.code in patterns else self._listed(each)
        decided = {each.code for each in item.fields if values[each.code]} | {
            code for code, text in patterns.items() if not text
        }
        self._numbers(values, decided, patterns)
        self._event(place, values)
        for each in self._dates:
            if each.code not in decided:
                self._date(each, values, set())
                decided.add(each.code)
        lazy = _Cells(self, place, values)
        for code, pattern in patterns.items():
            values[code] = pattern.format_map(lazy)
        for each in self._open:
            if each.code not in decided and each.code not in patterns:
                values[each.code] = self._other(each, place, values)
        for each in item.fields:  # names and numbers of others than the counterpart
            if each.required and not values[each.code]:
                values[each.code] = each.example
        return values

    def _patterns(self, place: int) -> dict[str, str]:
        """What the word lists say of this row: fields of every row, one case, one state."""
        dice, kind = self.order.dice, self.order.authority.kind
        found = {code: dice.choice(texts) for code, texts in self.words.fields.items()}
        for group in (self.words.cases, self.words.states):
            fitting = [each for each in group if not each.kinds or kind in each.kinds] or list(group)
            if fitting:
                case = dice.choices(fitting, [each.weight for each in fitting])[0]
                found |= {code: dice.choice(texts) for code, texts in case.fields.items()}
        if self.draft.kinds[place] != "person":
            found = {code: text for code, text in found.items() if code != self.order.item.roles.id_no}
        return found

    def _listed(self, each: ItemField) -> str:
        """A value of the code list."""
        dice = self.order.dice
        if not each.required and dice.random() > _OPTIONAL_SHARE:
            return ""
        values = [value.value for value in each.values]
        count = 2 if each.kind == "codes" and len(values) > 2 and dice.random() < 0.2 else 1
        return "；".join(dice.sample(values, count))

    def _numbers(self, values: dict[str, str], decided: set[str], patterns: Mapping[str, str]) -> None:
        for each in self._open:
            if each.kind not in ("amount", "number") or each.code in decided or each.code in patterns:
                continue
            words = self.words.numbers.get(each.code)
            if words is None:
                example = float(each.example or "1")
                words = NumberWords(median=example, most=max(example * 20, 1.0), share=_OPTIONAL_SHARE)
            decided.add(each.code)
            if each.required or self._demanded(each, values) or self.order.dice.random() < words.share:
                values[each.code] = self._number(each, words, values)

    def _number(self, each: ItemField, words: NumberWords, values: Mapping[str, str]) -> str:
        value = words.median * self.order.dice.lognormvariate(0.0, words.spread)
        if words.of:
            value *= float(values[words.of] or "0")
        value = max(min(value, words.most), words.least)
        if each.kind == "amount":
            value = min(value, _MOST)
        return str(round(value)) if words.whole else amount_text(value)

    def _event(self, place: int, values: dict[str, str]) -> None:
        """A record of a month is of that month's settlement; its event lies a few days after the month."""
        code = self.order.item.roles.event_date
        if self.unit == "month" and code is not None and values[code]:
            last = self.order.received.toordinal() - EPOCH
            values[code] = iso(min(self.draft.days[place] + 32 + self.order.dice.randrange(20), last))

    def _date(self, each: ItemField, values: dict[str, str], visiting: set[str]) -> None:
        """A date that agrees with the order rules, with the words for it, and with the day of receipt."""
        if each.code in visiting or values[each.code]:
            return
        item, dice = self.order.item, self.order.dice
        words = self.words.dates.get(each.code)
        starts = [rule.fields[0] for rule in self._orders if rule.fields[1] == each.code]
        ends = [rule.fields[1] for rule in self._orders if rule.fields[0] == each.code]
        demanded = each.required or self._demanded(each, values)
        share = words.share if words else (_PAST_END_SHARE if each.past_only and starts else 0.85)
        if not demanded and (self._conditional(each) or dice.random() > share):
            return
        for code in ([words.of] if words and words.of else []) + starts:
            if code in item.by_code and item.field(code) in self._dates:
                self._date(item.field(code), values, visiting | {each.code})
        today = self.order.received.toordinal() - EPOCH
        first = max((_number_of(values[code]) for code in starts if values[code]), default=None)
        last = min((_number_of(values[code]) for code in ends if values[code]), default=None)
        day = self._day_of(words.of if words else None, values, today)
        if words is not None:
            day += dice.randint(words.least, words.most)
        elif first is not None:
            day = first + (dice.randrange(90) if each.past_only else dice.randint(*_TERM))
        elif last is not None:
            day = last - dice.randint(*_BEFORE)
        day = min(day, today) if each.past_only else day
        day = day if first is None else max(day, first)
        values[each.code] = iso(day if last is None else min(day, last))

    def _day_of(self, code: str | None, values: Mapping[str, str], today: int) -> int:
        """The date a word pattern counts from: a column, else the event, else the day of receipt."""
        text = values.get(code or "", "") or values.get(self.order.item.roles.event_date or "", "")
        return _number_of(text) if text else today

    def _demanded(self, each: ItemField, values: Mapping[str, str]) -> bool:
        """Whether a row rule asks for the cell in this row."""
        return any(
            all(holds(values.get(when.field, ""), when) for when in rule.when)
            for rule in self.order.item.rules
            if rule.rule in ("conditional.required", "amount.required") and each.code in rule.fields
        )

    def _conditional(self, each: ItemField) -> bool:
        """Whether a row rule asks for the cell in some rows: it is then left empty in the others."""
        return any(
            rule.rule in ("conditional.required", "amount.required") and each.code in rule.fields
            for rule in self.order.item.rules
        )

    def _other(self, each: ItemField, place: int, values: Mapping[str, str]) -> str:
        """A cell the words say nothing of, by its kind."""
        registry, subject = self.world.registry, self.draft.subjects[place]
        year = year_of(self.draft.days[place])
        if each.kind == "month":
            return iso(self.draft.days[place])[:7].replace("-", "")
        if each.kind == "year":
            return str(year - 1 if self.unit == "year" else year)
        if each.kind == "region":
            counties = registry.counties
            county = registry.county[subject] if subject >= 0 else self.order.dice.randrange(len(counties))
            return counties[county][0]
        if each.kind == "industry":
            return registry.industries[subject] if subject >= 0 else ""
        if each.kind == "document_no":
            number = self.world.number(f"{self.order.item.item}:{self.order.authority.uscc}:{year}")
            return f"{mark_of(self.order.authority)}〔{year}〕{number}号"
        if each.kind == "other_no" and each.code in self.order.item.key:
            return f"{year}{self.world.number(f'{self.order.item.item}:{each.code}'):06}"
        return each.example if each.required or self._demanded(each, values) else ""


class _Cells(dict[str, object]):
    """The names a pattern may use, each worked out when first asked for, and the cells made so far by column code."""

    def __init__(self, maker: _Maker, place: int, values: dict[str, str]) -> None:
        super().__init__()
        self._maker, self._place, self._values = maker, place, values

    def __missing__(self, name: str) -> object:
        if name in self._values:
            return self._values[name]
        self[name] = found = self._made(name)
        return found

    def _made(self, name: str) -> object:
        maker, place = self._maker, self._place
        world, order, draft, dice = maker.world, maker.order, maker.draft, maker.order.dice
        year = year_of(draft.days[place])
        made: dict[str, Callable[[], object]] = {
            "name": lambda: draft.names[place],
            "code": lambda: draft.codes[place],
            "place": lambda: draft.places[place],
            "authority": lambda: order.authority.name,
            "region": lambda: order.authority.region,
            "mark": lambda: mark_of(order.authority),
            "city": lambda: _city(order),
            "year": lambda: year,
            "day": lambda: chinese(draft.days[place] - 5 - dice.randrange(60)),
            "serial": lambda: world.number(f"{order.item.item}:{order.authority.uscc}:{year}"),
            "number": lambda: world.number(order.item.item),
            "n": lambda: 3 + dice.randrange(197),
            "m": lambda: 2 + dice.randrange(8),
            "goods": lambda: dice.choice(world.words.lists["goods"]),
            "person": lambda: world.registry.person(dice),
            "stranger": lambda: world.registry.stranger(dice)[1],
            "trade": lambda: world.registry.scopes[draft.subjects[place]].split("；")[0],
        }
        return made[name]()


def _city(order: Order) -> str:
    return f"{order.authority.name[0]}市" if order.authority.level == "city" else "示例省"


def _number_of(text: str) -> int:
    return date.fromisoformat(text).toordinal() - EPOCH
