"""Rows of credit commitments, contract performance and tax credit ratings."""

from __future__ import annotations

from xinshu.demo.domain import EPOCH, Columns
from xinshu.demo.drafts import (
    PERSON_SHARE,
    Draft,
    Order,
    amounts,
    common_columns,
    draw,
    iso,
    published_years,
    rating_day,
)
from xinshu.demo.world import World, mark_of

_COMMITMENT_BACK, _CONTRACT_BACK = 60, 360


def commitments(world: World, order: Order) -> tuple[Draft, Columns]:
    """Rows of credit-commitment."""
    days = world.event_days(order.item, order.received, _COMMITMENT_BACK)
    draft = draw(world, order, days, space=f"{order.item.item}:{order.authority.uscc}", persons=PERSON_SHARE)
    columns = common_columns(order, draft)
    dice, count, lists = order.dice, order.count, world.words.lists
    chosen = dice.choices(world.words.templates["commitments"], k=count)
    region, today = order.authority.region, order.received.toordinal() - EPOCH
    columns["CNBM"] = [f"{region}{iso(day).replace('-', '')}{world.number('commitment'):07}" for day in draft.days]
    columns["CNLX"] = [each["kind"] for each in chosen]
    columns["CNSY"] = [each["matter"] for each in chosen]
    columns["CNNR"] = [each["content"].format(n=2 + dice.randrange(60), m=2 + dice.randrange(4)) for each in chosen]
    columns["WNZR"] = list(dice.choices(lists["breach"], k=count))
    columns["CNYXQZ"] = [iso(day + 365) for day in draft.days]
    states = dice.choices(("未到期", "全部履行", "部分履行", "未履行"), (60, 32, 5, 3), k=count)
    columns["CNLVZT"] = list(states)
    columns["LVQRRQ"] = [
        iso(day + dice.randrange(today - day + 1)) if state == "全部履行" else ""
        for day, state in zip(draft.days, states, strict=True)
    ]
    columns["JBR"] = [world.registry.person(dice) for _ in range(count)]
    return draft, columns


def contracts(world: World, order: Order) -> tuple[Draft, Columns]:
    """Rows of contract-performance."""
    days = world.event_days(order.item, order.received, _CONTRACT_BACK)
    draft = draw(world, order, days, space=f"{order.item.item}:{order.supplier.uscc}", companies=True)
    columns = common_columns(order, draft)
    dice, count, lists = order.dice, order.count, world.words.lists
    chosen = dice.choices(world.words.templates["contracts"], k=count)
    mark = mark_of(order.supplier)
    columns["HTBH"] = [f"{mark}HT-{iso(day)[:4]}-{world.number('contract'):06}" for day in draft.days]
    columns["HTMC"] = [f"{order.supplier.name}{each['name']}合同" for each in chosen]
    columns["HTLX"] = [each["kind"] for each in chosen]
    columns["HTXDF"] = [order.supplier.name] * count
    columns["XDFDM"] = [order.supplier.uscc] * count
    columns["HTJE"] = list(amounts(order.rng, count, 60.0, 1.5, 80_000.0))
    columns["LXQXZ"] = [iso(day + 30 + dice.randrange(700)) for day in draft.days]
    states = dice.choices(("履行中", "已履约", "部分违约", "违约", "终止"), (45, 45, 4, 3, 3), k=count)
    columns["LYZT"] = list(states)
    columns["LYPJ"] = [dice.choice(lists["opinions"]) if state == "已履约" else "" for state in states]
    columns["WYQX"] = [
        dice.choice(lists["breaches_of_contract"]).format(n=5 + dice.randrange(90), m=2 + dice.randrange(6))
        if state in ("违约", "部分违约")
        else ""
        for state in states
    ]
    return draft, columns


def tax_ratings(world: World, order: Order) -> tuple[Draft, Columns]:
    """Rows of tax-credit-a: a subject once for each rated year."""
    draft = draw(world, order, published_years(order.received), space=order.item.item, companies=True)
    # the pairs were (subject, year of publication); the rating is made around 20 April of that year
    rated = [rating_day(year, order.received, order.dice) for year in draft.days]
    columns = common_columns(order, draft)
    columns["PJND"] = [str(year - 1) for year in draft.days]
    columns["PDRQ"] = [iso(day) for day in rated]
    columns["NSRSBH"] = list(draft.codes)
    columns["PJDJ"] = ["A"] * order.count
    return draft, columns
