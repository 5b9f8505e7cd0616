"""Numbered pages: which numbers stand under a list. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_AROUND = 2
GAP = 0


@dataclass(frozen=True, slots=True)
class Pager:
    """Page `page` of a list of `total` entries in pages of `size`; a page outside the list becomes its nearest end."""

    total: int
    size: int
    page: int

    @classmethod
    def of(cls, total: int, size: int, asked: str) -> Pager:
        """The pager for what the address says (`page=`); anything that is no number counts as 1."""
        wanted = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 1
        last = max(1, -(-total // size))
        return cls(total, size, min(max(wanted, 1), last))

    @property
    def last(self) -> int:
        """The last page, 1 for an empty list."""
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        """Entries before this page."""
        return (self.page - 1) * self.size

    @property
    def first_shown(self) -> int:
        """Number of the first entry of this page, 0 for an empty list."""
        return self.offset + 1 if self.total else 0

    @property
    def last_shown(self) -> int:
        """Number of the last entry of this page."""
        return min(self.offset + self.size, self.total)

    @property
    def numbers(self) -> list[int]:
        """First, last and those around this one; `GAP` where some are left out."""
        kept = [n for n in range(1, self.last + 1) if n in (1, self.last) or abs(n - self.page) <= _AROUND]
        numbers: list[int] = []
        for each in kept:
            if numbers and each - numbers[-1] > 1:
                numbers.append(GAP)
            numbers.append(each)
        return numbers
