"""One large file of penalties, for measurements: long texts, all different, in the 25 columns departments mostly fill."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random

import numpy as np

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.loading import find_item, load_catalogue
from xinshu.catalogue.reference import Organisation
from xinshu.demo import decisions
from xinshu.demo.domain import KeyLine, Table
from xinshu.demo.drafts import Order
from xinshu.demo.generation import key_lines, make_world, refuse
from xinshu.demo.plants import plant
from xinshu.demo.plants.spot import Spot
from xinshu.demo.schedule import registered_at
from xinshu.demo.styles import STYLES
from xinshu.demo.world import World
from xinshu.demo.writing import csv_line, csv_records
from xinshu.kernel.clock import SHANGHAI
from xinshu.kernel.profiles import Profile

ITEM = "administrative-penalty"
LEFT_OUT = frozenset(
    {
        "CF_XDR_GSZC",
        "CF_XDR_SWDJ",
        "CF_XDR_SYDW",
        "CF_XDR_SHZZ",
        "CF_FR_ZJLX",
        "X_CXLB",
        "X_SXCD",
        "X_LY",
    }
)
"""Columns the file has not; none is required."""
_BLOCK = 20_000  # rows made at a time
_BACK = 30  # days within which the decisions lie, if the deadline allows


def penalty_file(
    path: Path,
    *,
    profile: Profile,
    rows: int,
    seed: int,
    bad_rate: float = 0.0,
    as_of: datetime,
    subjects: int = 20_000,
) -> tuple[KeyLine, ...]:
    """Write one UTF-8 CSV of `rows` penalties, about 800 bytes each, sent by the province for its cities.

    Args:
        subjects: size of the registry the counterparts come from: that of `generate` with the same seed, subjects and
            `as_of`.
        as_of: moment of receipt; all decisions are in time.
    Returns:
        The lines of the answer key. The supplier is the province's market regulator.
    Raises:
        DemoTooSmall, WordsInvalid: as `generate`.
    """
    refuse(subjects, rows, bad_rate)
    moment = as_of.astimezone(SHANGHAI).replace(second=0, microsecond=0)
    item = find_item(load_catalogue(profile), ITEM)
    world = make_world(profile, subjects, seed, registered_at(moment))
    world.settle_registry(set())
    offices = [each for each in world.organisations if each.kind == "market-regulation"]
    supplier = next(each for each in offices if each.level == "province")
    cities = [each for each in offices if each.level == "city"]
    shown = [each for each in item.fields if each.code not in LEFT_OUT]
    key: list[KeyLine] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_line([each.title for each in shown], ",", "\n"))
        for number, start in enumerate(range(0, rows, _BLOCK)):
            count = min(_BLOCK, rows - start)
            authority = cities[number % len(cities)]
            table = _block(world, item, supplier, authority, moment, seed, start, count, path.name)
            plant(Spot(table, world, Random(f"{seed}/plants/{number}"), set()), round(count * bad_rate))  # noqa: S311
            for part in csv_records(table, [each.code for each in shown]):
                file.write(part)
            key += key_lines(table, start)
    return tuple(key)


def _block(
    world: World,
    item: CatalogueItem,
    supplier: Organisation,
    authority: Organisation,
    moment: datetime,
    seed: int,
    start: int,
    count: int,
    name: str,
) -> Table:
    """Penalties of one city, made from seed and place."""
    rng = np.random.default_rng([seed, 3, start])
    dice = Random(f"{seed}/penalties/{start}")  # noqa: S311 - demonstration data
    received = moment.date()
    order = Order(item, supplier, received, count, rng, dice, authority)
    days = world.event_days(item, received, _BACK)
    draft = decisions.draw_decisions(world, order, days)
    columns = decisions.penalties_on(world, order, draft, serial=start + 1)[1]
    for code in LEFT_OUT:
        columns[code] = [""] * count
    return Table(item, name, supplier, moment, STYLES[0], columns, draft.kinds, draft.subjects)
