"""The table of a page: the text of each value and its sort key."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import format_number, p_text, percent, seconds_text
from saliencynoise.display.page.tables import PageColumn, PageRow, PageTable, PageValue, without_empty_columns
from saliencynoise.report.html.words import noise_free, reliability
from saliencynoise.report.nested import nested_of, unit_of
from saliencynoise.report.table import is_low

if TYPE_CHECKING:
    from saliencynoise.display.numbers import TwoEnds
    from saliencynoise.records.cell import Cell, MembersNeeded
    from saliencynoise.records.study import StudyRecord

NUMBERS = (
    PageColumn(label="one map", meaning="reliability of a single network's map"),
    PageColumn(label="for 0.9", meaning="networks to average for a reliability of 0.9"),
    PageColumn(
        label="r",
        meaning="corrected SNR: 0 is chance; in the views relu and abs, and of one-signed maps, chance has more",
    ),
    PageColumn(label="95% of r", meaning="interval for new networks and new images; sorted by its lower end"),
    PageColumn(label="untrained", meaning="r of networks that have learned nothing"),
    PageColumn(label="p", meaning="p-value of no agreement"),
    PageColumn(label="published SNR", meaning="published SNR, uncorrected"),
    PageColumn(label="floor", meaning="published SNR of pure noise"),
    PageColumn(label="significant pixels", meaning="share of the values of the mean map that exceed noise"),
    PageColumn(label="s", meaning="seconds of attribution"),
)


def study_table(result: StudyRecord) -> PageTable:
    """Return a row per architecture, method and view.

    A stochastic method has one more, without its own noise; members that share starts have one for r within a start.
    """
    several = len({cell.architecture for cell in result.cells}) > 1
    families = {method.label: method.family for method in result.methods}
    rows = [
        PageRow(
            values=[PageValue(text=name), *([PageValue(text=cell.architecture)] if several else []), *values],
            architecture=cell.architecture,
            family=families.get(cell.method, ""),
        )
        for cell in result.cells
        for name, values in _rows(cell, unit_of(result, cell))
    ]
    names = [PageColumn(label="method", numeric=False)]
    names += [PageColumn(label="architecture", numeric=False)] if several else []
    table = PageTable(
        caption=f"Corrected SNR and its interval, by {'architecture and ' if several else ''}method",
        columns=[*names, *NUMBERS],
        rows=rows,
        architectures=list(dict.fromkeys(row.architecture for row in rows)),
        families=list(dict.fromkeys(row.family for row in rows if row.family)),
    )
    return without_empty_columns(table) if result.sampler is None else table


def _rows(cell: Cell, unit: str) -> Iterator[tuple[str, list[PageValue]]]:
    name = cell.method + ("" if cell.view == "signed" else f", view {cell.view}")
    if cell.figures is None:
        yield name, [PageValue(text="failed", failed=True), *[PageValue(text="-")] * (len(NUMBERS) - 1)]
        return
    estimates, pixels, p = cell.figures.estimates, cell.known_details.pixels, cell.figures.signal_p
    none = PageValue(text="-")
    yield (
        name,
        [
            *_reliability_values(cell),
            *_estimate(estimates.snr.value, estimates.snr.interval),
            none if cell.untrained is None else _value(cell.untrained.snr),
            PageValue(text=p_text(p), key=_key(p)),
            _value(estimates.snr_pixel.value),
            _value(estimates.snr_pixel.floor),
            none if pixels is None else PageValue(text=percent(pixels.share), key=_key(pixels.share)),
            none if cell.seconds is None else PageValue(text=seconds_text(cell.seconds), key=_key(cell.seconds)),
        ],
    )
    if cell.draws > 1:
        networks = estimates.snr_network
        values = [_single_reliability(networks.value), none, *_estimate(networks.value, networks.interval)]
        yield f"{name}, networks alone", [*values, *[none] * (len(NUMBERS) - 4)]
    nested = nested_of(cell)
    if nested is not None:
        values = [none, none, *_estimate(nested.r_within.value, nested.r_within.interval)]
        yield f"{name}, within a {unit}", [*values, *[none] * (len(NUMBERS) - 4)]
    if cell.ceiling is not None and is_low(cell):
        values = [none, none, *_estimate(cell.ceiling.value, cell.ceiling)]
        yield f"{name}, ceiling", [*values, *[none] * (len(NUMBERS) - 4)]


def _estimate(value: float, interval: TwoEnds | None) -> list[PageValue]:
    """Return r and its interval."""
    if interval is None:
        return [_value(value), PageValue(text="-")]
    text = f"[{format_number(interval.low)}, {format_number(interval.high)}]"
    return [_value(value), PageValue(text=text, key=_key(interval.low))]


def _reliability_values(cell: Cell) -> list[PageValue]:
    """Return the reliability of a single map and the networks for 0.9; neither where pure noise has an r, too."""
    if not noise_free(cell):
        return [PageValue(text="-")] * 2
    needed = cell.known_figures.members_needed
    return [
        _single_reliability(cell.known_figures.estimates.snr_averaged.value),
        PageValue(text=needed.text, key=_key(_needed(needed))),
    ]


def _single_reliability(snr: float) -> PageValue:
    """Return the reliability of a single map."""
    return _value(None if math.isnan(snr) else reliability(snr, 1))


def _needed(needed: MembersNeeded) -> float | None:
    """Return the sort key of a number of networks. An undetermined number comes after all others."""
    if needed.text == "undetermined":
        return math.inf
    return needed.value


def _value(value: float | None) -> PageValue:
    return PageValue(text=format_number(value), key=_key(value))


def _key(value: float | None) -> str:
    if value is None or math.isnan(value):
        return ""
    return ("Infinity" if value > 0 else "-Infinity") if math.isinf(value) else repr(float(value))
