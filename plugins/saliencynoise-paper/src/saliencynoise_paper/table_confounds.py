"""Possible reasons for the published numbers: shared draws, fewer networks, coarser grids, one template.

Each function returns the effect of one of them on the cells of a measured column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from saliencynoise_paper.statistics.orderings import compare_rows
from saliencynoise_paper.statistics.paper_table import SHAP, Exchange, exchanges, with_networks
from saliencynoise_paper.statistics.variants import VARIANTS, Variant
from saliencynoise_paper.table_records import (
    COMMON_GRID,
    FEWER_NETWORKS,
    GRIDS,
    OWN_DRAWS,
    OWN_GRID,
    SHARED_DRAWS,
    GridChange,
    LowestRow,
    SharedDraws,
    StarredCell,
    TemplateShares,
    table_interval,
)

if TYPE_CHECKING:
    from saliencynoise_paper.table_cells import MeasuredColumn

R = VARIANTS.index(Variant("signed", "r", "unit"))


def values_of(measured: MeasuredColumn, reading: str, index: int, grid: str = OWN_GRID) -> dict[str, float]:
    """Return the figure of each row by `VARIANTS[index]`."""
    return {cell.row: cell.figures[reading, grid].value(index) for cell in measured.done}


def grid_changes(measured: MeasuredColumn) -> Iterator[GridChange]:
    """Yield r on the own grid and on the common grid, with their ratio."""
    for cell in measured.done:
        r_own, r_common = (cell.figures[OWN_DRAWS, grid].value(R) for grid in GRIDS)
        yield GridChange(
            column=measured.column.name,
            method=cell.row,
            own_grid=cell.grids[OWN_GRID],
            common_grid=cell.grids[COMMON_GRID],
            r_own=r_own,
            r_common=r_common,
            ratio=r_common / r_own if r_own > 0 and math.isfinite(r_own) else math.nan,
        )


def shared_draws(measured: MeasuredColumn) -> Iterator[SharedDraws]:
    """Yield r of the cells of stochastic methods, in own draws and in shared draws."""
    for cell in measured.done:
        if SHARED_DRAWS in cell.readings():
            r_own, r_shared = (cell.figures[reading, OWN_GRID].value(R) for reading in (OWN_DRAWS, SHARED_DRAWS))
            yield SharedDraws(
                column=measured.column.name,
                method=cell.row,
                r_own=r_own,
                r_shared=r_shared,
                ratio=r_shared / r_own if r_own > 0 else math.nan,
            )


def lowest_rows(measured: MeasuredColumn, reading: str) -> Iterator[LowestRow]:
    """Yield the r of SHAP and of the lowest other row in a reading, with the interval of their ratio."""
    grams = {cell.row: cell.figures[reading, OWN_GRID].gram for cell in measured.done}
    values = values_of(measured, reading, R)
    if SHAP not in values or len(values) < 2:
        return
    lowest = min((row for row in values if row != SHAP), key=values.__getitem__)
    compared = compare_rows(grams, (SHAP, lowest), groups=measured.column.study.groups)
    yield LowestRow(
        column=measured.column.name,
        reading=reading,
        other=lowest,
        r=values[SHAP],
        r_other=values[lowest],
        ratio=compared.ratio,
        interval=table_interval(compared.ratio_interval),
        p=compared.p,
    )


def exchanged_rows(measured: MeasuredColumn, best: Variant | None) -> list[Exchange]:
    """Return the pairs of a starred and another row whose order by the best variant changes with fewer networks."""
    if best is None or measured.column.fewer is None:
        return []
    every, few = (values_of(measured, reading, VARIANTS.index(best)) for reading in (OWN_DRAWS, FEWER_NETWORKS))
    return exchanges(every, few, measured.column.name)


def starred_cells(measured: MeasuredColumn, best: Variant | None, seed: int) -> Iterator[StarredCell]:
    """Yield the starred cells by the best variant: with all networks, with fewer, and the value expected with fewer.

    `with_networks` computes the expected value from the figure of all networks and its floor.
    """
    starred = [] if best is None else [cell for cell in measured.done if FEWER_NETWORKS in cell.readings()]
    for cell in starred:
        assert best is not None  # noqa: S101 - for the type checker: there are no starred cells without it
        index = VARIANTS.index(best)
        every, few = (cell.figures[reading, OWN_GRID] for reading in (OWN_DRAWS, FEWER_NETWORKS))
        value, numbers = every.value(index), {"networks": every.networks, "others": few.networks}
        yield StarredCell(
            column=measured.column.name,
            method=cell.row,
            networks=every.networks,
            fewer=few.networks,
            value=value,
            value_fewer=few.value(index),
            floor=every.floor(index),
            floor_fewer=few.floor(index),
            interval_fewer=table_interval(few.interval(index, seed=seed)),
            expected_fewer=with_networks(value, best.definition, **numbers) if best.view == "signed" else math.nan,
        )


def template_shares(measured: MeasuredColumn) -> Iterator[TemplateShares]:
    """Yield the shares of one template and of the class in each method's signal, from the study."""
    for cell in measured.done:
        if cell.template is not None:
            yield TemplateShares(
                column=measured.column.name,
                method=cell.row,
                share=cell.template.share,
                interval=cell.template.share_interval,
                share_class=cell.template.share_class,
                interval_class=cell.template.share_class_interval,
                note=cell.template.note,
                snr_specific=cell.template.snr_specific,
            )
