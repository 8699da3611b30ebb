"""The widths of figures in print, in inches and by name."""

from __future__ import annotations

from collections.abc import Sequence

from saliencynoise.interfaces import UsageError

WIDTHS = {"column": 3.25, "text": 5.5, "page": 6.75}
"""Inches of the places in a paper: one of two columns, the text of a page with one column, both of two columns."""

NARROWEST, BROADEST = 2.5, 40.0
"""Inches."""

Width = float | str
"""Inches, or one of `WIDTHS`."""

Size = Width | Sequence[float]
"""A width, or a width and a height in inches."""


def width_in(width: Width) -> float:
    """Return a width in inches.

    >>> width_in("column"), width_in(5)
    (3.25, 5.0)

    Raises:
        UsageError: it is no such width.
    """
    names = ", ".join(f"'{name}' ({inches:g})" for name, inches in WIDTHS.items())
    if isinstance(width, str):
        if width not in WIDTHS:
            raise UsageError(f"width '{width}' is not known: choose {names}, or inches")
        return WIDTHS[width]
    if isinstance(width, bool) or not isinstance(width, int | float) or not NARROWEST <= width <= BROADEST:
        raise UsageError(f"width {width!r} is not possible: choose {NARROWEST:g} to {BROADEST:g} inches, or {names}")
    return float(width)
