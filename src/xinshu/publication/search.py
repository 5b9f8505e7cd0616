"""The one search box: what a person typed, answered from the registry, the public records and the list of offices.

Every page and command that has a search box asks here. Hits are certain: the answer says which field matched. What is
only similar stands apart in `suggestions` and is never mixed with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from xinshu.kernel.ids import public_id
from xinshu.kernel.text import document_key, normalise_cell, normalise_name
from xinshu.publication.queries import PublicReference, can_be_public
from xinshu.publication.wording import about_a_person, document_number
from xinshu.records.queries import records_of_document
from xinshu.security.queries import organisation_names
from xinshu.subjects.domain import Hit, Proposed
from xinshu.subjects.queries import find_subject, search_names, without_controls
from xinshu.subjects.vocabulary import Vocabulary

_MOST_OFFICES = 10
_MOST_DOCUMENTS = 20  # one decision may be about many
_SHORTEST_NUMBER = 4
_DIGIT = re.compile("[0-9]")
_CREDIT_CODE = re.compile("[0-9A-Z]{18}")


@dataclass(frozen=True, slots=True)
class DocumentHit:
    """A public record found by the number of its document. `record`: its public id; `subject`: USCC of whom it is about."""

    record: str
    item_title: str
    document_no: str
    subject: str
    subject_name: str


@dataclass(frozen=True, slots=True)
class OfficeHit:
    """A government body found by its present or a former name. `matched`: what matched, in words."""

    uscc: str
    name: str
    matched: str


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What was found. `full`: there may be more subjects than listed. `notes`: hints in words (a retired region)."""

    query: str
    subjects: tuple[Hit, ...] = ()
    suggestions: tuple[Proposed, ...] = ()
    documents: tuple[DocumentHit, ...] = ()
    offices: tuple[OfficeHit, ...] = ()
    full: bool = False
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing certain was found."""
        return not (self.subjects or self.documents or self.offices)


def search_public(text: str, *, reference: PublicReference, day: date, limit: int = 20) -> SearchAnswer:
    """Answer what was typed into the search box.

    Args:
        text: a name or part of one (two characters or more), a short or former name, pinyin, a credit code,
            organisation code or registration number, or the number of a document.
        day: the Shanghai day asked about: documents found are public on it.
        limit: most subjects listed.
    """
    found = search_names(text, vocabulary=reference.names, limit=limit)
    wanted = normalise_name(normalise_cell(without_controls(text)))
    return SearchAnswer(
        text,
        found.hits,
        found.suggestions,
        tuple(_documents(text, reference, day)),
        tuple(_offices(wanted, reference.names)),
        found.full,
        found.notes,
    )


def _documents(text: str, reference: PublicReference, day: date) -> Iterator[DocumentHit]:
    """Public records whose document has this number, each with the subject whose page it stands on."""
    wanted = document_key(without_controls(text))
    if len(wanted) < _SHORTEST_NUMBER or _DIGIT.search(wanted) is None or _CREDIT_CODE.fullmatch(wanted):
        return
    for record in records_of_document(text, day=day, limit=_MOST_DOCUMENTS):
        item = reference.catalogue.get(record.item)
        if item is None or not can_be_public(item) or about_a_person(record, item):
            continue
        shown = document_number(item, record)
        if document_key(shown) == wanted:
            subject = find_subject(public_id(record.subject))
            yield DocumentHit(public_id(record.id), item.title, shown, subject.uscc, subject.name)


_compared = lru_cache(10_000)(normalise_name)  # every search compares the same names


def _offices(wanted: str, names: Vocabulary) -> Iterator[OfficeHit]:
    """Government bodies whose name holds the text, or held it before a reform renamed them."""
    if len(wanted) < 2:
        return
    renamed = {
        wanted.replace(each.former, each.now): each
        for each in names.renamed
        if each.former in wanted and each.now not in wanted
    }
    listed = 0
    for code, written in organisation_names().items():
        name = _compared(written)
        change = next((each for text, each in renamed.items() if name.endswith(text)), None)
        if wanted in name or change is not None:
            words = "名称" if change is None else f"原“{change.former}”，{change.reform}后为“{change.now}”"
            yield OfficeHit(code, written, words)
            listed += 1
        if listed == _MOST_OFFICES:
            return
