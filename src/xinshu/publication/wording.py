"""From stored record to public record: which fields, under which headings, in which words. Pure.

Only fields whose access class is `public` come through; a column the item does not declare is barred. Identity and
account numbers never stand on a public page, masked or not; such a number written into free text is masked. Source:
architecture.md section 9 [access classes]; security.md section 5 [proposed].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from xinshu.catalogue.domain import TEXT_KINDS, CatalogueItem, Condition, ItemField
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.ids import public_id
from xinshu.publication.domain import EXPIRED, INVALID, Provenance, PublicField, PublicPublicity, PublicRecord
from xinshu.records.domain import OPEN_ENDED, Marks
from xinshu.records.queries import StoredRecord
from xinshu.rules.domain import RuleSet
from xinshu.security.masking import mask_personal_numbers

_NATURAL_PERSON = "自然人"
_OPEN_END = OPEN_ENDED.isoformat()
_NEVER = frozenset({"id", "phone", "account"})  # masks whose values stay off public pages even masked


@dataclass(frozen=True, slots=True)
class Words:
    """Names beside codes: of organisations, of the rule sets, and the item version of each batch."""

    organisations: Mapping[str, str]
    rule_sets: Mapping[str, RuleSet]
    versions: Mapping[int, str]


def about_a_person(record: StoredRecord, item: CatalogueItem) -> bool:
    """Whether a record is about a natural person; such a record is on nobody's page."""
    return record.person or record.values.get(item.roles.counterpart_kind or "") == _NATURAL_PERSON


def public_fields(item: CatalogueItem, values: Mapping[str, str]) -> tuple[PublicField, ...]:
    """The filled public fields in the order of the item."""
    found = []
    for each in item.fields:
        value = values.get(each.code)
        if value and _may_show(each, values):
            found.append(PublicField(each.title, "长期" if value == _OPEN_END else _shown(each, value)))
    return tuple(found)


def _shown(each: ItemField, value: str) -> str:
    return mask_personal_numbers(value) if each.kind in TEXT_KINDS else value


def _may_show(each: ItemField, values: Mapping[str, str]) -> bool:
    if each.access != "public" or each.kind == "id_number":
        return False
    personal = each.personal and all(holds(condition, values) for condition in each.personal_when)
    return not (personal and each.mask in _NEVER)


def holds(condition: Condition, values: Mapping[str, str]) -> bool:
    """Whether a condition of the catalogue holds for the values of one record."""
    value = values.get(condition.field, "")
    parts = set(value.split("；")) | {value}
    if condition.present:
        return value != ""
    if condition.absent:
        return value == ""
    if condition.any_of:
        return bool(parts & set(condition.any_of))
    return value != "" and not parts & set(condition.none_of)


def provenance(record: StoredRecord, words: Words) -> Provenance:
    """Where the record comes from."""
    return Provenance(
        words.organisations.get(record.supplier, record.supplier),
        record.event_date,
        shanghai_date(record.received_at),
        words.versions.get(record.batch_id, ""),
    )


def public_record(item: CatalogueItem, record: StoredRecord, day: date, words: Words) -> PublicRecord:
    """The record as the public may read it on that day."""
    shown = {each.code for each in item.fields if each.access == "public"}
    role = {name: record.values.get(code, "") for name, code in _roles(item).items() if code in shown}
    ends_on = None if record.ends_on == OPEN_ENDED else record.ends_on
    return PublicRecord(
        public_id(record.id),
        item.item,
        item.title,
        mask_personal_numbers(role.get("headline", "")) or role.get("document_no") or item.title,
        role.get("document_no", ""),
        role.get("authority_name", ""),
        ends_on,
        _state(item, record, ends_on, day) if item.publicity.by == "permit" else "",
        public_fields(item, record.values),
        provenance(record, words),
        publicity(record, words.rule_sets),
    )


def _state(item: CatalogueItem, record: StoredRecord, ends_on: date | None, day: date) -> str:
    name = (item.item, item.version)
    if name not in _INVALID:
        _INVALID[name] = tuple(
            (each.code, value.value) for each in item.fields for value in each.values if value.key == "invalid"
        )
    if any(record.values.get(code) == value for code, value in _INVALID[name]):
        return INVALID
    return EXPIRED if ends_on is not None and ends_on < day else ""


_INVALID: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
"""{item and its version: columns, each with the value of its code list that ends a permit}: asked for every record shown."""


def document_number(item: CatalogueItem, record: StoredRecord) -> str:
    """The number of the record's document as the public may read it; empty where it has none or that is not public."""
    code = item.roles.document_no
    return record.values.get(code, "") if code is not None and item.field(code).access == "public" else ""


def _roles(item: CatalogueItem) -> dict[str, str | None]:
    roles = item.roles
    return {"headline": roles.headline, "document_no": roles.document_no, "authority_name": roles.authority_name}


def publicity(record: StoredRecord, rule_sets: Mapping[str, RuleSet]) -> PublicPublicity | None:
    """The class and dates of a record judged by a rule set; None for records public by their item alone."""
    rule_set = rule_sets.get(record.rule_set or "")
    if rule_set is None or record.public_from is None:
        return None
    name = record.severity or ""
    return PublicPublicity(
        rule_set.classes[name].title if name in rule_set.classes else name,
        name,
        bool(record.marks & Marks.DEFAULT_CLASS),
        record.public_from,
        record.repair_from,
        record.public_until,
        rule_set.title,
        rule_set.document,
    )
