"""Reads of the stored catalogue."""

from __future__ import annotations

from xinshu.catalogue.errors import UnknownItem
from xinshu.kernel.database import fetch

_NUMBERS = "SELECT item, id FROM catalogue_item"


def item_numbers() -> dict[str, int]:
    """{item code: its number in the record store}."""
    return dict(fetch(_NUMBERS))


def item_number(item: str) -> int:
    """The number of one item. Raises UnknownItem when the catalogue was not stored (xinshu init)."""
    numbers = item_numbers()
    if item not in numbers:
        raise UnknownItem(item, tuple(sorted(numbers)))
    return numbers[item]
