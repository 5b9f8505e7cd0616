"""One line of the benchmark's table."""

from __future__ import annotations

from dataclasses import dataclass

_HUGE = 1_000  # a ratio beyond is not worth its digits


@dataclass(frozen=True)
class Line:
    """Ours against a limit. `bar` is the least ratio asked for, None for a line that only informs."""

    name: str
    ours: float
    unit: str
    against: str
    limit: float
    bar: float | None
    higher_is_better: bool = True

    @property
    def ratio(self) -> float:
        """Ours ÷ limit for speeds; limit ÷ ours for times."""
        return self.ours / self.limit if self.higher_is_better else self.limit / self.ours

    @property
    def passed(self) -> bool:
        """Whether the bar is reached."""
        return self.bar is None or self.ratio >= self.bar

    @staticmethod
    def heading() -> str:
        """The table's head."""
        return f"{'line':44} {'ours':>14} {'limit':>14} {'ratio':>7} {'bar':>6}  verdict\n" + "-" * 100

    def text(self) -> str:
        """The line as printed."""
        bar = "" if self.bar is None else f"{self.bar:.2f}"
        verdict = "" if self.bar is None else ("ok" if self.passed else "MISSED")
        digits = 2 if self.unit else 4  # a share without unit may have to reach 0.999
        ratio = f"{self.ratio:.2f}" if self.ratio < _HUGE else f">{_HUGE}"
        return (
            f"{self.name:44} {self.ours:>10,.{digits}f} {self.unit:3} {self.limit:>10,.{digits}f} {self.unit:3} {ratio:>7}"
            f" {bar:>6}  {verdict}  (against {self.against})"
        )
