"""Panels in the terminal: what they found, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from saliencynoise.display.terminal import Terminal
from saliencynoise_paper.table import NAME as TABLE
from saliencynoise_paper.table import print_table_panel

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.display.figures.captioned import CaptionedFigure


def print_panel(panel: CaptionedFigure, paths: Sequence[Path], console: Console | None = None) -> None:
    """Print where a panel's files lie; of the table its figures, too."""
    console = console or Terminal()
    if panel.name == TABLE:
        print_table_panel(panel, console)
    suffixes = ", ".join(path.suffix.removeprefix(".") for path in paths[1:])
    console.print(Text(f"{panel.name}: {paths[0]} ({suffixes} beside it)"))
