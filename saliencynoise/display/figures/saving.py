"""Figures as files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS, PRINTED = 150, 300
"""Dots an inch of a PNG: in a page, and in a file for print."""

KINDS = ("png", "svg", "pdf")
"""The formats of files."""


def drawn(figure: Figure, kind: str, *, dots: int = DOTS, letters: str = "none") -> bytes:
    """Return a figure as the bytes of a file; the same figure gives the same bytes, without a date.

    Args:
        figure: what is drawn.
        kind: one of `KINDS`.
        dots: per inch of a PNG, and of the pictures in the other formats.
        letters: how an SVG holds them: "none" as text in a font of the reader's, "path" as outlines.
    """
    import matplotlib as mpl  # noqa: PLC0415 - a second to import

    if figure.get_layout_engine() is not None:  # once is enough: `savefig` would lay it out twice, in half of its time
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    buffer = io.BytesIO()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with mpl.rc_context({"svg.hashsalt": "saliencynoise", "svg.fonttype": letters, "pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, dpi=dots, metadata=metadata)
    return buffer.getvalue()


def write_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure for print, in the format that the path ends in, and return the path.

    Raises:
        UsageError: the format is none of `KINDS`, or the file cannot be written.
    """
    path = Path(path).expanduser()
    kind = path.suffix.removeprefix(".").lower()
    if kind not in KINDS:
        raise UsageError(f"{path}: the format '{kind}' is not known; end the name in {', '.join(KINDS[:-1])} or pdf")
    write_bytes(path, drawn(figure, kind, dots=PRINTED, letters="path"))
    return path
