"""Errors of one cell: texts, codes from lists, dates, amounts."""

from __future__ import annotations

import re
from datetime import date, timedelta

from xinshu.catalogue.domain import ItemField
from xinshu.demo.domain import EPOCH, Consequence, Row
from xinshu.demo.plants.spot import Spot, is_text

_GARBLED = ("锟斤拷", "\ufffd\ufffd", "ï¿½", "烫烫烫烫")
_PLACEHOLDERS = ("无", "/", "暂无", "测试", "-", "不详", "无数据", "—")
_BAD_CODES = {
    "region": ("985101", "99010", "A市"),
    "industry": ("9999", "纺织业", "Z1234"),
    "other": ("其它类型", "未分类", "参照原件", "待分类"),
}
_FULL_WIDTH = {char: char + 0xFEE0 for char in (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B))}
_WIDTH_KINDS = frozenset(
    {"text", "name", "document_no", "uscc", "org_code", "reg_no", "id_number", "other_no", "date", "amount", "region"}
)
_ALNUM = re.compile("[0-9A-Za-z]")
_LONGEST = 1_100  # characters; longer fields are not overfilled, to keep the files small


def required(row: Row, spot: Spot) -> list[Consequence] | None:
    """A field required for every row left empty."""
    found = spot.pick(
        each
        for each in spot.table.item.fields
        if each.required
        and row.text(each.code)
        and not (row.kind == "nameless" and each.code == spot.table.item.roles.counterpart_kind)
    )
    if found is None:
        return None
    row.values[found.code] = ""
    return [(found.code, "required")]


def length(row: Row, spot: Spot) -> list[Consequence] | None:
    """A text longer than its field allows."""
    found = spot.pick(
        each
        for each in spot.filled(row, {"text", "name", "document_no", "other_no"})
        if each.max_length is not None and each.max_length <= _LONGEST
    )
    if found is None or found.max_length is None:
        return None
    text = row.text(found.code)
    wanted = found.max_length + 1 + spot.dice.randrange(20)
    row.values[found.code] = (text * (wanted // len(text) + 1))[:wanted].replace("\n", "。")
    return [(found.code, "length")]


def code_list(row: Row, spot: Spot) -> list[Consequence] | None:
    """A value that is in no list."""
    found = spot.pick(spot.filled(row, {"code", "codes", "region", "industry"}))
    if found is None:
        return None
    bad = spot.dice.choice(_BAD_CODES.get(found.kind, _BAD_CODES["other"]))
    whole = row.text(found.code)
    joined = found.kind == "codes" and "-" not in whole  # after 其他-… the rest may be taken for its supplement
    row.values[found.code] = f"{whole}；{bad}" if joined and spot.dice.random() < 0.5 else bad
    return [(found.code, "code_list")]


def garbled(row: Row, spot: Spot) -> list[Consequence] | None:
    """Characters that a wrong encoding leaves behind."""
    found = spot.pick(spot.filled(row, {"text", "name", "document_no", "other_no"}))
    if found is None:
        return None
    text = row.text(found.code)
    place = spot.dice.randrange(len(text) + 1)
    row.values[found.code] = text[:place] + spot.dice.choice(_GARBLED) + text[place:]
    return [(found.code, "text.garbled")]


def placeholder(row: Row, spot: Spot) -> list[Consequence] | None:
    """A required text that says nothing."""
    found = spot.pick(
        each for each in spot.table.item.fields if is_text(each) and row.text(each.code) and spot.required(row, each)
    )
    if found is None:
        return None
    row.values[found.code] = spot.dice.choice(_PLACEHOLDERS)
    return [(found.code, "text.placeholder")]


def width(row: Row, spot: Spot) -> list[Consequence] | None:
    """Full-width letters or digits, all of them in the cell or just one."""
    found = spot.pick(each for each in spot.filled(row, _WIDTH_KINDS) if _ALNUM.search(row.text(each.code)))
    if found is None:
        return None
    text = row.text(found.code)
    if spot.dice.random() < 0.5:
        row.values[found.code] = text.translate(_FULL_WIDTH)
    else:
        place = spot.dice.choice([each.start() for each in _ALNUM.finditer(text)])
        row.values[found.code] = text[:place] + text[place].translate(_FULL_WIDTH) + text[place + 1 :]
    return [(found.code, "text.width")]


def personal_data(row: Row, spot: Spot) -> list[Consequence] | None:
    """A phone number, citizen id or card number in a text that will be public."""
    found = spot.pick(
        each
        for each in spot.filled(row, {"text"})
        if each.access == "public" and (each.max_length is None or len(row.text(each.code)) + 40 <= each.max_length)
    )
    if found is None:
        return None
    dice = spot.dice
    kind = dice.randrange(3)
    if kind == 0:
        tail = f"（联系电话199{dice.randrange(10**8):08}）"
    elif kind == 1:
        tail = f"，身份证号{spot.world.citizen(dice)}"
    else:
        tail = f"，账号{_card(dice.randrange(10**9))}。"
    row.values[found.code] = row.text(found.code) + tail
    return [(found.code, "text.personal_data")]


def _card(number: int) -> str:
    """Sixteen digits that pass the Luhn check."""
    body = f"629900{number:09}"
    total = 0
    for place, char in enumerate(reversed(body)):
        digit = int(char) * (1 if place % 2 else 2)
        total += digit - 9 if digit > 9 else digit
    return body + str(-total % 10)


def document_no(row: Row, spot: Spot) -> list[Consequence] | None:
    """A document number without its year in brackets."""
    found = spot.pick(spot.filled(row, {"document_no"}))
    if found is None:
        return None
    dice = spot.dice
    number = 1 + dice.randrange(9_999)
    row.values[found.code] = dice.choice((f"第{number}号", f"处罚字{number}号", f"决2026-{number}", "决定书"))
    return [(found.code, "document_no.shape")]


def date_format(row: Row, spot: Spot) -> list[Consequence] | None:
    """A date in no known spelling, or one that does not exist."""
    found = spot.pick(spot.filled(row, {"date", "year", "month"}))
    if found is None:
        return None
    value = row.text(found.code)
    if found.kind == "year":
        bad = spot.dice.choice(("二〇二四", value[2:], f"{value}年度"))
    elif found.kind == "month":
        bad = spot.dice.choice((value[:4], value[2:], f"{value[:4]}13", f"{value[:4]}年"))
    else:
        year, month, day = value.split("-")
        bad = spot.dice.choice(
            (
                f"{year}.{month}.{day}",
                f"{year}{month}{day}",
                f"{year}-13-{day}",
                f"{year}-02-30",
                f"{day}/{month}/{year}",
            )
        )
    row.values[found.code] = bad
    return [(found.code, "date.format")]


def date_future(row: Row, spot: Spot) -> list[Consequence] | None:
    """A date that had to lie in the past after the day of receipt."""
    future = (spot.table.received + timedelta(days=1 + spot.dice.randrange(25))).isoformat()
    starts = {
        rule.fields[0]
        for rule in spot.table.item.rules
        if rule.rule == "date.order" and row.text(rule.fields[1]) and row.text(rule.fields[1]) < future
    }
    found = spot.pick(each for each in spot.filled(row, {"date"}) if each.past_only and each.code not in starts)
    if found is None:
        return None
    row.values[found.code] = future
    return [(found.code, "date.future")]


def date_order(row: Row, spot: Spot) -> list[Consequence] | None:
    """An end before its start."""
    rules = [
        rule
        for rule in spot.table.item.rules
        if rule.rule == "date.order" and all(row.text(code) for code in rule.fields)
    ]
    if not rules:
        return None
    start, end = spot.dice.choice(rules).fields
    before = date.fromisoformat(row.text(start)) - timedelta(days=1 + spot.dice.randrange(300))
    row.values[end] = before.isoformat()
    return [(end, "date.order")]


def late(row: Row, spot: Spot) -> list[Consequence] | None:
    """An event reported after its deadline; the row is taken all the same."""
    table, code = spot.table, spot.table.item.roles.event_date
    if table.item.deadline is None or code is None:
        return None
    day = table.received - timedelta(days=45 + spot.dice.randrange(200))
    number = day.toordinal() - EPOCH
    authority = row.text(table.item.roles.authority_code)
    if not spot.world.late(table.item, day, table.received):
        return None
    if row.subject >= 0 and not spot.world.claim(f"{table.item.item}:{authority}", row.subject, number):
        return None
    row.values[code] = day.isoformat()
    return [(code, "late")]


def number_format(row: Row, spot: Spot) -> list[Consequence] | None:
    """An amount with its unit, or words."""
    found = _amount(row, spot)
    if found is None:
        return None
    value = row.text(found.code)
    row.values[found.code] = spot.dice.choice(
        (f"{value}万元", f"人民币{value}", f"约{value}", "叁仟元整", f"{value}.5.0")
    )
    return [(found.code, "number.format")]


def number_negative(row: Row, spot: Spot) -> list[Consequence] | None:
    """An amount below zero."""
    found = spot.pick(each for each in spot.filled(row, {"amount", "number"}) if float(row.text(each.code)))
    if found is None:
        return None
    row.values[found.code] = f"-{row.text(found.code)}"
    return [(found.code, "number.negative")]


def amount_unit(row: Row, spot: Spot) -> list[Consequence] | None:
    """Yuan where 万元 is asked."""
    found = spot.pick(each for each in spot.filled(row, {"amount"}) if each.usual_amount is not None)
    if found is None:
        return None
    least = max(10_000, round(100 * (found.usual_amount or 0)))
    row.values[found.code] = str(least + spot.dice.randrange(40) * 5_000)
    return [(found.code, "amount.unit")]


def _amount(row: Row, spot: Spot) -> ItemField | None:
    return spot.pick(spot.filled(row, {"amount", "number"}))
