"""The terminal that tables are printed to. It shows control characters and does not obey them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from saliencynoise.display.visible import visible

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType
    from rich.segment import Segment

NARROWEST = 80

PROSE = 100
"""Columns of a paragraph at most: longer lines are hard to read."""


class SafeConsole(Console):
    """A console on which control characters in names, paths and messages have no effect; its own styles have.

    Text is made visible here, once, before it is measured, rather than by each print.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Convert a string with markup to a text that can be printed."""
        return super().render_str(visible(text, encoding=self.encoding), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render an object; a text becomes one that can be printed."""
        return super().render(self._visible(renderable) if isinstance(renderable, Text) else renderable, options)

    def on_broken_pipe(self) -> None:
        """Let the command line handle it; the command then ends with success."""
        raise BrokenPipeError

    def _visible(self, text: Text) -> Text:
        indices = [
            index
            for index, character in enumerate(text.plain)
            if visible(character, encoding=self.encoding) != character
        ]
        if not indices:
            return text
        visible_text = text.blank_copy()
        for part in text.divide(sorted({*indices, *(index + 1 for index in indices)})):
            shown = visible(part.plain, encoding=self.encoding)
            visible_text.append_text(part if shown == part.plain else Text(shown, style=part.style))
        return visible_text


class Terminal(SafeConsole):
    """Standard output, at least 80 columns wide: a table that lost columns would mislead; a wrapped line does not.

    Paragraphs are at most 100 columns wide.

    Args:
        file: in place of standard output.
        width: in place of the terminal's.
    """

    def __init__(self, *, file: IO[str] | None = None, width: int | None = None) -> None:
        columns = width or shutil.get_terminal_size((NARROWEST, 25)).columns
        super().__init__(highlight=False, width=max(NARROWEST, columns), file=file)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, with paragraphs in lines of a readable length."""
        if len(objects) == 1 and isinstance(objects[0], Text) and self.width > PROSE:
            options.setdefault("width", PROSE)
        super().print(*objects, **options)


def print_places(places: Iterable[str | Path]) -> None:
    """Print paths of results, one per line: unchanged for scripts; with visible control characters on a terminal."""
    for path in places:
        print(visible(str(path)) if sys.stdout.isatty() else path)  # noqa: T201 - rich would wrap it
