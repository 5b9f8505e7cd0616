"""Rows of the two lists, abnormal operation and serious dishonesty, and of the registrations."""

from __future__ import annotations

from xinshu.demo.domain import EPOCH, Columns, RowKind
from xinshu.demo.drafts import Draft, Order, common_columns, draw, empty_columns, iso, year_of
from xinshu.demo.registry import INDIVIDUAL
from xinshu.demo.world import World, mark_of

_BACK = 90
_REMOVED_SHARE = 0.3
_SERIOUS_YEARS = 3


def abnormal(world: World, order: Order) -> tuple[Draft, Columns]:
    """Rows of abnormal-operation-list."""
    days = world.event_days(order.item, order.received, _BACK)
    draft = draw(world, order, days, space=f"{order.item.item}:{order.authority.uscc}")
    columns = common_columns(order, draft)
    dice, count, registry = order.dice, order.count, world.registry
    today = order.received.toordinal() - EPOCH
    columns["FDDBR"] = list(draft.representatives)
    columns["ZCH"] = [registry.old_numbers[subject] for subject in draft.subjects]
    reasons = [each.value for each in order.item.field("LRYY").values]
    columns["LRYY"] = list(dice.choices(reasons, (60, 3, 4, 33), k=count))
    removed = [dice.random() < _REMOVED_SHARE for _ in range(count)]
    removals = world.words.lists["removals"]
    columns["YCYY"] = [dice.choice(removals) if gone else "" for gone in removed]
    columns["YCRQ"] = [
        iso(day + dice.randrange(today - day + 1)) if gone else ""
        for day, gone in zip(draft.days, removed, strict=True)
    ]
    columns["YCJG"] = [order.authority.name if gone else "" for gone in removed]
    return draft, columns


def serious(world: World, order: Order) -> tuple[Draft, Columns]:
    """Rows of serious-dishonesty-list."""
    days = world.event_days(order.item, order.received, _BACK)
    draft = draw(world, order, days, space=f"{order.item.item}:{order.authority.uscc}", companies=True)
    columns = common_columns(order, draft)
    dice, count, words = order.dice, order.count, world.words
    today = order.received.toordinal() - EPOCH
    chosen = dice.choices(words.of_kind("serious", order.authority.kind), k=count)
    mark = mark_of(order.authority)
    columns["MDMC"] = [each["name"] for each in chosen]
    columns["MDDM"] = [each["list"] for each in chosen]
    columns["LRWH"] = [
        f"{mark}{each['code']}列〔{year_of(day)}〕{world.number(f'serious:{order.authority.uscc}')}号"
        for day, each in zip(draft.days, chosen, strict=True)
    ]
    columns["LRSY"] = [
        each["reason"].format(
            n=5 + dice.randrange(90),
            m=2 + dice.randrange(5),
            money=5 + dice.randrange(900),
            goods=dice.choice(words.lists["goods"]),
        )
        for each in chosen
    ]
    columns["RDYJ"] = [each["basis"] for each in chosen]
    columns["CJCS"] = list(dice.choices(words.lists["sanctions"], k=count))
    columns["NYCRQ"] = [iso(day + 365 * _SERIOUS_YEARS) for day in draft.days]
    gone = [dice.random() < _REMOVED_SHARE / 2 for _ in range(count)]
    columns["MDZT"] = ["移出" if each else "列入" for each in gone]
    columns["YCRQ"] = [
        iso(day + dice.randrange(today - day + 1)) if each else "" for day, each in zip(draft.days, gone, strict=True)
    ]
    columns["YCSY"] = ["已履行义务并纠正失信行为" if each else "" for each in gone]
    columns["YCWH"] = [
        f"{mark}信移〔{year_of(day)}〕{world.number(f'removal:{order.authority.uscc}')}号" if each else ""
        for day, each in zip(draft.days, gone, strict=True)
    ]
    return draft, columns


def registrations(world: World, order: Order, first: int) -> tuple[Draft, Columns]:
    """Registrations of the subjects from number `first` on."""
    registry, count = world.registry, order.count
    span = slice(first, first + count)
    columns = empty_columns(order.item, count)
    columns["QYMC"] = list(registry.names[span])
    columns["TYSHXYDM"] = list(registry.codes[span])
    columns["DJZT"] = list(registry.status[span])
    columns["QYLX"] = list(registry.entity_types[span])
    columns["FDDBR"] = list(registry.persons[span])
    columns["CLRQ"] = [iso(day) for day in registry.established[span]]
    columns["ZCZB"] = list(registry.capitals[span])
    columns["HYDM"] = list(registry.industries[span])
    columns["XZQHDM"] = [registry.counties[place][0] for place in registry.county[span]]
    columns["ZS"] = list(registry.addresses[span])
    columns["DJJG"] = [f"{registry.counties[place][1]}市场监督管理局" for place in registry.county[span]]
    columns["JYFW"] = list(registry.scopes[span])
    columns["CYM"] = list(registry.former[span])
    columns["HZRQ"] = [iso(day) for day in registry.approved[span]]
    kinds: list[RowKind] = ["individual" if kind == INDIVIDUAL else "organisation" for kind in registry.kinds[span]]
    numbers = list(range(first, first + count))
    draft = Draft(
        kinds,
        numbers,
        registry.names[span],
        registry.codes[span],
        registry.persons[span],
        [""] * count,
        registry.approved[span],
        registry.addresses[span],
    )
    return draft, columns
