"""Judging publicity anew when the rules changed: a record follows the rule set in force, not the one it came in under.

Source: architecture.md section 9 "a change of rule set re-judges"; docs/rules.md section 4 (transition) [proposed].
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import psycopg

from xinshu.catalogue.domain import CatalogueItem
from xinshu.kernel import copying
from xinshu.kernel.database import looking_up
from xinshu.records.domain import Marks, Publicity, PublicityFacts, judge_publicity
from xinshu.records.services import ITEM_LOCK, SUBJECT_LOCK
from xinshu.rules.domain import Rules
from xinshu.rules.publicity import rule_set_on
from xinshu.security.roles import LOADER_ROLE

_ROWS_A_CHUNK = 20_000
_NATURAL_PERSON = "自然人"


@dataclass(frozen=True, slots=True)
class _Held:
    """A stored record, as far as its publicity goes."""

    counterpart: UUID
    id: UUID
    event_date: date | None
    ends_on: date | None
    person: bool
    publicity: Publicity
    payload: str


def rejudge(day: date, *, catalogue: Mapping[int, CatalogueItem], rules: Rules, bulk: psycopg.Connection) -> int:
    """Judge again the penalties that were judged under another rule set than the one in force on `day`.

    Rule set, class, dates and the mark of a class by default are written over in the record. No revision is made: the
    content a supplier reported did not change, only what the law makes of it; a view of the past therefore shows the
    dates as they are judged now. A record without a rule set (a natural person's, or one its item keeps back) is hidden
    for a reason no rule set changes and stays as it is. Again on the same day it changes nothing.

    Args:
        day: the Shanghai day on which the rules are asked.
        catalogue: every item by its number in the store.
        bulk: a transaction of `kernel.database.bulk_transaction`; becomes the loader's, and waits for loads of the item.
    Returns:
        How many records were changed.
    Raises:
        NoRuleSet: no rule set is in force on that day.
    """
    current = rule_set_on(day, rules.publicity).id
    changed = 0
    bulk.execute(f"SET LOCAL ROLE {LOADER_ROLE}")
    bulk.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [SUBJECT_LOCK])  # late linking writes the same rows
    for number, item in sorted(catalogue.items()):
        if item.publicity.by == "penalty":
            changed += _rejudge_item(bulk, number, item, day, current, rules)
    return changed


def _rejudge_item(
    bulk: psycopg.Connection, number: int, item: CatalogueItem, day: date, current: str, rules: Rules
) -> int:
    bulk.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ITEM_LOCK, number])
    bulk.execute(
        "CREATE TEMP TABLE IF NOT EXISTS rejudging (counterpart uuid, id uuid, rule_set text, severity text,"
        " public_from date, repair_from date, public_until date, marks int) ON COMMIT DROP"
    )
    bulk.execute("TRUNCATE rejudging")
    verdicts: dict[PublicityFacts, Publicity] = {}
    found = 0
    for chunk in _judged_otherwise(bulk, number, current):
        anew: list[tuple[_Held, Publicity]] = []
        for held in chunk:
            facts = _facts(item, held)
            if facts not in verdicts:
                verdicts[facts] = judge_publicity(item, facts, day, rules)
            if verdicts[facts] != held.publicity:
                anew.append((held, verdicts[facts]))
        _collect(bulk, anew)
        found += len(anew)
    if not found:
        return 0
    bulk.execute("ANALYZE rejudging")
    with bulk.cursor() as cursor, looking_up(cursor):
        cursor.execute(_REPLACE, {"default": int(Marks.DEFAULT_CLASS)})
        return cursor.rowcount


def _judged_otherwise(bulk: psycopg.Connection, number: int, current: str) -> Iterator[list[_Held]]:
    with bulk.cursor(name="rejudging", binary=True) as cursor:
        cursor.execute(_JUDGED_OTHERWISE, {"item": number, "current": current, "default": int(Marks.DEFAULT_CLASS)})
        while rows := cursor.fetchmany(_ROWS_A_CHUNK):
            yield [
                _Held(counterpart, record, event, ends, person, Publicity(*verdict), payload)
                for counterpart, record, event, ends, person, *verdict, payload in rows
            ]


def _facts(item: CatalogueItem, held: _Held) -> PublicityFacts:
    """The facts as they were when the record was loaded (collection.preparation.prepare), from its payload."""
    values, roles, publicity = json.loads(held.payload), item.roles, item.publicity

    def value(code: str | None) -> str:
        return str(values.get(code or "", ""))

    return PublicityFacts(
        held.event_date,
        held.ends_on,
        value(publicity.kinds_field),
        value(publicity.severity_field),
        value(publicity.domain_field),
        value(publicity.procedure_field),
        held.person or value(roles.counterpart_kind) == _NATURAL_PERSON or value(roles.id_no) != "",
        shown=True,  # the item's own condition: a record it keeps back has no rule set
    )


def _collect(bulk: psycopg.Connection, anew: Sequence[tuple[_Held, Publicity]]) -> None:
    columns = (
        copying.uuids(held.counterpart.bytes for held, _ in anew),
        copying.uuids(held.id.bytes for held, _ in anew),
        copying.texts(each.rule_set for _, each in anew),
        copying.texts(each.severity for _, each in anew),
        copying.dates(each.public_from for _, each in anew),
        copying.dates(each.repair_from for _, each in anew),
        copying.dates(each.public_until for _, each in anew),
        copying.integers(int(Marks.DEFAULT_CLASS) if each.default_class else 0 for _, each in anew),
    )
    with bulk.cursor() as cursor, cursor.copy("COPY rejudging FROM STDIN (FORMAT binary)") as copy:
        for block in copying.render(columns):
            copy.write(block)


_JUDGED_OTHERWISE = """
SELECT counterpart, id, event_date, ends_on, person_index IS NOT NULL,
       rule_set, severity, public_from, repair_from, public_until, marks & %(default)s <> 0, payload
FROM records_record WHERE item_id = %(item)s AND rule_set <> %(current)s
"""
_REPLACE = """
UPDATE records_record r SET rule_set = n.rule_set, severity = n.severity, public_from = n.public_from,
    repair_from = n.repair_from, public_until = n.public_until, marks = (r.marks & ~%(default)s::int) | n.marks
FROM rejudging n WHERE r.counterpart = n.counterpart AND r.id = n.id
"""
