"""Marks by which a copy is led back to its recipient (docs/decisions, watermarks).

Every copy has a number of 16 characters, its mark. It stands in the clear: on each PDF page (text and QR), each sheet,
the tail of a CSV, the metadata. Files carry it twice more, for whoever cuts that away:
- each row ends with a check number, a keyed digest of the mark and the row: one row that is left leads to the copy and
  shows whether the row was changed;
- the subjects stand in an order of the copy's own, sorted by a keyed digest of mark and code: ten subjects left in their
  order lead to the copy even where the check numbers were taken out.
Neither needs invisible characters; nothing in the data is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xinshu.disclosure.domain import Disclosed
from xinshu.kernel.ids import PUBLIC_ID_ALPHABET
from xinshu.security.sealing import Vault

CHECK_LENGTH = 10
FEWEST_IN_ORDER = 8  # so many subjects in another copy's order by chance: 1 in 40 000; candidates are those of a query


def check_number(vault: Vault, mark: str, cells: Iterable[str]) -> str:
    """The check number of a row of a copy: ten characters (50 bits) over mark and cells."""
    text = "\x1f".join((mark, *(each.strip() for each in cells)))
    bits = vault.reference("copy-row", text).int >> 78
    return "".join(PUBLIC_ID_ALPHABET[bits >> shift & 31] for shift in range(45, -1, -5))


def rank(vault: Vault, mark: str, code: str) -> bytes:
    """By what the subjects of a copy are sorted."""
    return vault.reference("copy-order", f"{mark}\x1f{code}").bytes


def in_order_of(vault: Vault, mark: str, subjects: Iterable[Disclosed]) -> tuple[Disclosed, ...]:
    """The subjects in the order of a copy."""
    return tuple(sorted(subjects, key=lambda each: rank(vault, mark, each.code)))


def is_in_order_of(vault: Vault, mark: str, codes: Sequence[str]) -> bool:
    """Whether these codes (each once) stand in the order of a copy, whatever is missing between them."""
    ranks = [rank(vault, mark, each) for each in codes]
    return len(codes) >= FEWEST_IN_ORDER and ranks == sorted(ranks)
