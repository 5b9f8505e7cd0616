"""Errors of identifiers."""

from __future__ import annotations

from collections.abc import Callable

from xinshu.catalogue.domain import ItemField
from xinshu.demo.domain import Consequence, Row
from xinshu.demo.numbers import with_check
from xinshu.demo.plants.spot import Spot, clear_other_numbers
from xinshu.kernel.identifiers import USCC_ALPHABET
from xinshu.kernel.identifiers.citizen_id import check_character

_UNKNOWN_CATEGORIES = ("98", "15", "65", "G1")
_UNKNOWN_REGIONS = ("995101", "996322", "997483")
_NUMBERED_IN_TABLES = ("uscc", "reg_no", "id_number")
_NUMBERED_IN_CELLS = ("uscc", "reg_no", "id_number", "document_no")


def uscc_shape(row: Row, spot: Spot) -> list[Consequence] | None:
    """A credit code with a character too few, or with a letter the alphabet leaves out."""
    found = spot.pick(spot.filled(row, {"uscc"}))
    if found is None:
        return None
    code, place = row.text(found.code), 9 + spot.dice.randrange(8)
    swapped = code[:place] + spot.dice.choice("IOSVZ") + code[place + 1 :]
    row.values[found.code] = spot.dice.choice((code[:17], swapped, code[:place] + code[place + 1 :], code[8:17]))
    return [(found.code, "uscc.shape")]


def uscc_check(row: Row, spot: Spot) -> list[Consequence] | None:
    """A credit code whose last character is another one."""
    found = spot.pick(spot.filled(row, {"uscc"}))
    if found is None:
        return None
    code = row.text(found.code)
    row.values[found.code] = code[:17] + spot.dice.choice([char for char in USCC_ALPHABET if char != code[17]])
    return [(found.code, "uscc.check_character")]


def uscc_category(row: Row, spot: Spot) -> list[Consequence] | None:
    """A credit code of no known registering authority; its check character is right."""
    found = spot.pick(spot.filled(row, {"uscc"}))
    if found is None:
        return None
    row.values[found.code] = with_check(spot.dice.choice(_UNKNOWN_CATEGORIES) + row.text(found.code)[2:17])
    return [(found.code, "uscc.category")]


def uscc_region(row: Row, spot: Spot) -> list[Consequence] | None:
    """A right code of a region that never was: a warning. As counterpart's code it is also of nobody in the registry."""
    table, world = spot.table, spot.world
    code = table.item.roles.uscc
    if code is None or row.kind not in ("organisation", "individual"):
        return None
    prefix = "92" if row.kind == "individual" else "91"
    row.values[code], name = world.registry.stranger(spot.dice, spot.dice.choice(_UNKNOWN_REGIONS), prefix)
    findings = [(code, "uscc.region")]
    if table.item.creates_subjects:
        return findings
    row.values[table.item.roles.counterpart_name] = name  # a registered name might be linked all the same
    clear_other_numbers(row, spot)
    return [*findings, (code, "subject.unknown")]


def org_code(row: Row, spot: Spot) -> list[Consequence] | None:
    """An organisation code with a wrong check character, or a character too few."""
    found = spot.pick(spot.filled(row, {"org_code"}))
    if found is None:
        return None
    code = row.text(found.code)
    wrong = "3" if code[8] != "3" else "5"
    row.values[found.code] = spot.dice.choice((code[:8] + wrong, f"{code[:8]}-{wrong}", code[:8]))
    return [(found.code, "org_code.check_character")]


def reg_no(row: Row, spot: Spot) -> list[Consequence] | None:
    """A registration number with a wrong check digit, or a digit too few."""
    found = spot.pick(spot.filled(row, {"reg_no"}))
    if found is None:
        return None
    code = row.text(found.code)
    row.values[found.code] = spot.dice.choice((code[:14] + str((int(code[14]) + 1) % 10), code[:14]))
    return [(found.code, "reg_no.check_digit")]


def id_shape(row: Row, spot: Spot) -> list[Consequence] | None:
    """A citizen id with a character too few."""
    return _citizen(row, spot, "id_number.shape", lambda number: number[:17])


def id_birth_date(row: Row, spot: Spot) -> list[Consequence] | None:
    """A citizen id with a day of birth that does not exist; its check character is right."""

    def spoil(number: str) -> str:
        body = number[:10] + spot.dice.choice(("1340", "0231", "0000")) + number[14:17]
        return body + check_character(body)

    return _citizen(row, spot, "id_number.birth_date", spoil)


def id_check(row: Row, spot: Spot) -> list[Consequence] | None:
    """A citizen id with a wrong check character."""
    return _citizen(
        row, spot, "id_number.check_digit", lambda number: number[:17] + ("1" if number[17] != "1" else "2")
    )


def as_number(row: Row, spot: Spot) -> list[Consequence] | None:
    """A code kept as a number: a number cell in workbooks and JSON, 9.132E+17 in a text table."""
    in_text = spot.table.style.format in ("csv", "parquet")
    found = spot.pick(spot.filled(row, set(_NUMBERED_IN_TABLES if in_text else _NUMBERED_IN_CELLS)))
    if found is None:
        return None
    number = _digits(row, found, spot)
    row.values[found.code] = f"{number:.3E}".replace(".000", "") if in_text else number
    return [(found.code, "code.as_number")]


def _digits(row: Row, found: ItemField, spot: Spot) -> int:
    """The digits of a code as a number of at least twelve of them, the letters read as chance digits."""
    count = {"uscc": 18, "reg_no": 15, "id_number": 18}.get(found.kind, 14)
    digits = [
        char if char.isascii() and char.isdigit() else str(spot.dice.randrange(10)) for char in row.text(found.code)
    ]
    text = "".join(digits)[:count].ljust(count, "7")
    return int("9" + text[1:])


def _citizen(row: Row, spot: Spot, rule: str, spoil: Callable[[str], str]) -> list[Consequence] | None:
    found = spot.pick(spot.filled(row, {"id_number"}))
    if found is None:
        return None
    row.values[found.code] = spoil(row.text(found.code))
    return [(found.code, rule)]
