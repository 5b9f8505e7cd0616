"""Which rows are spoiled with what: spread over all rules that a file can break, the rarest so far first."""

from __future__ import annotations

from xinshu.catalogue.rulebook import BLOCKING_LEVELS, RULEBOOK
from xinshu.demo.domain import Row
from xinshu.demo.plants import cells, codes, rows, store
from xinshu.demo.plants.spot import Planter, Spot, row_consequences

_ATTEMPTS = 60

PLANTERS: dict[str, Planter] = {
    "required": cells.required,
    "conditional.required": rows.conditional_required,
    "conditional.forbidden": rows.conditional_forbidden,
    "length": cells.length,
    "code_list": cells.code_list,
    "uscc.shape": codes.uscc_shape,
    "uscc.check_character": codes.uscc_check,
    "uscc.category": codes.uscc_category,
    "uscc.region": codes.uscc_region,
    "org_code.check_character": codes.org_code,
    "reg_no.check_digit": codes.reg_no,
    "id_number.shape": codes.id_shape,
    "id_number.check_digit": codes.id_check,
    "id_number.birth_date": codes.id_birth_date,
    "code.as_number": codes.as_number,
    "date.format": cells.date_format,
    "date.future": cells.date_future,
    "date.order": cells.date_order,
    "number.format": cells.number_format,
    "number.negative": cells.number_negative,
    "amount.required": rows.amount_required,
    "amount.unit": cells.amount_unit,
    "document_no.shape": cells.document_no,
    "text.placeholder": cells.placeholder,
    "text.garbled": cells.garbled,
    "text.width": cells.width,
    "text.personal_data": cells.personal_data,
    "duplicate.in_file": rows.duplicate_in_file,
    "row.shape": rows.shape,
    "source.differs": rows.source_differs,
    "late": cells.late,
    "subject.name_mismatch": store.name_mismatch,
    "subject.unknown": store.unknown,
    "subject.suggestion": store.suggestion,
    "subject.closed": store.closed,
    "duplicate.similar": store.similar_record,
}
"""{rule: planter}. The rules of whole files are planted by `demo.spoiled`; a column.unknown by the file's style."""


def plant(spot: Spot, count: int) -> None:
    """Spoil up to `count` rows of the file, each in one way, and note every consequence; then the findings that rows as
    they should be have too (persons are in no registry)."""
    possible = [rule for rule in PLANTERS if _conceivable(rule, spot)]
    for _ in range(count):
        while possible:
            rule = min(possible, key=lambda each: (spot.world.planted.get(each, 0), each))
            if _plant_one(rule, spot):
                break
            possible.remove(rule)
    _unlinked_persons(spot)
    store.remember(spot)


def _conceivable(rule: str, spot: Spot) -> bool:
    return RULEBOOK[rule].scope == "file" or not spot.table.item.creates_subjects


def _plant_one(rule: str, spot: Spot) -> bool:
    table = spot.table
    for _ in range(_ATTEMPTS):
        index = spot.dice.randrange(table.height)
        if index in table.plants or index in spot.protected:
            continue
        row = table.row(index)
        before = dict(row.values)
        planted = PLANTERS[rule](row, spot)
        if planted is None:
            continue
        if row.values == before and not row.extra_cells:
            continue
        findings = list(planted)
        if rule not in ("row.shape", "duplicate.in_file"):
            ended = {code for code, found in planted if RULEBOOK[found].level in BLOCKING_LEVELS}
            findings += row_consequences(row, spot, ended)
        if not findings:
            continue
        _settle(row, findings, spot, rule)
        return True
    return False


def _settle(row: Row, findings: list[tuple[str, str]], spot: Spot, rule: str) -> None:
    table = spot.table
    blocked = any(RULEBOOK[found].level in BLOCKING_LEVELS for _, found in findings)
    table.put(row)
    table.kinds[row.index], table.subjects[row.index] = row.kind, row.subject
    table.plants[row.index] = rule
    if row.kind == "person" and not blocked:
        findings.append((table.item.roles.counterpart_name, "subject.unknown"))
    table.findings += [(row.index, finding) for finding in findings]
    spot.world.count(rule)


def _unlinked_persons(spot: Spot) -> None:
    table = spot.table
    name = table.item.roles.counterpart_name
    table.findings += [
        (place, (name, "subject.unknown"))
        for place, kind in enumerate(table.kinds)
        if kind == "person" and place not in table.plants
    ]
