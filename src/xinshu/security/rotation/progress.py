"""How far a rotation is: kept in `keys/rotation.json`, for those who watch and for the next process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Self

from xinshu.security.crypto.errors import KeyringUnusable
from xinshu.security.crypto.keyfile import read_keys, write_keys


class Phase(StrEnum):
    """What is going on."""

    NONE = "none"
    MOVING = "moving"
    WAITING = "waiting"
    DONE = "done"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Progress:
    """`moved`: things moved since the last rotation was done; `left`: things on old keys at the last count, less those
    moved since. `counts`: {key number: things}, as of `counted_at`."""

    phase: Phase = Phase.NONE
    moved: int = 0
    left: int = 0
    counts: Mapping[int, int] = field(default_factory=dict)
    counted_at: datetime | None = None
    cursors: Mapping[str, int] = field(default_factory=dict)
    actives: tuple[int, ...] = ()

    @property
    def share(self) -> float:
        """Done, 0 to 1."""
        whole = self.moved + self.left
        return self.moved / whole if whole else 1.0

    def with_phase(self, phase: Phase) -> Self:
        """The same in another phase; done, the counting of moved things begins anew."""
        return replace(self, phase=phase)

    def counted(self, counts: Mapping[int, int], left: int, now: datetime) -> Self:
        """After a count."""
        moved = 0 if self.phase is Phase.DONE and left else self.moved
        phase = Phase.MOVING if left else self.phase
        return replace(self, phase=phase, moved=moved, left=left, counts=dict(counts), counted_at=now)

    def further(self, moved: int, cursors: Mapping[str, int]) -> Self:
        """After a batch."""
        return replace(self, moved=self.moved + moved, left=max(self.left - moved, 0), cursors=dict(cursors))


class Cursors:
    """Where each part was left in this pass. Valid only for the same active keys."""

    def __init__(self, kept: Mapping[str, int]) -> None:
        self._kept = dict(kept)

    @classmethod
    def of(cls, progress: Progress, actives: tuple[int, ...]) -> Self:
        """Those of a pass begun before, if its keys are still the present ones."""
        return cls(progress.cursors if progress.actives == actives else {})

    def start(self, part: str) -> int:
        """Where to go on."""
        return self._kept.get(part, 0)

    def reached(self, part: str, place: int) -> Mapping[str, int]:
        """Remember; all places."""
        self._kept[part] = place
        return self._kept


def read_progress(home: Path) -> Progress:
    """What was saved last; nothing readable is nothing done, since it only saves work."""
    try:
        kept = read_keys(_path(home))
        counted = kept.get("counted_at")
        return Progress(
            Phase(kept["phase"]),
            int(kept["moved"]),
            int(kept["left"]),
            {int(number): int(count) for number, count in kept["counts"].items()},
            None if counted is None else datetime.fromisoformat(counted),
            {str(name): int(place) for name, place in kept["cursors"].items()},
            tuple(kept["actives"]),
        )
    except (KeyringUnusable, KeyError, ValueError, TypeError, AttributeError):
        return Progress()


def save_progress(home: Path, progress: Progress) -> Progress:
    """Save and return it."""
    write_keys(
        _path(home),
        {
            "phase": progress.phase.value,
            "moved": progress.moved,
            "left": progress.left,
            "counts": {str(number): count for number, count in sorted(progress.counts.items())},
            "counted_at": None if progress.counted_at is None else progress.counted_at.isoformat(),
            "cursors": dict(progress.cursors),
            "actives": list(progress.actives),
        },
    )
    return progress


def _path(home: Path) -> Path:
    return home / "keys" / "rotation.json"
