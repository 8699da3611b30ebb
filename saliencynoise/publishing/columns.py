"""The columns that a published table can have, by the names that users give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from saliencynoise.display.cell_quantities import cell_value
from saliencynoise.display.quantities import QUANTITIES, Quantity
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.records.numbers import number

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell

Value = float | int | str | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a published table.

    Attributes:
        quantity: what it holds.
        meaning: a clause for the caption; empty where the name says enough.
    """

    quantity: Quantity
    meaning: str = ""

    @property
    def header(self) -> str:
        """Its name for readers."""
        return self.quantity.title

    def text(self, cell: Cell) -> str:
        """Return the entry of a computed cell, with its interval."""
        return cell_value(cell, self.quantity.key).whole

    def values(self, cell: Cell) -> Mapping[str, Value]:
        """Return the same in full precision, for programs: values by the names of their columns."""
        return cell_value(cell, self.quantity.key).columns


def _column(key: str, meaning: str = "") -> Column:
    return Column(quantity=QUANTITIES[key], meaning=meaning)


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "snr": _column("snr", "SNR is corrected: pure noise gives 0"),
        "reliability": _column("reliability", "reliability: SNR/(1 + SNR), of one network's map"),
        "networks": _column("networks", f"networks for 0.9: {QUANTITIES['networks'].meaning}"),
        "pixels": _column(
            "significant_pixels",
            "significant pixels: values of the mean map that exceed noise, at 5% false discoveries",
        ),
        "p": _column("p", "p: sign-flip test for any signal"),
        "published": _column("published_snr"),
        "floor": _column(
            "floor", "published SNR: mean over pixels of |mean|/sd, not corrected; floor: its value for pure noise"
        ),
        "untrained": _column("untrained_snr", f"untrained: {QUANTITIES['untrained_snr'].meaning}"),
        "alone": _column("snr_networks_alone", "networks alone: without the method's own sampling noise"),
        "accuracy": _column("accuracy", f"accuracy: {QUANTITIES['accuracy'].meaning}"),
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
