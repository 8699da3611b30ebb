"""A panel, and how it is written: PNG, SVG, data as Parquet, caption."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.saving import drawn
from saliencynoise.store.atomic import write_bytes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One panel.

    Attributes:
        name: of its files.
        figure: what is shown.
        data: what the figure shows, a row a point.
        caption: Markdown; what is shown, by which definition, from which members, images, recipe, versions, hardware.
        facts: what else was found, in plain values that JSON holds; empty if nothing was.
    """

    name: str
    figure: Figure
    data: pd.DataFrame
    caption: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_panel(panel: Panel, folder: Path) -> list[Path]:
    """Write `NAME.png`, `NAME.svg`, `NAME.parquet`, `NAME.md` and, where there are facts, `NAME.json`; return them.

    The same panel gives the same bytes: no date is written.

    Raises:
        UsageError: if the folder cannot be written.
    """
    contents = {
        f"{panel.name}.png": drawn(panel.figure, "png"),
        f"{panel.name}.svg": drawn(panel.figure, "svg"),
        f"{panel.name}.parquet": _parquet(panel.data),
        f"{panel.name}.md": panel.caption.rstrip().encode() + b"\n",
    }
    if panel.facts:
        contents[f"{panel.name}.json"] = json.dumps(panel.facts, indent=1, allow_nan=False).encode() + b"\n"
    for name, content in contents.items():
        write_bytes(folder / name, content)
    return [folder / name for name in contents]


def _parquet(data: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    data.to_parquet(buffer, index=False)
    return buffer.getvalue()
