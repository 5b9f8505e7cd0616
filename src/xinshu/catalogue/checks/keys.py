"""Natural keys: whose row is this, and has it been in this file before?

Parts are normalised text, empty = ''. The counterpart's part is USCC, else organisation code, else id number, else
normalised name (architecture.md section 9).
Within a file rows are compared by two 64-bit hashes of the key; the stored key hash is made by `collection`.
"""

from __future__ import annotations

import numpy as np

from xinshu.catalogue.checks.context import RowFacts
from xinshu.catalogue.checks.duplicates import Hashes
from xinshu.catalogue.checks.scanning import Digests, Mask, digest_cells
from xinshu.catalogue.domain import CatalogueItem
from xinshu.kernel.cells import PADDING
from xinshu.kernel.compiled import compiled
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
    hashes = np.zeros((2, facts.height), dtype=np.uint64)
    for code in item.key:
        _fold(hashes, _counterpart_digests(item, facts) if code == COUNTERPART else _digests(item, facts, code))
    return hashes[0], hashes[1]


def _counterpart_digests(item: CatalogueItem, facts: RowFacts) -> Digests:
    """Digests of the first identity that is filled: credit code, organisation code, id number with its type, name."""
    roles = item.roles
    result = _digests(item, facts, roles.counterpart_name) + np.uint64(ord("N"))
    for letter, code in (("P", roles.id_no), ("O", roles.org_code), ("U", roles.uscc)):  # the later ones go first
        if code is None:
            continue
        known = facts.filled(code)
        if letter == "U":
            known = known & ~facts.placeholder(code)
        if not known.any():
            continue
        digests = _digests(item, facts, code)
        if letter == "P":
            digests = (digests + _type_digests(item, facts)) * _SPREAD
        _lay_over(result, known, digests, ord(letter))
    return result


def _type_digests(item: CatalogueItem, facts: RowFacts) -> Digests:
    """Digests of the type of each id number."""
    code, plain = item.roles.id_type, _digests_of([CITIZEN_ID])
    if code is None:
        return np.zeros((2, 1), dtype=np.uint64)
    return np.where(facts.filled(code), _digests(item, facts, code), plain)


def _digests(item: CatalogueItem, facts: RowFacts, code: str) -> Digests:
    """Two digests of each cell of a column as it is compared, shape (2, rows); not to be changed."""
    known = facts.screened.keys.get(code)
    if known is None:
        return np.zeros((2, facts.height), dtype=np.uint64)
    care = known.care.copy()
    care[list(facts.columns.changed.get(code, ()))] = True
    places = np.flatnonzero(care)
    if not len(places):
        return known.digests
    texts = facts.columns.texts(code, places.tolist())
    if compared_as_names(item, code):
        texts = [normal_key_text(text) for text in texts]
    digests = known.digests.copy()
    digests[:, places] = _digests_of(texts)
    return digests


@compiled("void(uint64[:, ::1], uint64[:, ::1])", short=True)
def _fold(hashes: Digests, digests: Digests) -> None:
    """Take one more part of a key into its hashes."""
    for side in range(2):
        for row in range(hashes.shape[1]):
            hashes[side, row] = hashes[side, row] * _SPREAD + digests[side, row]


@compiled("void(uint64[:, ::1], boolean[::1], uint64[:, ::1], uint64)", short=True)
def _lay_over(result: Digests, known: Mask, digests: Digests, letter: int) -> None:
    """Put these digests, with their kind, where they are known."""
    for side in range(2):
        for row in range(len(known)):
            if known[row]:
                result[side, row] = digests[side, row] + letter


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
