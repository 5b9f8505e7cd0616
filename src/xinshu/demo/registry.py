"""The subjects of the demo province: names, codes and registration facts; no two share a name, present or former."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import numpy as np
import numpy.typing as npt

from xinshu.catalogue.reference import Divisions
from xinshu.demo.numbers import amount_text, credit_code, credit_codes, registration_number
from xinshu.demo.words import Trade, Words
from xinshu.kernel.text import normalise_name

Integers = npt.NDArray[np.int64]

COMPANY, INDIVIDUAL, COOPERATIVE, BRANCH = range(4)
_KIND_SHARES = (0.58, 0.33, 0.05, 0.04)
_PREFIXES = ("91", "92", "93", "91")
_MARK_LENGTHS = (2, 2, 2, 2, 2, 2, 2, 3, 3, 4)  # characters of a trade mark
_STATUSES = ("存续", "注销", "吊销", "迁出", "撤销")
_STATUS_SHARES = (0.905, 0.05, 0.025, 0.015, 0.005)
_FIRST_DAY = 7_300  # days since 1970: late 1989
_OLD_NUMBERS_BEFORE = 16_709  # 2015-10-01: since then only credit codes are given [recalled]


@dataclass(slots=True)
class Registry:
    """Subjects as parallel columns; days count from 1970-01-01. `regions` are the counties they are registered in."""

    words: Words
    counties: list[tuple[str, str, str]]  # (code, city name, county name)
    cities: dict[str, int]  # city code: its number
    kinds: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    former: list[str] = field(default_factory=list)
    county: list[int] = field(default_factory=list)
    city: list[int] = field(default_factory=list)
    persons: list[str] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    entity_types: list[str] = field(default_factory=list)
    industries: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    capitals: list[str] = field(default_factory=list)
    established: list[int] = field(default_factory=list)
    approved: list[int] = field(default_factory=list)
    old_numbers: list[str] = field(default_factory=list)
    used_names: set[str] = field(default_factory=set)
    strangers: int = 0  # codes given to organisations outside the registry

    def __len__(self) -> int:
        return len(self.names)

    def alphabet(self) -> str:
        """Every character that names are made of, brackets as compared names have them."""
        words, names = self.words, []
        names += [words.trade_characters, "示例省农民专业合作社分公司()县区市东西南北中"]
        names += [trade.word + "".join(trade.forms) for trade in (*words.companies, *words.shops, *words.farms)]
        names += [form.ending for form in words.forms] + [city + county for _, city, county in self.counties]
        return "".join(sorted(set("".join(names))))

    def address(self, dice: Random, county: int) -> str:
        """A made-up address in a county."""
        _, city, name = self.counties[county]
        words = self.words
        town = words.towns[dice.randrange(len(words.towns))]
        street = words.streets[dice.randrange(len(words.streets))]
        return f"{city}{name}{town}{street}{dice.randrange(1, 400)}号"

    def person(self, dice: Random) -> str:
        """A made-up person's name of two or three characters; frequent surnames are frequent."""
        words = self.words
        surname = words.surnames[int(len(words.surnames) * dice.random() ** 2)]
        return surname + "".join(dice.choices(words.given, k=2 if dice.random() < 0.72 else 1))

    def stranger(self, dice: Random, region: str | None = None, prefix: str = "91") -> tuple[str, str]:
        """(code, name) of an organisation that is in no registry; `region` may be one that does not exist."""
        self.strangers += 1
        place = region or self.counties[dice.randrange(len(self.counties))][0]
        code = credit_code(prefix, place, 400_000_000 + self.strangers)
        return code, self.new_company(dice, dice.randrange(len(self.counties)))[0]

    def new_company(self, dice: Random, county: int) -> tuple[str, str, Trade]:
        """(name, entity type, trade) of a company nobody has the name of."""
        words = self.words
        trade = words.companies[dice.randrange(len(words.companies))]
        form = dice.choices(words.forms, [each.weight for each in words.forms])[0]
        city = self.counties[county][1]
        manner = dice.random()

        def compose(mark: str) -> str:
            if manner < 0.55:
                return f"{city}{mark}{trade.word}{form.ending}"
            if manner < 0.75:
                return f"{mark}（{city}）{trade.word}{form.ending}"
            return f"示例省{mark}{trade.word}{form.ending}" if manner < 0.88 else f"{mark}{trade.word}{form.ending}"

        return self._unused(dice, compose), form.entity_type, trade

    def new_shop(self, dice: Random, county: int) -> tuple[str, Trade]:
        """(name, trade) of an individual business."""
        words = self.words
        trade = words.shops[dice.randrange(len(words.shops))]
        form = trade.forms[dice.randrange(len(trade.forms))]
        _, city, name = self.counties[county]
        return self._unused(dice, lambda mark: f"{city}{name}{mark}{trade.word}{form}"), trade

    def _farm(self, dice: Random, county: int) -> tuple[str, Trade]:
        words = self.words
        trade = words.farms[dice.randrange(len(words.farms))]
        name = self.counties[county][2]
        return self._unused(dice, lambda mark: f"{name}{mark}{trade.word}农民专业合作社"), trade

    def _branch(self, dice: Random, county: int) -> tuple[str, Trade]:
        parents = [place for place, kind in enumerate(self.kinds[-200:], max(0, len(self.kinds) - 200)) if not kind]
        name, _, trade = self.new_company(dice, county)
        if parents:
            parent = self.names[parents[dice.randrange(len(parents))]]
            city, place = self.counties[county][1:]
            name = self._unused(dice, lambda mark: f"{parent}{city}{place}{mark}分公司", short=True)
        return name, trade

    def _unused(self, dice: Random, compose: Callable[[str], str], *, short: bool = False) -> str:
        """The name made with a trade mark of two to four characters that gives one not used before."""
        characters = self.words.trade_characters
        for attempt in range(200):
            length = 0 if short and not attempt else dice.choice(_MARK_LENGTHS) + attempt // 20
            name = compose("".join(dice.choices(characters, k=length)))
            if (key := normalise_name(name)) not in self.used_names:
                self.used_names.add(key)
                return name
        raise AssertionError("names of several characters more cannot all be used")


def build_registry(
    words: Words, divisions: Divisions, count: int, rng: np.random.Generator, received: int, top: str
) -> Registry:
    """`count` subjects registered before the day `received`, spread over the counties of the province `top`."""
    cities = sorted(code for code, each in divisions.by_code.items() if each.parent == top and not each.retired)
    numbers = {code: place for place, code in enumerate(cities)}
    counties = [
        (code, divisions.name(each.parent), each.name)
        for code, each in sorted(divisions.by_code.items())
        if each.parent in numbers and not each.retired
    ]
    registry = Registry(words, counties, numbers)
    _fill(registry, divisions, count, rng, received)
    return registry


def _fill(registry: Registry, divisions: Divisions, count: int, rng: np.random.Generator, received: int) -> None:
    registry.county = rng.integers(len(registry.counties), size=count).tolist()
    registry.city = [registry.cities[divisions.parent(registry.counties[place][0])] for place in registry.county]
    kinds = rng.choice(4, size=count, p=_KIND_SHARES).tolist()
    registry.status = [_STATUSES[place] for place in rng.choice(5, size=count, p=_STATUS_SHARES).tolist()]
    ages = rng.random(count)
    registry.established = (received - 60 - (ages**1.7 * (received - 60 - _FIRST_DAY)).astype(np.int64)).tolist()
    later = rng.random(count)
    span = received - np.asarray(registry.established, dtype=np.int64)
    registry.approved = (np.asarray(registry.established) + (later * (span - 1)).astype(np.int64)).tolist()
    capitals = np.clip(np.exp(rng.normal(5.0, 1.4, size=count)), 1, 200_000).round(-1) + 10
    dice = Random(int(rng.integers(2**63)))  # noqa: S311 - demonstration data
    for place, kind in enumerate(kinds):
        _one(registry, dice, kind, registry.county[place])
        has_capital = kind in (COMPANY, COOPERATIVE)
        registry.capitals.append(amount_text(float(capitals[place])) if has_capital else "")
    regions = [registry.counties[place][0] for place in registry.county]
    registry.codes = credit_codes([_PREFIXES[kind] for kind in kinds], regions, np.arange(count, dtype=np.int64))
    registry.old_numbers = [
        registration_number(region, place) if day < _OLD_NUMBERS_BEFORE else ""
        for place, (region, day) in enumerate(zip(regions, registry.established, strict=True))
    ]


def _one(registry: Registry, dice: Random, kind: int, county: int) -> None:
    former = ""
    if kind == INDIVIDUAL:
        name, trade = registry.new_shop(dice, county)
        entity_type = "个体工商户"
    elif kind == COOPERATIVE:
        name, trade = registry._farm(dice, county)
        entity_type = "农民专业合作社"
    elif kind == BRANCH:
        name, trade = registry._branch(dice, county)
        entity_type = "有限责任公司分公司"
    else:
        name, entity_type, trade = registry.new_company(dice, county)
        if dice.random() < 0.09:
            former = registry.new_company(dice, county)[0]
    registry.kinds.append(kind)
    registry.names.append(name)
    registry.former.append(former)
    registry.entity_types.append(entity_type)
    registry.industries.append(trade.industry)
    registry.scopes.append(trade.scope)
    registry.persons.append(registry.person(dice))
    registry.addresses.append(registry.address(dice, county))
