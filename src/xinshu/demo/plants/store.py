"""Errors only the subject library or the stored records can tell."""

from __future__ import annotations

from datetime import date

from xinshu.demo.domain import EPOCH, Consequence, Row
from xinshu.demo.plants.rows import event_day
from xinshu.demo.plants.spot import Spot, clear_other_numbers
from xinshu.demo.registry import Registry
from xinshu.kernel.text import normalise_name

_LONG_ENOUGH = 9  # characters: in a shorter name one other character is no small difference
_ATTEMPTS = 40


def name_mismatch(row: Row, spot: Spot) -> list[Consequence] | None:
    """A known code with a name that nobody has or had."""
    if not _linked(row, spot):
        return None
    name = spot.table.item.roles.counterpart_name
    row.values[name] = spot.world.registry.new_company(spot.dice, _county(spot))[0]
    return [(name, "subject.name_mismatch")]


def unknown(row: Row, spot: Spot) -> list[Consequence] | None:
    """A right code that is not in the registry."""
    roles = spot.table.item.roles
    if not _linked(row, spot) or roles.uscc is None:
        return None
    registry = spot.world.registry
    if row.kind == "individual":
        code = registry.stranger(spot.dice, None, "92")[0]
        name = registry.new_shop(spot.dice, _county(spot))[0]
    else:
        code, name = registry.stranger(spot.dice)
    _name(row, spot, code, name, registry.person(spot.dice))
    clear_other_numbers(row, spot)
    return [(roles.uscc, "subject.unknown")]


def suggestion(row: Row, spot: Spot) -> list[Consequence] | None:
    """An individual business without code whose name has one character different from a registered one."""
    if row.kind != "nameless":
        return None
    name = spot.table.item.roles.counterpart_name
    similar = _similar(row.text(name), spot)
    if similar is None:
        return None
    row.values[name] = similar
    return [(name, "subject.suggestion")]


def closed(row: Row, spot: Spot) -> list[Consequence] | None:
    """A counterpart that was cancelled or revoked before the event."""
    table, world = spot.table, spot.world
    if not _linked(row, spot) or not len(world.closed) or not row.text(table.item.roles.event_date):
        return None
    day = event_day(row, spot)
    space = table.item.item if table.item.roles.authority_code is None else ""
    space = space or f"{table.item.item}:{row.text(table.item.roles.authority_code)}"
    for _ in range(_ATTEMPTS):
        subject = int(world.closed[spot.dice.randrange(len(world.closed))])
        same_kind = (world.registry.codes[subject][:2] == "92") == (row.kind == "individual")
        if not same_kind or world.registry.approved[subject] >= day:
            continue
        number = day if table.item.roles.event_date in table.item.key or table.item.roles.document_no else 0
        if not world.claim(f"closed:{space}", subject, number):
            continue
        _name(row, spot, world.registry.codes[subject], world.registry.names[subject], world.registry.persons[subject])
        clear_other_numbers(row, spot)
        row.subject = subject
        return [(table.item.roles.counterpart_name, "subject.closed")]
    return None


def similar_record(row: Row, spot: Spot) -> list[Consequence] | None:
    """A penalty already stored from an earlier file, sent again under another number."""
    table, roles = spot.table, spot.table.item.roles
    earlier = spot.world.penalties.get(table.supplier.uscc, [])
    if table.item.item != "administrative-penalty" or not earlier or roles.document_no is None:
        return None
    number = row.text(roles.document_no)
    row.values = dict(earlier[spot.dice.randrange(len(earlier))]) | {roles.document_no: number}
    row.kind, row.subject = "organisation", -1
    findings = [(roles.document_no, "duplicate.similar")]
    if spot.world.late(table.item, date.fromordinal(event_day(row, spot) + EPOCH), table.received):
        findings.append((str(roles.event_date), "late"))
    return findings


def remember(spot: Spot, most: int = 300) -> None:
    """Keep some accepted penalties of a finished file for `similar_record` in later files."""
    table, roles = spot.table, spot.table.item.roles
    if table.item.item != "administrative-penalty":
        return
    kept = spot.world.penalties.setdefault(table.supplier.uscc, [])
    good = [place for place, kind in enumerate(table.kinds) if kind == "organisation" and place not in table.plants]
    for place in good[:most]:
        values = table.row(place).values
        if values[str(roles.authority_code)] == table.supplier.uscc:
            kept.append(values)


def _linked(row: Row, spot: Spot) -> bool:
    """Whether the row names a registered subject by its code."""
    return row.kind in ("organisation", "individual") and row.subject >= 0 and not spot.table.item.creates_subjects


def _county(spot: Spot) -> int:
    return spot.dice.randrange(len(spot.world.registry.counties))


def _name(row: Row, spot: Spot, code: str, name: str, representative: str) -> None:
    roles = spot.table.item.roles
    row.values[roles.counterpart_name] = name
    row.values[str(roles.uscc)] = code
    for each in spot.table.item.fields:
        if each.name == "legal_rep_name" and row.text(each.code):
            row.values[each.code] = representative
        if each.name == "taxpayer_no":
            row.values[each.code] = code


def _similar(name: str, spot: Spot) -> str | None:
    registry, dice = spot.world.registry, spot.dice
    if len(name) < _LONG_ENOUGH:
        return None
    characters = registry.words.trade_characters
    for _ in range(_ATTEMPTS):
        place = dice.randrange(4, len(name) - 2)
        candidate = name[:place] + dice.choice(characters) + name[place + 1 :]
        if candidate != name and _neighbours(candidate, registry) == 1:
            return candidate
    return None


def _neighbours(name: str, registry: Registry) -> int:
    """How many names, present or former, differ from this one in one character; many when it is itself one."""
    key = normalise_name(name)
    if key in registry.used_names:
        return 99
    return sum(
        key[:place] + char + key[place + 1 :] in registry.used_names
        for place in range(len(key))
        for char in registry.alphabet()
        if char != key[place]
    )
