"""The results in ./runs, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from saliencynoise.display.terminal import Terminal
from saliencynoise.display.visible import one_visible_line

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.cli.finding import Listed


def print_runs(entries: Sequence[Listed], console: Console | None = None) -> None:
    """Print two or three lines for each folder: its name, kind and date; its subject; its main finding."""
    console = console or Terminal()
    if not entries:
        console.print(Text("./runs holds no results; 'saliencynoise bench' makes the first"))
        return
    width = max(len(entry.folder.name) for entry in entries)
    for entry in entries:
        date = entry.created.astimezone().strftime("%Y-%m-%d %H:%M")
        name = one_visible_line(entry.folder.name)
        if entry.summary is None:
            line = Text(f"{name:<{width}}  {date}  ")
            line.append(one_visible_line(entry.problem), style="red")
            console.print(line, soft_wrap=True)
            continue
        line = Text(f"{name:<{width}}", style="bold", end="")
        console.print(Text.assemble(line, (f"  {date}  {entry.summary.kind}", "")), soft_wrap=True)
        for text, style in ((entry.summary.subject, "dim"), (entry.summary.headline, "")):
            console.print(Padding(Text(one_visible_line(text), style=style), (0, 0, 0, 2)))
    console.print(Text("saliencynoise show NAME, or report NAME; the beginning of a name is enough", style="dim"))
