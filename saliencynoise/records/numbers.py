"""Numbers of a JSON record as floats, and the rate of false discoveries that records state."""

from __future__ import annotations

FALSE_DISCOVERY_RATE = 0.05
"""Rate of false discoveries among significant pixels, and among images on which members fall into two groups."""


def number(value: float | str | None) -> float:
    """Return a figure of a result as a float: JSON holds infinities as words and the undefined as null."""
    return float("nan") if value is None else float(value)
