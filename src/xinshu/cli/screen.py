"""Where the commands print their tables and lines."""

from __future__ import annotations

from rich.console import Console

_WIDE = 200


def screen() -> Console:
    """Standard output. Text stands as it is, whatever brackets or colons a name has; what goes into a file or a pipe is
    not cut to the width of a terminal that is not there."""
    console = Console(markup=False, highlight=False, emoji=False)
    return console if console.is_terminal else Console(markup=False, highlight=False, emoji=False, width=_WIDE)
