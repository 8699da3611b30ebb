"""Records of the search for the definition that fits the published table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise_paper.table_records import (
    BestDefinition,
    BestDefinitions,
    DefinitionFit,
    MeasureFit,
    table_interval,
)

if TYPE_CHECKING:
    from saliencynoise_paper.statistics.table_fit import Measure, TableFit, TableSearch


def definition_fit(fit: TableFit, reading: str, grid: str) -> DefinitionFit:
    """Return the record of a definition's agreement with the published cells, in a reading and on a grid."""
    return DefinitionFit(
        reading=reading,
        grid=grid,
        view=fit.variant.view,
        definition=fit.variant.definition,
        norm=fit.variant.norm,
        words=fit.variant.words,
        candidate=not fit.variant.corrected,
        factor=fit.factor,
        log_error=_measure_fit(fit, "log_error"),
        spread=_measure_fit(fit, "spread"),
        rank_correlation=_measure_fit(fit, "rank_correlation"),
    )


def _measure_fit(fit: TableFit, measure: Measure) -> MeasureFit:
    return MeasureFit(
        value=fit.values[measure],
        interval=table_interval(fit.intervals[measure]),
        p=fit.p[measure],
        p_holm=fit.p_holm[measure],
    )


def best_definitions(search: TableSearch) -> BestDefinitions:
    """Return the definition that fits best by each measure."""
    return BestDefinitions(
        log_error=_best(search, "log_error"),
        spread=_best(search, "spread"),
        rank_correlation=_best(search, "rank_correlation"),
    )


def _best(search: TableSearch, measure: Measure) -> BestDefinition | None:
    best = search.best(measure)
    if best is None:
        return None
    not_worse = [fit.variant.words for fit in search.not_worse_than_best(measure) if fit.variant != best.variant]
    tested = best.p_holm[measure] is not None
    return BestDefinition(
        view=best.variant.view,
        definition=best.variant.definition,
        norm=best.variant.norm,
        words=best.variant.words,
        not_distinguished=tuple(not_worse) if tested else None,
    )
