"""Figures as files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS = 150
"""Dots an inch of a PNG."""


def drawn(figure: Figure, kind: str) -> bytes:
    """Return a figure as a "png", "svg" or "pdf" file; the same figure gives the same bytes, without a date."""
    import matplotlib as mpl  # noqa: PLC0415 - a second to import

    if figure.get_layout_engine() is not None:  # once is enough: `savefig` would lay it out twice, in half of its time
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    buffer = io.BytesIO()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with mpl.rc_context({"svg.hashsalt": "saliencynoise", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=kind, dpi=DOTS, metadata=metadata)
    return buffer.getvalue()
