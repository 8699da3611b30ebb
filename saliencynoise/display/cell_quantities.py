"""The value, interval and text of each quantity of a cell: the same in every table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import with_interval
from saliencynoise.display.quantities import QUANTITIES
from saliencynoise.statistics.reliability import reliability_at

if TYPE_CHECKING:
    from saliencynoise.display.numbers import TwoEnds
    from saliencynoise.records.cell import Cell, Estimate


@dataclass(frozen=True, kw_only=True)
class CellValue:
    """A quantity of a cell.

    Attributes:
        key: of the quantity.
        value: None where there is none.
        low: lower end of its interval; None where there is none.
        high: upper end.
        words: text that replaces the value's, with its interval, as of "networks for 0.9".
    """

    key: str
    value: float | None
    low: float | None = None
    high: float | None = None
    words: str = ""

    @property
    def text(self) -> str:
        """The value, rounded, without its interval."""
        return self.words or QUANTITIES[self.key].text(self.value)

    @property
    def whole(self) -> str:
        """The value with its interval, where there is one."""
        if self.words or self.low is None or self.high is None:
            return self.text
        return with_interval(self.value, self.low, self.high)

    @property
    def columns(self) -> dict[str, float | None]:
        """The values by the names of their columns, in full precision."""
        return dict(zip(QUANTITIES[self.key].columns, (self.value, self.low, self.high), strict=False))


def cell_value(cell: Cell, key: str) -> CellValue:
    """Return a quantity of a cell by its key in `QUANTITIES`. A cell that failed has an accuracy and nothing else."""
    if cell.figures is None and key != "accuracy":
        return CellValue(key=key, value=None, words="-")
    return READERS[key](cell)


def one_map(snr: float) -> float:
    """Return the reliability of one map, SNR/(1 + SNR); 0 where the SNR is not above 0, NaN where it is undefined.

    >>> one_map(3.0), one_map(-0.1)
    (0.75, 0.0)
    """
    return snr if math.isnan(snr) else reliability_at(max(snr, 0.0), 1)


def _estimate(key: str, estimate: Estimate) -> CellValue:
    return _value(key, estimate.value, estimate.interval)


def _value(key: str, value: float | None, interval: TwoEnds | None) -> CellValue:
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return CellValue(key=key, value=value, low=low, high=high)


def _reliability(cell: Cell) -> CellValue:
    snr = cell.known_figures.estimates.snr
    return CellValue(key="reliability", value=None if snr.floor else one_map(snr.value))


def _networks(cell: Cell) -> CellValue:
    if cell.known_figures.estimates.snr.floor:
        return CellValue(key="networks", value=None, words="-")
    needed = cell.known_figures.members_needed
    return CellValue(key="networks", value=needed.value, low=needed.low, high=needed.high, words=needed.text)


def _pixels(cell: Cell) -> CellValue:
    pixels = None if cell.details is None else cell.details.pixels
    return CellValue(key="significant_pixels", value=None if pixels is None else pixels.share)


def _untrained(cell: Cell) -> CellValue:
    untrained = cell.untrained
    return _value("untrained_snr", *((None, None) if untrained is None else (untrained.snr, untrained.interval)))


READERS: Mapping[str, Callable[[Cell], CellValue]] = MappingProxyType(
    {
        "snr": lambda cell: _estimate("snr", cell.known_figures.estimates.snr),
        "reliability": _reliability,
        "networks": _networks,
        "significant_pixels": _pixels,
        "p": lambda cell: CellValue(key="p", value=cell.known_figures.signal_p),
        "published_snr": lambda cell: _estimate("published_snr", cell.known_figures.estimates.snr_pixel),
        "floor": lambda cell: CellValue(key="floor", value=cell.known_figures.estimates.snr_pixel.floor),
        "untrained_snr": _untrained,
        "snr_networks_alone": lambda cell: _estimate("snr_networks_alone", cell.known_figures.estimates.snr_network),
        "accuracy": lambda cell: CellValue(key="accuracy", value=cell.accuracy.median),
        "seconds": lambda cell: CellValue(key="seconds", value=cell.seconds),
    }
)
"""How each quantity is read from a computed cell. Views in which pure noise agrees have no reliability."""
