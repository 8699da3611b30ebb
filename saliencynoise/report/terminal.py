"""The terminal that tables are printed to."""

from __future__ import annotations

import shutil

from rich.console import Console

NARROWEST = 80


class Terminal(Console):
    """Standard output, at least 80 columns wide: a table that lost columns would mislead; a wrapped line does not."""

    def __init__(self) -> None:
        width = shutil.get_terminal_size((NARROWEST, 25)).columns
        super().__init__(highlight=False, width=max(NARROWEST, width))

    def on_broken_pipe(self) -> None:
        """Leave it to the command line, which ends with success."""
        raise BrokenPipeError
