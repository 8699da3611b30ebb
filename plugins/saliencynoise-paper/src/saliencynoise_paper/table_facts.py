"""What the table panel found: as rows of data, as facts for JSON, and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import derive_seed
from saliencynoise.statistics.intervals import Interval
from saliencynoise.statistics.plain import json_safe
from saliencynoise_paper.statistics.orderings import Answer, answer_claims, compare_rows
from saliencynoise_paper.statistics.paper_table import (
    CLAIMS,
    SHAP,
    exchanges,
    holds,
    published_exchanges,
    with_networks,
)
from saliencynoise_paper.statistics.reproduction import MEASURES, Agreement, Reproduction, compare_variants
from saliencynoise_paper.statistics.variants import VARIANTS, Variant
from saliencynoise_paper.table_cells import GRIDS, READINGS, Measured

if TYPE_CHECKING:
    import pandas as pd

R = VARIANTS.index(Variant("signed", "r", "unit"))
OWN = READINGS[0]
SEARCHES = tuple((reading, grid) for reading in READINGS for grid in GRIDS if OWN in {reading, grid})
"""What is compared with the published table: by each reading, on the common grid by the first."""


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
        own = cell.figures[reading, grid]
        size = "x".join(map(str, cell.grids[grid]))
        for at, variant in enumerate(VARIANTS):
            value = own.value(at)
            interval = own.interval(at, seed=derive_seed(seed, "bootstrap"))
            figures = {"value": value, "low": math.nan, "high": math.nan, "floor": own.floor(at)}
            figures |= {} if interval is None else {"low": interval.low, "high": interval.high}
            ratio = math.log2(value / cell.published) if 0 < value < math.inf else math.nan
            rows.append(
                {**about, "reading": reading, **asdict(variant), "grid": grid, "size": size, "members": own.networks}
                | {"images": int((~own.per_image[at].isnan()).sum()), **figures, "log2_ratio": ratio}
            )
    return rows


def collect(columns: Sequence[Measured], *, seed: int) -> dict[str, Any]:
    """Return all facts as JSON holds them.

    Raises:
        UsageError: fewer than two cells were measured.
    """
    readings = {reading for own in columns for cell in own.done for reading in cell.readings()} or {OWN}
    searches = [key for key in SEARCHES if key[0] in readings]
    found = {
        key: compare_variants([own.comparable(*key) for own in columns if own.done], seed=seed) for key in searches
    }
    first = found[OWN, GRIDS[0]]
    best = first.best("log_error")
    variant = None if best is None else best.variant
    facts: dict[str, Any] = {
        "columns": [_column(measured) for measured in columns],
        "methods": {cell.row: cell.method for own in columns for cell in own.cells if cell.method},
        "cells": first.cells,
        "readings": [reading for reading in READINGS if reading in readings],
        "failed": [
            {"dataset": own.column.dataset, "architecture": own.column.published, "method": cell.row}
            | {"reason": cell.reason}
            for own in columns
            for cell in own.cells
            if not cell.figures
        ],
        "note": first.note,
        "best": {measure: _search(first, measure) for measure in MEASURES},
        "best_by_reading": {
            reading: {measure: _search(own, measure) for measure in MEASURES}
            for (reading, grid), own in found.items()
            if grid == GRIDS[0]
        },
        "agreement": [
            {"reading": reading, "grid": grid, **_agreement(own)}
            for (reading, grid), search in found.items()
            for own in search.agreements
        ],
        "orderings": [row for key in searches for row in _orderings(columns, *key, variant)],
        "draws": [row for measured in columns for row in _draws(measured)],
        "lowest": [row for measured in columns for reading in ("own", "shared") for row in _lowest(measured, reading)],
        "starred": [row for measured in columns for row in _starred(measured, variant, seed)],
        "exchanges": [row for measured in columns for row in _exchanges(measured, variant)],
        "published_exchanges": [
            asdict(own)
            for own in (published_exchanges(variant.definition) if variant and variant.view == "signed" else [])
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


def _agreement(own: Agreement) -> dict[str, Any]:
    measures: dict[str, Any] = {
        name: {
            "value": own.values[name],
            "interval": _interval(own.intervals[name]),
            "p": own.p[name],
            "p_holm": own.p_holm[name],
        }
        for name in MEASURES
    }
    about = {**asdict(own.variant), "words": own.variant.words, "candidate": not own.variant.corrected}
    return {**about, "factor": own.factor, **measures}


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return {"low": interval.low, "high": interval.high, "question": interval.question, "note": interval.note}


def _search(found: Reproduction, measure: Any) -> dict[str, Any] | None:
    best = found.best(measure)
    if best is None:
        return None
    level = [own.variant.words for own in found.level_with_best(measure) if own.variant != best.variant]
    tested = best.p_holm[measure] is not None
    return {**asdict(best.variant), "words": best.variant.words, "not_distinguished": level if tested else None}


def _orderings(columns: Sequence[Measured], reading: str, grid: str, best: Variant | None) -> list[dict[str, Any]]:
    """Return the claims of the table by a reading on a grid, column by column, by r and by the best variant."""
    at = None if best is None else VARIANTS.index(best)
    grams = {own.column.name: {cell.row: cell.figures[reading, grid].gram for cell in own.done} for own in columns}
    groups = {own.column.name: own.column.study.groups for own in columns}
    published = {own.column.name: {cell.row: cell.published for cell in own.cells} for own in columns}
    values = {
        own.column.name: {} if at is None else {cell.row: cell.figures[reading, grid].value(at) for cell in own.done}
        for own in columns
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
        {"column": name, **asdict(own), "measured_by_best": holds(answer.claim, values[name])}
        for name, own in answer.columns.items()
    ]


def _resolution(measured: Measured) -> list[dict[str, Any]]:
    """Return what pooling to the common grid does to r."""
    rows = []
    for cell in measured.done:
        own, common = (cell.figures[OWN, grid].value(R) for grid in GRIDS)
        ratio = common / own if own > 0 and math.isfinite(own) else math.nan
        grids = {"own_grid": list(cell.grids["own"]), "common_grid": list(cell.grids["common"])}
        rows.append({"column": measured.column.name, "method": cell.row, **grids, "r_own": own, "r_common": common})
        rows[-1]["ratio"] = ratio
    return rows


def _draws(measured: Measured) -> list[dict[str, Any]]:
    """Return r of the cells with random numbers: in own draws, and in those that all networks share."""
    rows = []
    for cell in measured.done:
        if "shared" in cell.readings():
            own, shared = (cell.figures[reading, GRIDS[0]].value(R) for reading in (OWN, "shared"))
            about = {"column": measured.column.name, "method": cell.row}
            rows.append({**about, "r_own": own, "r_shared": shared, "ratio": shared / own if own > 0 else math.nan})
    return rows


def _lowest(measured: Measured, reading: str) -> list[dict[str, Any]]:
    """Return SHAP's r beside that of the lowest other row, with the interval of their ratio, by a reading."""
    grams = {cell.row: cell.figures[reading, GRIDS[0]].gram for cell in measured.done}
    values = {cell.row: cell.figures[reading, GRIDS[0]].value(R) for cell in measured.done}
    if SHAP not in values or len(values) < 2:
        return []
    other = min((row for row in values if row != SHAP), key=values.__getitem__)
    compared = compare_rows(grams, (SHAP, other), groups=measured.column.study.groups)
    return [
        {
            "column": measured.column.name,
            "reading": reading,
            "other": other,
            "r": values[SHAP],
            "r_other": values[other],
            "ratio": compared.ratio,
            "interval": _interval(compared.ratio_interval),
            "p": compared.p,
        }
    ]


def _exchanges(measured: Measured, best: Variant | None) -> list[dict[str, Any]]:
    """Return the starred and other rows that change places by the best variant with fewer networks in the former."""
    if best is None or measured.column.fewer is None:
        return []
    at = VARIANTS.index(best)
    every, few = (
        {cell.row: cell.figures[reading, GRIDS[0]].value(at) for cell in measured.done} for reading in (OWN, "fewer")
    )
    return [asdict(own) for own in exchanges(every, few, measured.column.name)]


def _starred(measured: Measured, best: Variant | None, seed: int) -> list[dict[str, Any]]:
    """Return the starred cells by the best variant: with all networks, with fewer, and what the latter would be.

    With what a figure of so many networks and its floor tell of one of another number: `with_networks`.
    """
    if best is None:
        return []
    at = VARIANTS.index(best)
    rows = []
    for cell in measured.done:
        if "fewer" in cell.readings():
            every, few = (cell.figures[reading, GRIDS[0]] for reading in (OWN, "fewer"))
            row = {"column": measured.column.name, "method": cell.row, "networks": every.networks}
            row |= {"fewer": few.networks, "value": every.value(at), "value_fewer": few.value(at)}
            row |= {"floor": every.floor(at), "floor_fewer": few.floor(at)}
            row |= {"interval_fewer": _interval(few.interval(at, seed=seed))}
            change = {"networks": every.networks, "others": few.networks}
            foretold = with_networks(every.value(at), best.definition, **change) if best.view == "signed" else math.nan
            rows.append(row | {"expected_fewer": foretold})
    return rows


def _templates(measured: Measured) -> list[dict[str, Any]]:
    """Return the share of each method's signal that is one template, and the share of the class, from the study."""
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
