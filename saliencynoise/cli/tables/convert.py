"""A published SNR and what it says, for the terminal and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from saliencynoise.display.numbers import format_number
from saliencynoise.display.terminal import Terminal
from saliencynoise.statistics.conversion import MEANINGS
from saliencynoise.statistics.floors import snr_rms_floor

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.statistics.conversion import Conversion

UNKNOWN = "not determined"

BOUNDS = (
    "If the noise is Gaussian and equally large at all pixels, the SNR is at least {least}, and at most {networks} "
    "networks are needed; if the signal is Gaussian over the pixels, too, the SNR is {gaussian}. If the noise is "
    "uneven, there is no bound."
)

FLOOR = (
    "Floor: the value for maps of nothing but Gaussian noise. SNR: the corrected one, of a single network's raw map."
)

SIGNED = (
    "Only for signed maps. For rectified or absolute maps white noise alone has an rms of {relu} or {absolute}, other "
    "noise less or more, so their numbers cannot be converted."
)

UNANSWERED = (
    "Not known from one number: an interval, whether the SNR differs between two methods, the SNR of single images, "
    "and the SNR of other networks or data."
)


def conversion_row(result: Conversion) -> dict[str, Any]:
    """Return a conversion as plain values."""
    names = ("definition", "published", "members", "floor", "above_floor", "snr", "networks_for_90", "reliability")
    bounds = ("reason", "least_if_even", "if_gaussian", "most_networks_for_90", "snr_of_one_pixel")
    return {name: getattr(result, name) for name in (*names, *bounds)}


def print_conversions(results: Sequence[Conversion], console: Console | None = None) -> None:
    """Print a row for each definition, and what cannot be concluded."""
    console = console or Terminal()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("definition", no_wrap=True)
    for header in ("published SNR", "floor", "SNR", "networks for 0.9"):
        table.add_column(header, justify="right")
    for result in results:
        needed = result.networks_for_90
        table.add_row(
            result.definition,
            format_number(result.published),
            f"{result.floor:.3f}",
            UNKNOWN if result.snr is None else format_number(result.snr),
            UNKNOWN if needed is None else str(needed),
        )
    console.print(table)
    for line in sentences(results):
        console.print(Text(line))


def sentences(results: Sequence[Conversion]) -> list[str]:
    """Return what the numbers mean and what cannot be concluded from them, a sentence or two each."""
    lines = [f"{result.definition}: {MEANINGS[result.definition]}" for result in results]
    if len(results) > 1:
        lines.append("Only the definition that the table uses holds; if it does not say, none can be chosen from here.")
    lines += [line for result in results for line in _of(result)]
    members = results[0].members
    relu, absolute = (format_number(snr_rms_floor(view, members)) for view in ("relu", "abs"))
    return [*lines, FLOOR, SIGNED.format(relu=relu, absolute=absolute), UNANSWERED]


def _of(result: Conversion) -> list[str]:
    if not result.above_floor:
        return [f"{result.definition}: the number is not above the floor: the SNR is not distinguishable from 0."]
    if result.snr is None:
        least, gaussian = format_number(result.least_if_even or 0), format_number(result.if_gaussian or 0)
        bounds = BOUNDS.format(least=least, networks=result.most_networks_for_90, gaussian=gaussian)
        return [f"{result.definition}: {result.reason}. {bounds}"]
    if result.definition == "rms":
        return ["rms: if it is a mean over images, the mean SNR of the images is this one or more."]
    lowest = format_number(result.snr_of_one_pixel or 0)
    return [f"power: with few independent pixels, as in coarse maps, the SNR is lower, down to about {lowest}."]
