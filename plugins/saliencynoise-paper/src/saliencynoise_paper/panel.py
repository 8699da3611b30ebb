"""A panel of the paper as files: PNG, SVG, data as Parquet, caption."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.saving import drawn
from saliencynoise.records.writing import json_of
from saliencynoise.store.atomic import write_bytes

if TYPE_CHECKING:
    import pandas as pd


def write_panel(panel: CaptionedFigure, folder: Path) -> list[Path]:
    """Write `NAME.png`, `NAME.svg`, `NAME.parquet`, `NAME.md` and, where there are facts, `NAME.json`; return them.

    The same panel gives the same bytes: no date is written.

    Raises:
        UsageError: if the folder cannot be written.
    """
    contents = {
        f"{panel.name}.png": drawn(panel.figure, "png"),
        f"{panel.name}.svg": drawn(panel.figure, "svg"),
        f"{panel.name}.parquet": _parquet(panel.data),
        f"{panel.name}.md": markdown(panel).encode(),
    }
    if panel.facts:
        contents[f"{panel.name}.json"] = json.dumps(json_of(panel.facts), indent=1, allow_nan=False).encode() + b"\n"
    for name, content in contents.items():
        write_bytes(folder / name, content)
    return [folder / name for name in contents]


def markdown(panel: CaptionedFigure) -> str:
    """Return the title, the caption and the notes of a panel, as Markdown."""
    paragraphs = [f"**{panel.title}.** {panel.caption}", *panel.notes]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph).rstrip() + "\n"


def _parquet(data: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    data.to_parquet(buffer, index=False)
    return buffer.getvalue()
