"""The table of a page: the text of each value and its sort key."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from saliencynoise.display.cell_quantities import cell_value, one_map
from saliencynoise.display.numbers import format_number
from saliencynoise.display.page.tables import PageColumn, PageRow, PageTable, PageValue, without_empty_columns
from saliencynoise.display.quantities import QUANTITIES, TABLE
from saliencynoise.report.nested import nested_of, unit_of
from saliencynoise.report.table import is_low

if TYPE_CHECKING:
    from saliencynoise.display.numbers import TwoEnds
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.study import StudyRecord

INTERVALS = {"snr"}
"""Quantities whose interval has a column of its own."""


def _columns() -> Iterator[PageColumn]:
    for quantity in map(QUANTITIES.__getitem__, TABLE):
        yield PageColumn(label=quantity.name, meaning=quantity.meaning)
        if quantity.key in INTERVALS:
            meaning = "interval for other networks and other images; sorted by its lower end"
            yield PageColumn(label=quantity.interval, meaning=meaning)


NUMBERS = tuple(_columns())


def study_table(result: StudyRecord) -> PageTable:
    """Return a row per architecture, method and view.

    A stochastic method has one more, without its own noise; members that share starts have one for
    the SNR within a start.
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
        caption=f"SNR and its interval, by {'architecture and ' if several else ''}method",
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
    estimates = cell.figures.estimates
    yield name, _row(cell)
    if cell.draws > 1:
        networks = estimates.snr_network
        yield f"{name}, networks alone", _part(networks.value, networks.interval, reliability=not networks.floor)
    nested = nested_of(cell)
    if nested is not None:
        yield f"{name}, within a {unit}", _part(nested.r_within.value, nested.r_within.interval)
    if cell.ceiling is not None and is_low(cell):
        yield f"{name}, ceiling", _part(cell.ceiling.value, cell.ceiling)


def _row(cell: Cell) -> list[PageValue]:
    row = []
    for value in (cell_value(cell, key) for key in TABLE):
        undetermined = value.words == "undetermined"  # it is sorted after all numbers
        row.append(PageValue(text=value.text, key=_key(math.inf if undetermined else value.value)))
        if value.key in INTERVALS:
            row.append(_interval(value.low, value.high))
    return row


def _part(snr: float, interval: TwoEnds | None, *, reliability: bool = False) -> list[PageValue]:
    """Return the row of another SNR of a cell: it has an interval and at most a reliability."""
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    one = one_map(snr) if reliability else math.nan
    row = [_value(snr), _interval(low, high), _value(one)]
    return row + [PageValue(text="-")] * (len(NUMBERS) - len(row))


def _interval(low: float | None, high: float | None) -> PageValue:
    if low is None or high is None:
        return PageValue(text="-")
    return PageValue(text=f"[{format_number(low)}, {format_number(high)}]", key=_key(low))


def _value(value: float) -> PageValue:
    return PageValue(text=format_number(value), key=_key(value))


def _key(value: float | None) -> str:
    if value is None or math.isnan(value):
        return ""
    return ("Infinity" if value > 0 else "-Infinity") if math.isinf(value) else repr(float(value))
