"""Formats of numbers, shares, times, p-values and intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.markup import escape

from saliencynoise.records.numbers import number

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell


def percent(share: float) -> str:
    """Return a share in per cent. Only 0 is written as 0%, and only 1 as 100%.

    >>> [percent(share) for share in (0.0, 0.001, 0.271, 0.999, 1.0)]
    ['0%', '<1%', '27%', '>99%', '100%']
    """
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def estimated_percent(value: float | str | None) -> str:
    """Return an estimate of a share, which may be negative, in per cent without decimals; the undefined as a dash.

    >>> estimated_percent(0.124), estimated_percent(-0.001), estimated_percent(None)
    ('12%', '0%', '-')
    """
    share = number(value)
    if share != share:  # noqa: PLR0124 - NaN
        return "-"
    return format_number(share) if abs(share) == float("inf") else f"{round(100 * share)}%"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless the number is 1.

    >>> counted(1, "epoch"), counted(2, "epoch")
    ('1 epoch', '2 epochs')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def bytes_text(size: int) -> str:
    """Return the size of a file, with two or more digits.

    >>> bytes_text(800), bytes_text(48_312), bytes_text(2_345_000)
    ('800 B', '48 kB', '2.3 MB')
    """
    if size < 1000:
        return f"{size} B"
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(42), duration(200), duration(9000)
    ('42 s', '3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def duration_range(low: float, high: float) -> str:
    """Return a range of times in the unit of the longer one.

    >>> duration_range(40, 60), duration_range(70, 200), duration_range(3000, 9000), duration_range(59.9, 60.1)
    ('40 to 60 s', '1 to 3 min', '0.8 to 2.5 h', '60 s')
    """
    scale, unit, digits = (1, "s", 0) if high < 90 else (60, "min", 0) if high < 5400 else (3600, "h", 1)
    first, last = (f"{seconds / scale:.{digits}f}" for seconds in (low, high))
    return f"{last} {unit}" if first == last else f"{first} to {last} {unit}"


def format_number(value: float | str | None) -> str:
    """Return a figure with three digits, two decimals at most above 0.1; infinity as a sign, the undefined a dash."""
    plain = number(value)
    if plain != plain:  # noqa: PLR0124 - NaN
        return "-"
    if abs(plain) == float("inf"):
        return "∞" if plain > 0 else "-∞"
    if abs(plain) >= 100:
        return f"{plain:.3g}"
    if abs(plain) >= 10:
        return f"{plain:.1f}"
    return f"{plain:.3f}" if abs(plain) < 0.1 else f"{plain:.2f}"


class TwoEnds(Protocol):
    """An interval of any kind."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""


def interval_text(interval: TwoEnds | None) -> str:
    """Return an interval as "[low, high]", escaped for rich; a dash where there is none."""
    if interval is None:
        return "-"
    return escape(f"[{format_number(interval.low)}, {format_number(interval.high)}]")


def with_interval(value: float | str | None, low: float | str | None, high: float | str | None) -> str:
    """Return a figure with its interval; the figure alone where there is none.

    >>> with_interval(0.5, 0.25, "inf"), with_interval(0.5, None, None)
    ('0.50 [0.25, ∞]', '0.50')
    """
    ends = [format_number(end) for end in (low, high)]
    return format_number(value) if "-" in ends else f"{format_number(value)} [{', '.join(ends)}]"


def seconds_text(seconds: float) -> str:
    """Return seconds with a decimal below ten.

    >>> seconds_text(0.83), seconds_text(39.2)
    ('0.8', '39')
    """
    return f"{seconds:.0f}" if seconds >= 9.95 else f"{seconds:.1f}"


def p_text(value: float | None) -> str:
    """Return a p-value; a dash where no test was made."""
    if value is None:
        return "-"
    return "<.001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def p_cell(value: float | None) -> str:
    """Return a p-value for a table, dim where it is not significant."""
    return p_text(value) if value is None or value < 0.05 else f"[dim]{p_text(value)}[/]"


def untrained_text(cell: Cell) -> str:
    """Return r of untrained networks; a dash where there is none."""
    return "-" if cell.untrained is None else format_number(cell.untrained.snr)
