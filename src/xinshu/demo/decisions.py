"""Rows of administrative permits and penalties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xinshu.demo.domain import Cell, Columns
from xinshu.demo.drafts import (
    PERSON_SHARE,
    Draft,
    Order,
    amounts,
    chinese,
    decision_columns,
    draw,
    iso,
    year_of,
)
from xinshu.demo.words import Template
from xinshu.demo.world import Integers, World, mark_of

_BACK = 20  # days within which the events of a file lie, if the deadline allows
_PENALTY_KINDS: tuple[tuple[str, ...], ...] = (
    ("罚款",),
    ("罚款", "没收违法所得"),
    ("警告",),
    ("警告", "罚款"),
    ("没收违法所得", "没收非法财物"),
    ("通报批评",),
    ("责令停产停业", "罚款"),
    ("暂扣许可证件",),
    ("吊销许可证件",),
    ("其他-责令改正",),
)
_PENALTY_WEIGHTS = (52, 12, 8, 12, 5, 2, 3, 2, 1.5, 2.5)
_CONFISCATED = frozenset({"没收违法所得", "没收非法财物"})
_WITHDRAWN = frozenset({"暂扣许可证件", "吊销许可证件"})
_OPEN_ENDED = "2099-12-31"


def penalties(world: World, order: Order) -> tuple[Draft, Columns]:
    """Rows of administrative-penalty."""
    days = world.event_days(order.item, order.received, _BACK)
    return penalties_on(world, order, draw_decisions(world, order, days))


def draw_decisions(world: World, order: Order, days: Integers) -> Draft:
    """Counterparts and days of decisions, each pair once for an authority."""
    space = f"{order.item.item}:{order.authority.uscc}"
    return draw(world, order, days, space=space, persons=PERSON_SHARE)


def penalties_on(world: World, order: Order, draft: Draft, *, serial: int | None = None) -> tuple[Draft, Columns]:
    """Penalties on the counterparts of a draft. With `serial` all long texts differ: each holds a
    number of its own, counted from there."""
    columns = decision_columns(world, order, draft, "CF")
    dice, words, count = order.dice, world.words, order.count
    templates = words.of_kind("penalties", order.authority.kind)
    chosen = dice.choices(templates, k=count)
    kinds = dice.choices(_PENALTY_KINDS, _PENALTY_WEIGHTS, k=count)
    fines = amounts(order.rng, count, 1.1, 1.2, 300.0)
    taken = amounts(order.rng, count, 0.6, 1.3, 200.0)
    columns["CF_WSH"] = _numbers(world, order, draft.days, chosen, penalty=True)
    columns["CF_WFXW"] = [each["behaviour"] for each in chosen]
    columns["CF_CFLB"] = ["；".join(each) for each in kinds]
    columns["CF_NR_FK"] = [fine if "罚款" in each else "" for each, fine in zip(kinds, fines, strict=True)]
    columns["CF_NR_WFFF"] = [
        amount if _CONFISCATED.intersection(each) else "" for each, amount in zip(kinds, taken, strict=True)
    ]
    permits = words.templates["permits"]
    columns["CF_NR_ZKDX"] = [_withdrawn(each, permits, order) for each in kinds]
    texts = [
        _Texts(world, order, template, None if serial is None else serial + place)
        for place, template in enumerate(chosen)
    ]
    columns["CF_SY"] = [
        text.fact(draft.days[place], draft.places[place], fines[place]) for place, text in enumerate(texts)
    ]
    columns["CF_YJ"] = [text.basis() for text in texts]
    columns["CF_NR"] = [text.content(kinds[place], fines[place], taken[place]) for place, text in enumerate(texts)]
    _terms(columns, order, draft, chosen)
    return draft, columns


def _terms(columns: Columns, order: Order, draft: Draft, chosen: Sequence[Template]) -> None:
    """Periods, and the columns beyond the standard: procedure, severity, domain."""
    dice, count = order.dice, order.count
    spans = dice.choices((365, 365, 730, 1095), k=count)
    columns["CF_YXQ"] = [iso(day + span) for day, span in zip(draft.days, spans, strict=True)]
    shown = dice.choices((0, 365, 365, 1095), k=count)
    columns["CF_GSJZQ"] = [iso(day + span) if span else "" for day, span in zip(draft.days, shown, strict=True)]
    columns["X_CXLB"] = list(dice.choices(("普通程序", "简易程序", ""), (80, 14, 6), k=count))
    columns["X_SXCD"] = list(dice.choices(("一般", "轻微", "严重", ""), (60, 22, 8, 10), k=count))
    columns["X_LY"] = [each["domain"] for each in chosen]


def _withdrawn(kinds: tuple[str, ...], permits: Sequence[Template], order: Order) -> str:
    if not _WITHDRAWN.intersection(kinds):
        return ""
    permit = permits[order.dice.randrange(len(permits))]
    return f"{permit['paper']}（{permit['prefix']}{order.dice.randrange(10**6, 10**7)}）"


def _numbers(
    world: World, order: Order, days: Sequence[int], chosen: Sequence[Template], *, penalty: bool
) -> list[Cell]:
    """Document numbers, running by authority, year and kind; one spelling of the brackets in a file."""
    opening, closing = order.dice.choices(("〔〕", "[]", "（）"), (8, 1, 1))[0]
    mark = mark_of(order.authority)
    series = f"{order.item.item}:{order.authority.uscc}"
    word = "" if penalty else "字"
    return [
        f"{mark}{each['code']}{word}{opening}{(year := year_of(day))}{closing}{world.number(f'{series}:{year}')}号"
        for day, each in zip(days, chosen, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Texts:
    """The long texts of one penalty."""

    world: World
    order: Order
    template: Template
    serial: int | None

    def fact(self, day: int, place: str, money: str) -> str:
        dice, lists = self.order.dice, self.world.words.lists
        before = chinese(day - 10 - dice.randrange(80))
        goods = lists["goods"]
        text = self.template["fact"].format(
            day=before,
            place=place,
            n=3 + dice.randrange(197),
            m=2 + dice.randrange(8),
            money=money,
            goods=goods[dice.randrange(len(goods))],
        )
        lot = dice.random()
        if self.serial is not None:
            return f"{text}（案件第{self.serial}号）"
        sentences = dice.sample(lists["evidence"], k=int(lot * 5))
        mark = "\n" if lot < 0.015 else ""  # a line break inside the cell, as word processors leave it
        text = text + mark + "".join(sentences)
        return text.replace("当事人", '"当事人"', 1).replace("，", ",", 2) if lot > 0.98 else text

    def basis(self) -> str:
        dice, lists = self.order.dice, self.world.words.lists
        if self.serial is not None:
            return f"{self.template['basis']}（裁量基准第{self.serial}项）"
        if dice.random() < 0.5:
            return self.template["basis"]
        discretion = lists["discretion"]
        return f"{self.template['basis']}，{dice.choice(discretion).format(n=1 + dice.randrange(400))}"

    def content(self, kinds: Sequence[str], fine: str, taken: str) -> str:
        dice, words = self.order.dice, self.world.words
        parts = [
            words.outcomes[kind].format(
                money=taken if kind in _CONFISCATED else fine, m=1 + dice.randrange(6), n=5 + dice.randrange(26)
            )
            for kind in kinds
        ]
        if self.serial is not None:
            return f"{'；'.join(parts)}（处罚决定第{self.serial}号）。"
        return "；".join(parts) + dice.choice(words.lists["outcome_end"])


def permits(world: World, order: Order) -> tuple[Draft, Columns]:
    """Rows of administrative-license."""
    days = world.event_days(order.item, order.received, _BACK)
    draft = draw_decisions(world, order, days)
    columns = decision_columns(world, order, draft, "XK")
    dice, count = order.dice, order.count
    chosen = dice.choices(world.words.of_kind("permits", order.authority.kind), k=count)
    columns["XK_WSH"] = _numbers(world, order, draft.days, chosen, penalty=False)
    columns["XK_XKWS"] = [each["paper"] for each in chosen]
    columns["XK_XKZS"] = list(columns["XK_XKWS"])
    columns["XK_XKLB"] = [each["kind"] for each in chosen]
    region = order.authority.region
    columns["XK_XKBH"] = [f"{each['prefix']}{region}{world.number('permit'):08}" for each in chosen]
    monies = amounts(order.rng, count, 800.0, 1.0, 90_000.0)
    columns["XK_NR"] = [
        template["content"].format(place=place, n=10 + dice.randrange(900), m=2 + dice.randrange(8), money=money)
        for template, place, money in zip(chosen, draft.places, monies, strict=True)
    ]
    columns["XK_YXQZ"] = [iso(day) for day in draft.days]
    columns["XK_YXQZI"] = [
        _OPEN_ENDED if lot < 0.03 else iso(day + 365 * int(each["years"]))
        for day, each, lot in zip(draft.days, chosen, order.rng.random(count).tolist(), strict=True)
    ]
    columns["XK_ZT"] = list(dice.choices(("有效", "无效"), (97, 3), k=count))
    return draft, columns
