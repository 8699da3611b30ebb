"""Numbers of a JSON record as floats."""

from __future__ import annotations


def number(value: float | str | None) -> float:
    """Return a figure of a result as a float: JSON holds infinities as words and the undefined as null."""
    return float("nan") if value is None else float(value)
