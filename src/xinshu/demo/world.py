"""What all files of one demo share: the registry, who has met whom on which day, running numbers, deadlines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from random import Random

import numpy as np
import numpy.typing as npt

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.reference import Divisions, Organisation
from xinshu.demo.domain import EPOCH, Cell
from xinshu.demo.errors import DemoTooSmall
from xinshu.demo.numbers import citizen_number
from xinshu.demo.registry import COMPANY, COOPERATIVE, Registry
from xinshu.demo.words import Words
from xinshu.rules.deadlines import due
from xinshu.rules.domain import Rules

Integers = npt.NDArray[np.int64]

_ROUNDS = 12
_DAYS = 1 << 20  # more than any day number
_FARTHEST_BACK = 40  # days; no reporting deadline of a few working days reaches further back
_HOME_SHARE = 0.85  # of an authority's counterparts registered in its own city


@dataclass(slots=True)
class World:
    """State shared by the files, in the order they are made."""

    words: Words
    registry: Registry
    divisions: Divisions
    organisations: tuple[Organisation, ...]
    rules: Rules
    usable: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    closed: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    met: dict[str, set[int]] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    penalties: dict[str, list[dict[str, Cell]]] = field(default_factory=dict)  # accepted ones, by authority's code
    planted: dict[str, int] = field(default_factory=dict)  # rule: times planted
    _pools: dict[tuple[bool, int], Integers] = field(default_factory=dict)
    _due: Callable[[str, date], date] | None = None

    def __post_init__(self) -> None:
        rules = self.rules

        @cache
        def last_day(name: str, day: date) -> date:
            return due(name, day, rules.calendar, rules.deadlines).day

        self._due = last_day

    def late(self, item: CatalogueItem, day: date, received: date) -> bool:
        """Whether an event of that day is reported after the item's deadline."""
        if item.deadline is None or self._due is None:
            return False
        return self._due(item.deadline.rule, day) < received

    def event_days(self, item: CatalogueItem, received: date, back: int) -> Integers:
        """Days (since 1970) on which an event may lie to be reported in time: at most `back` days before receipt."""
        days = [received - timedelta(days=age) for age in range(min(back, _FARTHEST_BACK) if item.deadline else back)]
        return np.asarray([day.toordinal() - EPOCH for day in days if not self.late(item, day, received)])

    def settle_registry(self, spoiled: set[int]) -> None:
        """Fix which subjects other items may name: those whose registration row is as it should be."""
        good = [place for place in range(len(self.registry)) if place not in spoiled]
        status = self.registry.status
        self.usable = np.asarray([place for place in good if status[place] in ("存续", "迁出")], dtype=np.int64)
        self.closed = np.asarray([place for place in good if status[place] in ("注销", "吊销")], dtype=np.int64)
        self._pools.clear()

    def _pool(self, city: int, *, companies: bool) -> Integers:
        """Usable subjects of a city (-1: of all); only companies and cooperatives if asked."""
        if (companies, city) not in self._pools:
            registry, pool = self.registry, self.usable
            if companies:
                kinds = np.asarray(registry.kinds)[pool]
                pool = pool[(kinds == COMPANY) | (kinds == COOPERATIVE)]
            if city >= 0:
                pool = pool[np.asarray(registry.city)[pool] == city]
            self._pools[companies, city] = pool
        return self._pools[companies, city]

    def meet(
        self,
        space: str,
        supplier: Organisation,
        days: Integers,
        count: int,
        rng: np.random.Generator,
        *,
        companies: bool = False,
    ) -> tuple[Integers, Integers]:
        """Draw `count` pairs (subject, day), none of which was drawn in this space before.

        Raises:
            DemoTooSmall: there are too few subjects for so many different pairs.
        """
        everyone = self._pool(-1, companies=companies)
        home = self._pool(self.registry.cities.get(supplier.region, -1), companies=companies)
        taken = self.met.setdefault(space, set())
        pairs: list[int] = []
        for _ in range(_ROUNDS if len(everyone) and len(days) else 0):
            wanted = count - len(pairs)
            if not wanted:
                break
            drawn = everyone[rng.integers(len(everyone), size=wanted)]
            if len(home):
                drawn = np.where(rng.random(wanted) < _HOME_SHARE, home[rng.integers(len(home), size=wanted)], drawn)
            for pair in (drawn * _DAYS + days[rng.integers(len(days), size=wanted)]).tolist():
                if pair not in taken:
                    taken.add(pair)
                    pairs.append(pair)
        if len(pairs) < count:  # chance finds few of the pairs that are left: take from all of them
            every = (everyone[:, None] * _DAYS + np.unique(days)[None, :]).ravel()
            free = [pair for pair in rng.permutation(every).tolist() if pair not in taken][: count - len(pairs)]
            taken.update(free)
            pairs += free
        if len(pairs) < count:
            raise DemoTooSmall("主体太少，无法生成这么多互不重复的记录", fix="增大 --subjects，或减小 --rows")
        found = np.asarray(pairs, dtype=np.int64)
        return found // _DAYS, found % _DAYS

    def claim(self, space: str, subject: int, day: int) -> bool:
        """Reserve one pair; False when it is taken."""
        taken = self.met.setdefault(space, set())
        pair = subject * _DAYS + day
        if pair in taken:
            return False
        taken.add(pair)
        return True

    def number(self, series: str) -> int:
        """The next number of a series, from 1."""
        self.running[series] = self.running.get(series, 0) + 1
        return self.running[series]

    def citizen(self, dice: Random) -> str:
        """The id of a person nobody else has in this demo."""
        counties = self.registry.counties
        return citizen_number(counties[dice.randrange(len(counties))][0], self.number("citizen"))

    def count(self, rule: str) -> None:
        """Take note of one planted error."""
        self.planted[rule] = self.planted.get(rule, 0) + 1


def mark_of(organisation: Organisation) -> str:
    """The short mark of an authority in its document numbers: A for a city, 示 for the province."""
    return organisation.name.removeprefix("国家税务总局")[0] if organisation.level == "city" else "示"
