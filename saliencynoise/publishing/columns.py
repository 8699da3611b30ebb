"""The columns that a published table can have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import format_number, p_text, percent, with_interval
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.records.numbers import number
from saliencynoise.statistics.reliability import reliability_at

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell, CellFigures, Estimate

Value = float | int | str | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a published table.

    Attributes:
        header: its name for readers.
        text: the entry of a computed cell, with its interval.
        values: the same in full precision, for programs: values by the names of their columns.
        meaning: a clause for the caption; empty where the name says enough.
    """

    header: str
    text: Callable[[Cell], str]
    values: Callable[[Cell], Mapping[str, Value]]
    meaning: str = ""


def _estimate(name: str, header: str, pick: Callable[[CellFigures], Estimate], meaning: str = "") -> Column:
    """Return the column of an estimate with its interval."""

    def text(cell: Cell) -> str:
        return _with_ends(pick(cell.known_figures))

    def values(cell: Cell) -> dict[str, Value]:
        estimate = pick(cell.known_figures)
        interval = estimate.interval
        low, high = (None, None) if interval is None else (interval.low, interval.high)
        return {name: estimate.value, f"{name}_low": low, f"{name}_high": high}

    return Column(header=header, text=text, values=values, meaning=meaning)


def _with_ends(estimate: Estimate) -> str:
    interval = estimate.interval
    if interval is None:
        return format_number(estimate.value)
    return with_interval(estimate.value, interval.low, interval.high)


def _one_map(cell: Cell) -> float:
    """Return the reliability of one map; NaN where the SNR is undefined, and 0 where it is not above 0."""
    snr = cell.known_figures.estimates.snr.value
    return snr if snr != snr else reliability_at(max(snr, 0.0), 1)  # noqa: PLR0124 - NaN


def _needed(cell: Cell) -> dict[str, Value]:
    needed = cell.known_figures.members_needed
    return {"networks": needed.value, "networks_low": needed.low, "networks_high": needed.high}


def _pixels(cell: Cell) -> float | None:
    pixels = cell.known_details.pixels
    return None if pixels is None else pixels.share


def _untrained(cell: Cell) -> float | None:
    return None if cell.untrained is None else cell.untrained.snr


def _text_of(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _accuracy(cell: Cell) -> str:
    return "-" if cell.accuracy.median is None else f"{cell.accuracy.median:.1%}"


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "snr": _estimate("snr", "SNR", lambda figures: figures.estimates.snr, "SNR is corrected: pure noise gives 0"),
        "reliability": Column(
            header="Reliability",
            text=lambda cell: format_number(_one_map(cell)),
            values=lambda cell: {"reliability": _one_map(cell)},
            meaning="reliability: SNR/(1 + SNR), of one network's map",
        ),
        "networks": Column(
            header="Networks for 0.9",
            text=lambda cell: cell.known_figures.members_needed.text,
            values=_needed,
            meaning="networks for 0.9: networks to average for a reliability of 0.9",
        ),
        "pixels": Column(
            header="Significant pixels",
            text=lambda cell: _text_of(_pixels(cell)),
            values=lambda cell: {"significant_pixels": _pixels(cell)},
            meaning="significant pixels: values of the mean map that exceed noise, at 5% false discoveries",
        ),
        "p": Column(
            header="p",
            text=lambda cell: p_text(cell.known_figures.signal_p),
            values=lambda cell: {"p": cell.known_figures.signal_p},
            meaning="p: sign-flip test for any signal",
        ),
        "published": _estimate("published_snr", "Published SNR", lambda figures: figures.estimates.snr_pixel),
        "floor": Column(
            header="Floor",
            text=lambda cell: format_number(cell.known_figures.estimates.snr_pixel.floor),
            values=lambda cell: {"floor": cell.known_figures.estimates.snr_pixel.floor},
            meaning="published SNR: mean over pixels of |mean|/sd, not corrected; floor: its value for pure noise",
        ),
        "alone": _estimate(
            "snr_networks_alone",
            "SNR, networks alone",
            lambda figures: figures.estimates.snr_network,
            "networks alone: without the method's own sampling noise",
        ),
        "untrained": Column(
            header="Untrained SNR",
            text=lambda cell: format_number(_untrained(cell)),
            values=lambda cell: {"untrained_snr": _untrained(cell)},
            meaning="untrained: SNR of as many untrained networks",
        ),
        "accuracy": Column(
            header="Accuracy",
            text=_accuracy,
            values=lambda cell: {"accuracy": cell.accuracy.median},
            meaning="accuracy: median test accuracy of the networks",
        ),
    }
)

DEFAULT = ("snr", "reliability", "networks", "pixels")


def chosen_columns(names: Sequence[str] | str | None) -> dict[str, Column]:
    """Return columns by name, in the order asked for; the default ones for None.

    Args:
        names: names of columns, or one string with commas between them. "published" brings "floor" along, which it is
            never shown without.

    Raises:
        UsageError: a name is unknown or repeated, or there are none.
    """
    if names is None:
        return {name: COLUMNS[name] for name in DEFAULT}
    asked = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
    asked = [name for name in asked if name]
    if not asked:
        raise UsageError(f"columns names no column; give some of {', '.join(COLUMNS)}")
    for name in asked:
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS, otherwise=f"choose of {', '.join(COLUMNS)}")
            raise UsageError(f"columns has no '{name}'; {hint}")
        if asked.count(name) > 1:
            raise UsageError(f"columns has '{name}' twice; name it once")
    if "published" in asked and "floor" not in asked:
        asked.insert(asked.index("published") + 1, "floor")
    return {name: COLUMNS[name] for name in asked}


def plain(value: Value) -> Value:
    """Return a value for programs: an undefined number as None."""
    if isinstance(value, str) or value is None:
        return value
    return None if number(value) != number(value) else value
