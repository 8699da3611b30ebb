"""Results of the table panel: rows of data, and facts for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import derive_seed
from saliencynoise.statistics.intervals import Interval
from saliencynoise.statistics.json_safe import json_safe
from saliencynoise_paper.statistics.orderings import Answer, answer_claims, compare_rows
from saliencynoise_paper.statistics.paper_table import (
    CLAIMS,
    SHAP,
    exchanges,
    holds,
    published_exchanges,
    with_networks,
)
from saliencynoise_paper.statistics.table_fit import MEASURES, TableFit, TableSearch, compare_variants
from saliencynoise_paper.statistics.variants import VARIANTS, Variant
from saliencynoise_paper.table_cells import GRIDS, READINGS, Measured

if TYPE_CHECKING:
    import pandas as pd

R = VARIANTS.index(Variant("signed", "r", "unit"))
OWN = READINGS[0]
SEARCHES = tuple((reading, grid) for reading in READINGS for grid in GRIDS if OWN in {reading, grid})
"""Readings and grids that are compared with the published table: every reading on the own grid, the first on both."""


def cells_frame(columns: Sequence[Measured], *, seed: int) -> pd.DataFrame:
    """Return a row per data set, architecture, method, reading, variant and grid; failed cells have one each."""
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    rows = [row for measured in columns for cell in measured.cells for row in _rows(measured, cell, seed)]
    return pd.DataFrame(rows)


def _rows(measured: Measured, cell: Any, seed: int) -> list[dict[str, Any]]:
    column = measured.column
    about = {
        "dataset": column.dataset,
        "architecture": column.published,
        "method": cell.row,
        "studied_dataset": column.study.result["dataset"]["asked"],
        "studied_architecture": column.architecture,
        "studied_method": cell.method,
        "published": cell.published,
        "status": "ok" if cell.figures else "failed",
        "reason": cell.reason,
    }
    if not cell.figures:
        return [about]
    rows = []
    for reading, grid in product(cell.readings(), GRIDS):
        measured_figures = cell.figures[reading, grid]
        size = "x".join(map(str, cell.grids[grid]))
        for index, variant in enumerate(VARIANTS):
            value = measured_figures.value(index)
            interval = measured_figures.interval(index, seed=derive_seed(seed, "bootstrap"))
            figures = {"value": value, "low": math.nan, "high": math.nan, "floor": measured_figures.floor(index)}
            figures |= {} if interval is None else {"low": interval.low, "high": interval.high}
            ratio = math.log2(value / cell.published) if 0 < value < math.inf else math.nan
            rows.append(
                {
                    **about,
                    "reading": reading,
                    **asdict(variant),
                    "grid": grid,
                    "size": size,
                    "members": measured_figures.networks,
                }
                | {"images": int((~measured_figures.per_image[index].isnan()).sum()), **figures, "log2_ratio": ratio}
            )
    return rows


def collect(columns: Sequence[Measured], *, seed: int) -> dict[str, Any]:
    """Return all facts as values that JSON can hold.

    Raises:
        UsageError: fewer than two cells were measured.
    """
    readings = {reading for measured in columns for cell in measured.done for reading in cell.readings()} or {OWN}
    searches = [key for key in SEARCHES if key[0] in readings]
    results = {
        key: compare_variants([measured.comparable(*key) for measured in columns if measured.done], seed=seed)
        for key in searches
    }
    first = results[OWN, GRIDS[0]]
    best = first.best("log_error")
    variant = None if best is None else best.variant
    facts: dict[str, Any] = {
        "columns": [_column(measured) for measured in columns],
        "methods": {cell.row: cell.method for measured in columns for cell in measured.cells if cell.method},
        "cells": first.cells,
        "readings": [reading for reading in READINGS if reading in readings],
        "failed": [
            {"dataset": measured.column.dataset, "architecture": measured.column.published, "method": cell.row}
            | {"reason": cell.reason}
            for measured in columns
            for cell in measured.cells
            if not cell.figures
        ],
        "note": first.note,
        "best": {measure: _search(first, measure) for measure in MEASURES},
        "best_by_reading": {
            reading: {measure: _search(search, measure) for measure in MEASURES}
            for (reading, grid), search in results.items()
            if grid == GRIDS[0]
        },
        "agreement": [
            {"reading": reading, "grid": grid, **_fit(fit)}
            for (reading, grid), search in results.items()
            for fit in search.fits
        ],
        "orderings": [row for key in searches for row in _orderings(columns, *key, variant)],
        "draws": [row for measured in columns for row in _draws(measured)],
        "lowest": [row for measured in columns for reading in ("own", "shared") for row in _lowest(measured, reading)],
        "starred": [row for measured in columns for row in _starred(measured, variant, seed)],
        "exchanges": [row for measured in columns for row in _exchanges(measured, variant)],
        "published_exchanges": [
            asdict(exchange)
            for exchange in (published_exchanges(variant.definition) if variant and variant.view == "signed" else [])
        ],
        "resolution": [row for measured in columns for row in _resolution(measured)],
        "template": [row for measured in columns for row in _templates(measured)],
    }
    return {name: json_safe(value) for name, value in facts.items()}


def _column(measured: Measured) -> dict[str, Any]:
    column, settings = measured.column, measured.column.study.result["settings"]
    common = [cell.grids["common"] for cell in measured.done]
    return {
        "name": column.name,
        "dataset": column.dataset,
        "architecture": column.published,
        "studied_dataset": column.study.result["dataset"]["asked"],
        "studied_architecture": column.architecture,
        "members": settings["members"] or (measured.done[0].figures[OWN, GRIDS[0]].members if measured.done else 0),
        "fewer": column.fewer,
        "images": len(column.study.result["images"]),
        "common_grid": list(common[0]) if common else None,
    }


def _fit(fit: TableFit) -> dict[str, Any]:
    measures: dict[str, Any] = {
        name: {
            "value": fit.values[name],
            "interval": _interval(fit.intervals[name]),
            "p": fit.p[name],
            "p_holm": fit.p_holm[name],
        }
        for name in MEASURES
    }
    about = {
        **asdict(fit.variant),
        "words": fit.variant.words,
        "candidate": not fit.variant.corrected,
    }
    return {**about, "factor": fit.factor, **measures}


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return {"low": interval.low, "high": interval.high, "question": interval.question, "note": interval.note}


def _search(search: TableSearch, measure: Any) -> dict[str, Any] | None:
    best = search.best(measure)
    if best is None:
        return None
    not_worse = [fit.variant.words for fit in search.not_worse_than_best(measure) if fit.variant != best.variant]
    tested = best.p_holm[measure] is not None
    return {**asdict(best.variant), "words": best.variant.words, "not_distinguished": not_worse if tested else None}


def _orderings(columns: Sequence[Measured], reading: str, grid: str, best: Variant | None) -> list[dict[str, Any]]:
    """Return the claims of the table for a reading and a grid: each column's answer by r and by the best variant."""
    index = None if best is None else VARIANTS.index(best)
    grams = {
        measured.column.name: {cell.row: cell.figures[reading, grid].gram for cell in measured.done}
        for measured in columns
    }
    groups = {measured.column.name: measured.column.study.groups for measured in columns}
    published = {measured.column.name: {cell.row: cell.published for cell in measured.cells} for measured in columns}
    values = {
        measured.column.name: {}
        if index is None
        else {cell.row: cell.figures[reading, grid].value(index) for cell in measured.done}
        for measured in columns
    }
    return [
        {
            "reading": reading,
            "grid": grid,
            "claim": answer.claim.words,
            "measured": answer.measured,
            "p": answer.p,
            "p_holm": answer.p_holm,
            "columns": _columns(answer, values),
        }
        for answer in answer_claims(CLAIMS, grams, published, groups=groups)
    ]


def _columns(answer: Answer, values: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    return [
        {"column": name, **asdict(column_answer), "measured_by_best": holds(answer.claim, values[name])}
        for name, column_answer in answer.columns.items()
    ]


def _resolution(measured: Measured) -> list[dict[str, Any]]:
    """Return r on the own grid and on the common grid, with their ratio."""
    rows = []
    for cell in measured.done:
        own_r, common = (cell.figures[OWN, grid].value(R) for grid in GRIDS)
        ratio = common / own_r if own_r > 0 and math.isfinite(own_r) else math.nan
        grids = {"own_grid": list(cell.grids["own"]), "common_grid": list(cell.grids["common"])}
        rows.append({"column": measured.column.name, "method": cell.row, **grids, "r_own": own_r, "r_common": common})
        rows[-1]["ratio"] = ratio
    return rows


def _draws(measured: Measured) -> list[dict[str, Any]]:
    """Return r of the cells of stochastic methods, in own draws and in shared draws."""
    rows = []
    for cell in measured.done:
        if "shared" in cell.readings():
            own_r, shared_r = (cell.figures[reading, GRIDS[0]].value(R) for reading in (OWN, "shared"))
            about = {"column": measured.column.name, "method": cell.row}
            rows.append(
                {**about, "r_own": own_r, "r_shared": shared_r, "ratio": shared_r / own_r if own_r > 0 else math.nan}
            )
    return rows


def _lowest(measured: Measured, reading: str) -> list[dict[str, Any]]:
    """Return the r of SHAP and of the lowest other row in a reading, with the interval of their ratio."""
    grams = {cell.row: cell.figures[reading, GRIDS[0]].gram for cell in measured.done}
    values = {cell.row: cell.figures[reading, GRIDS[0]].value(R) for cell in measured.done}
    if SHAP not in values or len(values) < 2:
        return []
    lowest = min((row for row in values if row != SHAP), key=values.__getitem__)
    compared = compare_rows(grams, (SHAP, lowest), groups=measured.column.study.groups)
    return [
        {
            "column": measured.column.name,
            "reading": reading,
            "other": lowest,
            "r": values[SHAP],
            "r_other": values[lowest],
            "ratio": compared.ratio,
            "interval": _interval(compared.ratio_interval),
            "p": compared.p,
        }
    ]


def _exchanges(measured: Measured, best: Variant | None) -> list[dict[str, Any]]:
    """Return the pairs of a starred and another row whose order by the best variant changes with fewer networks."""
    if best is None or measured.column.fewer is None:
        return []
    index = VARIANTS.index(best)
    every, few = (
        {cell.row: cell.figures[reading, GRIDS[0]].value(index) for cell in measured.done} for reading in (OWN, "fewer")
    )
    return [asdict(exchange) for exchange in exchanges(every, few, measured.column.name)]


def _starred(measured: Measured, best: Variant | None, seed: int) -> list[dict[str, Any]]:
    """Return the starred cells by the best variant: with all networks, with fewer, and the value expected with fewer.

    `with_networks` computes the expected value from the figure of all networks and its floor.
    """
    if best is None:
        return []
    index = VARIANTS.index(best)
    rows = []
    for cell in measured.done:
        if "fewer" in cell.readings():
            every, few = (cell.figures[reading, GRIDS[0]] for reading in (OWN, "fewer"))
            row = {"column": measured.column.name, "method": cell.row, "networks": every.networks}
            row |= {"fewer": few.networks, "value": every.value(index), "value_fewer": few.value(index)}
            row |= {"floor": every.floor(index), "floor_fewer": few.floor(index)}
            row |= {"interval_fewer": _interval(few.interval(index, seed=seed))}
            change = {"networks": every.networks, "others": few.networks}
            foretold = (
                with_networks(every.value(index), best.definition, **change) if best.view == "signed" else math.nan
            )
            rows.append(row | {"expected_fewer": foretold})
    return rows


def _templates(measured: Measured) -> list[dict[str, Any]]:
    """Return the shares of one template and of the class in each method's signal, from the study."""
    return [
        {
            "column": measured.column.name,
            "method": cell.row,
            "share": cell.template["share"],
            "interval": cell.template["share_interval"],
            "share_class": cell.template.get("share_class"),
            "interval_class": cell.template.get("share_class_interval"),
            "note": cell.template.get("note"),
            "snr_specific": cell.template["snr_specific"],
        }
        for cell in measured.done
        if cell.template is not None
    ]
