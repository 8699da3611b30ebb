"""Curves in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

from saliencynoise.statistics.curve import averaging_curve

BLOCKS = "▁▂▃▄▅▆▇█"

TENTHS = "0123456789"
"""Digits for encodings without blocks: each digit is the tenth that holds the value."""

COUNTS = (1, 2, 4, 8, 16, 32, 64)
"""Numbers of averaged networks in a line of reliabilities; all lines use the same, so that they can be compared."""


def reliability_line(snr: float, *, members: int, ascii_only: bool = False) -> str:
    """Return the reliability R(n) of averages of n = 1, 2, 4 ... 64 networks, with a bar after the run's members.

    Args:
        snr: the corrected r of one map; NaN gives blanks.
        members: of the run.
        ascii_only: as of `sparkline`.

    >>> reliability_line(0.56, members=8)
    '▃▅▆▇│███'
    """
    values = [point.reliability for point in averaging_curve(snr, counts=COUNTS)]
    known = sum(count <= members for count in COUNTS)
    return sparkline(values, mark=known if known < len(COUNTS) else None, ascii_only=ascii_only)


def sparkline(values: Sequence[float], *, mark: int | None = None, ascii_only: bool = False) -> str:
    """Return a character for each value, on a fixed scale from 0 to 1, so that lines can be compared.

    Args:
        values: values outside 0 to 1 are drawn at the scale's ends; NaN is a space.
        mark: number of values that a bar is drawn behind; None for no bar.
        ascii_only: digits in place of blocks, 0 for 0 to 0.1 and 9 for 0.9 to 1.

    >>> sparkline([0.0, 0.3, float("nan"), 0.9, 1.0], mark=2), sparkline([0.05, 0.31, 0.99], ascii_only=True)
    ('▁▃│ ██', '039')
    """
    ramp = TENTHS if ascii_only else BLOCKS
    drawn = [_step(value, ramp) for value in values]
    if mark is not None:
        drawn.insert(mark, "|" if ascii_only else "│")
    return "".join(drawn)


def _step(value: float, ramp: str) -> str:
    if value != value:  # noqa: PLR0124 - NaN
        return " "
    return ramp[min(int(max(min(value, 1.0), 0.0) * len(ramp)), len(ramp) - 1)]
