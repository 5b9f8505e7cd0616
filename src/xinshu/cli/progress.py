"""A progress bar for commands that read files; none where nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Step = Callable[[str, float, int], None]
"""(what is being done, share done 0-1, rows so far)."""


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[str], Step]]:
    """A bar on the terminal (standard error), one line for each file; nothing when quiet or not on a terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _name: lambda _step, _done, _rows: None
        return
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as bar:

        def begin(name: str) -> Step:
            task = bar.add_task(name, total=100)

            def step(what: str, done: float, rows: int) -> None:
                bar.update(task, completed=int(done * 100), description=f"{name} · {what} · {rows} 行")

            return step

        yield begin
