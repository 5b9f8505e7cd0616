"""Natural keys: whose row is this, and has it been in this file before?

Parts are normalised text, empty = ''. The counterpart's part is USCC, else organisation code, else id number, else
normalised name (architecture.md section 9).
Within a file rows are compared by two 64-bit hashes of the key; the stored key hash is made by `collection`.
"""

from __future__ import annotations

import numpy as np

from xinshu.catalogue.checks.columns import Rows
from xinshu.catalogue.checks.context import RowFacts
from xinshu.catalogue.checks.duplicates import Hashes
from xinshu.catalogue.checks.scanning import Digests, digest_cells
from xinshu.catalogue.domain import CatalogueItem
from xinshu.kernel.cells import PADDING
from xinshu.kernel.text import normalise_name

COUNTERPART = "counterpart"
SEPARATOR = "\x1f"
CITIZEN_ID = "身份证"
"""What a number without a type is taken for."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def compared_as_names(item: CatalogueItem, code: str) -> bool:
    """Whether texts of this column are compared as `normal_key_text` makes them."""
    return item.field(code).kind in {"text", "name", "document_no"}


def digested_columns(item: CatalogueItem) -> dict[str, bool]:
    """The columns from which keys are told, and whether their texts are compared as `normal_key_text` makes them."""
    roles = item.roles
    wanted = dict.fromkeys(code for code in item.key if code != COUNTERPART)
    if COUNTERPART in item.key:
        ways = (roles.uscc, roles.org_code, roles.id_no, roles.id_type, roles.counterpart_name)
        wanted |= dict.fromkeys(code for code in ways if code is not None)
    return {code: compared_as_names(item, code) for code in wanted}


def key_columns(item: CatalogueItem, facts: RowFacts) -> tuple[Hashes, Hashes]:
    """Two independent 64-bit hashes of each row's natural key."""
    first, second = np.zeros(facts.height, dtype=np.uint64), np.zeros(facts.height, dtype=np.uint64)
    everyone = np.arange(facts.height)
    for code in item.key:
        one, two = _counterpart_digests(item, facts) if code == COUNTERPART else _digests(item, facts, code, everyone)
        first, second = first * _SPREAD + one, second * _SPREAD + two
    return first, second


def _counterpart_digests(item: CatalogueItem, facts: RowFacts) -> Digests:
    """Digests of the first identity that is filled: credit code, organisation code, id number with its type, name."""
    roles = item.roles
    result = np.zeros((2, facts.height), dtype=np.uint64)
    rest = np.ones(facts.height, dtype=np.bool_)
    for letter, code in (("U", roles.uscc), ("O", roles.org_code), ("P", roles.id_no)):
        if code is None:
            continue
        known = rest & facts.filled(code)
        if letter == "U":
            known &= ~facts.placeholder(code)
        rows = np.flatnonzero(known)
        if not len(rows):
            continue
        digests = _digests(item, facts, code, rows)
        if letter == "P":
            digests = (digests + _type_digests(item, facts, rows)) * _SPREAD
        result[:, rows] = digests + np.uint64(ord(letter))
        rest &= ~known
    rows = np.flatnonzero(rest)
    result[:, rows] = _digests(item, facts, roles.counterpart_name, rows) + np.uint64(ord("N"))
    return result


def _type_digests(item: CatalogueItem, facts: RowFacts, rows: Rows) -> Digests:
    """Digests of the type of each id number."""
    code, plain = item.roles.id_type, _digests_of([CITIZEN_ID])
    if code is None:
        return np.zeros((2, 1), dtype=np.uint64)
    return np.where(facts.filled(code)[rows], _digests(item, facts, code, rows), plain)


def _digests(item: CatalogueItem, facts: RowFacts, code: str, rows: Rows) -> Digests:
    """Two digests of each cell of a column in these rows as it is compared, shape (2, rows)."""
    known = facts.screened.keys.get(code)
    if known is None:
        return np.zeros((2, len(rows)), dtype=np.uint64)
    care = known.care.copy()
    care[list(facts.columns.changed.get(code, ()))] = True
    digests = known.digests[:, rows]
    places = np.flatnonzero(care[rows])
    if len(places):
        texts = facts.columns.texts(code, rows[places].tolist())
        if compared_as_names(item, code):
            texts = [normal_key_text(text) for text in texts]
        digests[:, places] = _digests_of(texts)
    return digests


def _digests_of(texts: list[str]) -> Digests:
    encoded = [text.encode() for text in texts]
    sizes = np.array([len(each) for each in encoded], dtype=np.int32)
    starts = np.cumsum(sizes, dtype=np.int32) - sizes
    buffer = np.frombuffer(bytearray(b"".join(encoded) + bytes(PADDING)), dtype=np.uint8)
    digests = np.empty((2, len(texts)), dtype=np.uint64)
    digest_cells(buffer, starts, sizes, digests)
    return digests


def normal_key_text(text: str) -> str:
    """A text part of a key: normalised like a name, with all brackets as 〔〕, as most document numbers have them."""
    return normalise_name(text).replace("(", "〔").replace(")", "〕")
