"""Panels in the terminal: their results, and the paths of their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from saliencynoise.display.terminal import Terminal
from saliencynoise_paper.table import TablePanel, print_table_panel

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.display.figures.captioned import CaptionedFigure


def print_panel(panel: CaptionedFigure, paths: Sequence[Path], console: Console | None = None) -> None:
    """Print the paths of a panel's files, after the figures of the table."""
    console = console or Terminal()
    if isinstance(panel, TablePanel):
        print_table_panel(panel, console)
    suffixes = ", ".join(path.suffix.removeprefix(".") for path in paths[1:])
    console.print(Text(f"{panel.name}: {paths[0]} ({suffixes} beside it)"))
