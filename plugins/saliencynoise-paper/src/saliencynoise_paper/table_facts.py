"""The facts of the table panel, from its measured columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from saliencynoise_paper.statistics.orderings import Answer, answer_claims
from saliencynoise_paper.statistics.paper_table import CLAIMS, holds, published_exchanges
from saliencynoise_paper.statistics.table_fit import compare_variants
from saliencynoise_paper.statistics.variants import VARIANTS, Variant
from saliencynoise_paper.table_confounds import (
    exchanged_rows,
    grid_changes,
    lowest_rows,
    shared_draws,
    starred_cells,
    template_shares,
    values_of,
)
from saliencynoise_paper.table_fits import best_definitions, definition_fit
from saliencynoise_paper.table_records import (
    COMMON_GRID,
    GRIDS,
    OWN_DRAWS,
    OWN_GRID,
    READINGS,
    SHARED_DRAWS,
    ClaimVerdict,
    ColumnFacts,
    ColumnVerdict,
    FailedCell,
    TableFacts,
)

if TYPE_CHECKING:
    from saliencynoise_paper.table_cells import MeasuredColumn

SEARCHES = tuple((reading, grid) for reading in READINGS for grid in GRIDS if reading == OWN_DRAWS or grid == OWN_GRID)
"""Readings and grids that are compared with the published table: every reading on the own grid, the first on both."""


def collect(columns: Sequence[MeasuredColumn], *, seed: int) -> TableFacts:
    """Return all facts.

    Raises:
        UsageError: fewer than two cells were measured.
    """
    readings = {reading for measured in columns for cell in measured.done for reading in cell.readings()} or {OWN_DRAWS}
    searches = {
        (reading, grid): compare_variants(
            [measured.comparable(reading, grid) for measured in columns if measured.done], seed=seed
        )
        for reading, grid in SEARCHES
        if reading in readings
    }
    first = searches[OWN_DRAWS, OWN_GRID]
    fit = first.best("log_error")
    best = None if fit is None else fit.variant
    return TableFacts(
        columns=tuple(_column(measured) for measured in columns),
        methods={cell.row: cell.method for measured in columns for cell in measured.cells if cell.method},
        cells=first.cells,
        readings=tuple(reading for reading in READINGS if reading in readings),
        failed=tuple(failure for measured in columns for failure in _failures(measured)),
        note=first.note,
        best=best_definitions(first),
        best_by_reading={
            reading: best_definitions(search) for (reading, grid), search in searches.items() if grid == OWN_GRID
        },
        agreement=tuple(definition_fit(fit, *key) for key, search in searches.items() for fit in search.fits),
        orderings=tuple(verdict for key in searches for verdict in _verdicts(columns, *key, best)),
        draws=tuple(draws for measured in columns for draws in shared_draws(measured)),
        lowest=tuple(
            row
            for measured in columns
            for reading in (OWN_DRAWS, SHARED_DRAWS)
            for row in lowest_rows(measured, reading)
        ),
        starred=tuple(cell for measured in columns for cell in starred_cells(measured, best, seed)),
        exchanges=tuple(pair for measured in columns for pair in exchanged_rows(measured, best)),
        published_exchanges=tuple(
            published_exchanges(best.definition) if best is not None and best.view == "signed" else []
        ),
        resolution=tuple(change for measured in columns for change in grid_changes(measured)),
        template=tuple(shares for measured in columns for shares in template_shares(measured)),
    )


def _column(measured: MeasuredColumn) -> ColumnFacts:
    column, result = measured.column, measured.column.study.result
    members = measured.done[0].figures[OWN_DRAWS, OWN_GRID].members if measured.done else 0
    return ColumnFacts(
        name=column.name,
        dataset=column.dataset,
        architecture=column.published,
        studied_dataset=result.dataset.asked,
        studied_architecture=column.architecture,
        members=result.settings.members or members,
        fewer=column.fewer,
        images=len(result.images),
        common_grid=measured.done[0].grids[COMMON_GRID] if measured.done else None,
    )


def _failures(measured: MeasuredColumn) -> Iterator[FailedCell]:
    column = measured.column
    for cell in measured.cells:
        if not cell.figures:
            yield FailedCell(dataset=column.dataset, architecture=column.published, method=cell.row, reason=cell.reason)


def _verdicts(
    columns: Sequence[MeasuredColumn], reading: str, grid: str, best: Variant | None
) -> Iterator[ClaimVerdict]:
    """Yield the verdict on each claim of the table: each column's by r and by the best variant."""
    grams = {
        measured.column.name: {cell.row: cell.figures[reading, grid].gram for cell in measured.done}
        for measured in columns
    }
    groups = {measured.column.name: measured.column.study.groups for measured in columns}
    published = {measured.column.name: {cell.row: cell.published for cell in measured.cells} for measured in columns}
    values = {
        measured.column.name: {} if best is None else values_of(measured, reading, VARIANTS.index(best), grid)
        for measured in columns
    }
    for answer in answer_claims(CLAIMS, grams, published, groups=groups):
        yield ClaimVerdict(
            reading=reading,
            grid=grid,
            claim=answer.claim.words,
            measured=answer.measured,
            p=answer.p,
            p_holm=answer.p_holm,
            columns=tuple(_column_verdicts(answer, values)),
        )


def _column_verdicts(answer: Answer, values: Mapping[str, Mapping[str, float]]) -> Iterator[ColumnVerdict]:
    for name, column in answer.columns.items():
        yield ColumnVerdict(
            column=name,
            published=column.published,
            measured=column.measured,
            p=column.p,
            weakest=column.weakest,
            measured_by_best=holds(answer.claim, values[name]),
        )
