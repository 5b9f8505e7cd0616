"""Errors of a row as a whole: row rules, shape, source, copies."""

from __future__ import annotations

from datetime import date

from xinshu.demo.domain import EPOCH, Consequence, Row
from xinshu.demo.plants.spot import Spot, all_hold


def conditional_required(row: Row, spot: Spot) -> list[Consequence] | None:
    """A field emptied that this kind of row needs."""
    fields = [
        code
        for rule in spot.table.item.rules
        if rule.rule == "conditional.required" and all_hold(row, rule.when)
        for code in rule.fields
        if row.text(code) and not spot.table.item.field(code).required
    ]
    if not fields:
        return None
    row.values[spot.dice.choice(fields)] = ""
    return []


def conditional_forbidden(row: Row, spot: Spot) -> list[Consequence] | None:
    """A field filled that this kind of row may not have."""
    fields = [
        code
        for rule in spot.table.item.rules
        if rule.rule == "conditional.forbidden" and all_hold(row, rule.when)
        for code in rule.fields
        if not row.text(code)
    ]
    fields = [code for code in fields if spot.table.item.field(code).kind in ("id_number", "name", "date", "uscc")]
    if not fields:
        return None
    code = spot.dice.choice(fields)
    kind = spot.table.item.field(code).kind
    if kind == "id_number":
        row.values[code] = spot.world.citizen(spot.dice)
    elif kind == "uscc":
        row.values[code] = spot.world.registry.stranger(spot.dice)[0]
    elif kind == "date":
        row.values[code] = spot.table.received.isoformat()
    else:
        row.values[code] = spot.world.registry.person(spot.dice)
    return []


def amount_required(row: Row, spot: Spot) -> list[Consequence] | None:
    """A fine or confiscation without an amount, or of zero."""
    fields = [
        code
        for rule in spot.table.item.rules
        if rule.rule == "amount.required" and all_hold(row, rule.when)
        for code in rule.fields
    ]
    if not fields:
        return None
    row.values[spot.dice.choice(fields)] = spot.dice.choice(("", "0"))
    return []


def shape(row: Row, spot: Spot) -> list[Consequence] | None:
    """A row with a cell more or less than the heading; in JSON a value that is no plain value."""
    if spot.table.style.format in ("xlsx", "parquet"):
        return None
    row.extra_cells = spot.dice.choice((1, -1))
    return [("", "row.shape")]


def source_differs(row: Row, spot: Spot) -> list[Consequence] | None:
    """Another department named as source."""
    roles = spot.table.item.roles
    if roles.source_code is None:
        return None
    others = [each for each in spot.world.organisations if each.uscc != spot.table.supplier.uscc]
    other = others[spot.dice.randrange(len(others))]
    row.values[roles.source_code] = other.uscc
    if roles.source_name is not None:
        row.values[roles.source_name] = other.name
    return [(roles.source_code, "source.differs")]


def duplicate_in_file(row: Row, spot: Spot) -> list[Consequence] | None:
    """An exact copy of an earlier row that is as it should be; that row then stays as it is."""
    table = spot.table
    originals = [place for place in range(max(0, row.index - 400), row.index) if place not in table.plants]
    if not originals:
        return None
    original = spot.dice.choice(originals)
    spot.protected.add(original)
    row.values = table.row(original).values
    row.kind, row.subject = table.kinds[original], table.subjects[original]
    return [(shown_key(spot), "duplicate.in_file")]


def shown_key(spot: Spot) -> str:
    """The field a duplicate's finding names: the document number if it is part of the key, else the first key field."""
    item = spot.table.item
    if item.roles.document_no in item.key and item.roles.document_no is not None:
        return item.roles.document_no
    return next((code for code in item.key if code != "counterpart"), item.roles.counterpart_name)


def event_day(row: Row, spot: Spot) -> int:
    """The row's event date as days since 1970."""
    return date.fromisoformat(row.text(spot.table.item.roles.event_date)).toordinal() - EPOCH
