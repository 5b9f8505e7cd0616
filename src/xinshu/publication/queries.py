"""The public view of a subject: the one way to its facts for people who have not signed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.reference import Divisions
from xinshu.collection.queries import item_versions
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.ids import public_id, read_public_id
from xinshu.kernel.profiles import Profile
from xinshu.publication.domain import PublicProfile, PublicRecordPage, PublicSection
from xinshu.publication.errors import PublicityEnded, RecordNotFound
from xinshu.publication.wording import Words, about_a_person, provenance, public_fields, public_record
from xinshu.records.queries import StoredRecord, former_contents, most_recorded, record_named, records_of
from xinshu.rules.domain import RuleSet
from xinshu.rules.loading import load_rules
from xinshu.security.queries import organisation_names
from xinshu.subjects.errors import SubjectNotFound
from xinshu.subjects.queries import SubjectFacts, find_subject, one_subject
from xinshu.subjects.vocabulary import Vocabulary, load_vocabulary

_STATUS, _FORMER_NAMES = "status", "former_names"  # names of fields of the item that creates subjects


@dataclass(frozen=True, slots=True)
class PublicReference:
    """What a public page needs of a profile; load once, use for many subjects."""

    catalogue: Mapping[str, CatalogueItem]
    divisions: Divisions
    rule_sets: Mapping[str, RuleSet]
    names: Vocabulary

    @classmethod
    def load(cls, profile: Profile) -> Self:
        """Read it from the profile's files. Raises ProfileInvalid, CatalogueInvalid, ReferenceInvalid."""
        sets = load_rules(profile).publicity
        names = load_vocabulary(profile)
        return cls(load_catalogue(profile), names.divisions, {each.id: each for each in sets}, names)


def public_profile(
    code: str, *, reference: PublicReference, day: date, known_at: datetime | None = None
) -> PublicProfile:
    """What the public may see of the subject with this USCC or public id.

    Args:
        day: the Shanghai day asked about: what is public on it.
        known_at: as the platform knew it at that moment, its merges too; None for what it knows now.
    Raises:
        SubjectNotFound: no such subject, or not yet registered at `known_at`.
    """
    subject = find_subject(code)
    family = one_subject(subject.id, known_at)
    records = records_of(family, scope=day, known_at=known_at)
    own = next((each for each in records if each.subject == subject.id and _creates(reference, each)), None)
    if known_at is not None:
        subject = _as_known(subject, reference, known_at)
    words = Words(
        organisation_names({each.supplier for each in records}),
        reference.rule_sets,
        item_versions({each.batch_id for each in records}),
    )
    return PublicProfile(
        subject.uscc,
        subject.public_id,
        subject.name,
        subject.status,
        _region(subject.region, reference.divisions),
        subject.former_names,
        subject.merged_into,
        day,
        known_at,
        public_fields(reference.catalogue[own.item], own.values) if own is not None else (),
        provenance(own, words) if own is not None else None,
        _sections(records, reference, day, words),
    )


def public_page_of(public: str, *, reference: PublicReference, day: date) -> PublicRecordPage:
    """One record as the public may read it on a day.

    Args:
        public: its public id, as somebody typed it.
    Raises:
        RecordNotFound: no such record, or one that the public was never shown. One answer for both.
        PublicityEnded: it was public once; nothing more is said of it.
    """
    name = read_public_id(public)
    record = record_named(name) if name is not None else None
    item = None if record is None else reference.catalogue.get(record.item)
    if record is None or item is None or not can_be_public(item) or about_a_person(record, item):
        raise RecordNotFound
    if record.public_from is None or day < record.public_from:
        raise RecordNotFound
    if not record.public_on(day):
        raise PublicityEnded
    words = Words(organisation_names({record.supplier}), reference.rule_sets, item_versions({record.batch_id}))
    subject = find_subject(public_id(record.subject))
    return PublicRecordPage(
        public_record(item, record, day, words),
        subject.uscc,
        subject.name,
        shanghai_date(record.first_received_at),
        shanghai_date(record.received_at) if record.received_at != record.first_received_at else None,
    )


def busiest_subject(day: date) -> str | None:
    """Code of a subject that has much to show on that day; None while nothing is public. For demonstrations."""
    found = most_recorded(day)
    return None if found is None else find_subject(public_id(found)).uscc


def _creates(reference: PublicReference, record: StoredRecord) -> bool:
    item = reference.catalogue.get(record.item)
    return item is not None and item.creates_subjects


def _sections(
    records: Sequence[StoredRecord], reference: PublicReference, day: date, words: Words
) -> tuple[PublicSection, ...]:
    return tuple(
        PublicSection(
            item.item,
            item.title,
            tuple(
                public_record(item, each, day, words)
                for each in records
                if each.item == item.item and not about_a_person(each, item)
            ),
        )
        for item in reference.catalogue.values()
        if can_be_public(item)
    )


def can_be_public(item: CatalogueItem) -> bool:
    """Whether records of the item may stand on public pages at all."""
    return not item.creates_subjects and item.publicity.by != "none" and item.access == "public"


def _region(code: str, divisions: Divisions) -> str:
    """The division's name under those above it, the nation left out; the code itself where it is unknown."""
    names: list[str] = []
    at = code
    while at in divisions.by_code and divisions.by_code[at].level > 0:
        names.insert(0, divisions.name(at))
        at = divisions.parent(at)
    return "".join(names) or code


def _as_known(subject: SubjectFacts, reference: PublicReference, known_at: datetime) -> SubjectFacts:
    """Name, status, region and former names by the registration record as it was known then.

    The registry keeps only the present facts; the record and its former contents have the others.
    """
    stored = records_of([subject.id], scope="all", known_at=known_at)
    record = next((each for each in stored if _creates(reference, each)), None)
    if record is None:
        raise SubjectNotFound(subject.uscc)
    item = reference.catalogue[record.item]
    column = {each.name: each.code for each in item.fields}
    name = record.values.get(item.roles.counterpart_name, "")
    listed = record.values.get(column.get(_FORMER_NAMES, ""), "").replace(";", "；").split("；")
    earlier = [each.get(item.roles.counterpart_name, "") for each in former_contents([record.id], known_at=known_at)]
    former = dict.fromkeys(each.strip() for each in [*listed, *earlier] if each.strip() and each.strip() != name)
    merged = subject.merged_into
    if merged and subject.id not in one_subject(find_subject(merged).id, known_at):
        merged = ""
    return SubjectFacts(
        subject.id,
        subject.public_id,
        subject.uscc,
        name,
        record.values.get(column.get(_STATUS, ""), ""),
        record.values.get(column.get("region", ""), ""),
        subject.closed_on,
        tuple(former),
        merged,
    )
