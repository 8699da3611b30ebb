"""What the table panel found: as rows of data, as facts for JSON, and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import derive_seed
from saliencynoise.report.paper.table_cells import GRIDS, Measured
from saliencynoise.statistics.intervals import Interval
from saliencynoise.statistics.orderings import Answer, answer_claims
from saliencynoise.statistics.paper_table import CLAIMS, holds
from saliencynoise.statistics.plain import json_safe
from saliencynoise.statistics.reproduction import MEASURES, Agreement, Reproduction, compare_variants
from saliencynoise.statistics.variants import VARIANTS, Variant

if TYPE_CHECKING:
    import pandas as pd

R = VARIANTS.index(Variant("signed", "r", "unit"))


def cells_frame(columns: Sequence[Measured], *, seed: int) -> pd.DataFrame:
    """Return a row per data set, architecture, method, view, definition, norm and grid; failed cells have one each."""
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
    for grid in GRIDS:
        own = cell.figures[grid]
        size = "x".join(map(str, cell.grids[grid]))
        for at, variant in enumerate(VARIANTS):
            value = own.value(at)
            interval = own.interval(at, seed=derive_seed(seed, "bootstrap"))
            figures = {"value": value, "low": math.nan, "high": math.nan, "floor": own.floor(at)}
            figures |= {} if interval is None else {"low": interval.low, "high": interval.high}
            ratio = math.log2(value / cell.published) if 0 < value < math.inf else math.nan
            rows.append(
                {**about, **asdict(variant), "grid": grid, "size": size, "members": own.members}
                | {"images": int((~own.per_image[at].isnan()).sum()), **figures, "log2_ratio": ratio}
            )
    return rows


def collect(columns: Sequence[Measured], *, seed: int) -> dict[str, Any]:
    """Return all facts as JSON holds them.

    Raises:
        UsageError: fewer than two cells were measured.
    """
    found = {grid: compare_variants([own.comparable(grid) for own in columns if own.done], seed=seed) for grid in GRIDS}
    best = found["own"].best("log_error")
    variant = None if best is None else best.variant
    facts: dict[str, Any] = {
        "columns": [_column(measured) for measured in columns],
        "methods": {cell.row: cell.method for own in columns for cell in own.cells if cell.method},
        "cells": found["own"].cells,
        "failed": [
            {"dataset": own.column.dataset, "architecture": own.column.published, "method": cell.row}
            | {"reason": cell.reason}
            for own in columns
            for cell in own.cells
            if not cell.figures
        ],
        "note": found["own"].note,
        "best": {measure: _search(found["own"], measure) for measure in MEASURES},
        "agreement": [{"grid": grid, **_agreement(own)} for grid in GRIDS for own in found[grid].agreements],
        "orderings": [row for grid in GRIDS for row in _orderings(columns, grid, variant)],
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
        "members": settings["members"] or (measured.done[0].figures["own"].members if measured.done else 0),
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


def _orderings(columns: Sequence[Measured], grid: str, best: Variant | None) -> list[dict[str, Any]]:
    """Return the claims of the table on a grid, column by column, by r and by the best variant."""
    at = None if best is None else VARIANTS.index(best)
    grams = {own.column.name: {cell.row: cell.figures[grid].gram for cell in own.done} for own in columns}
    published = {own.column.name: {cell.row: cell.published for cell in own.cells} for own in columns}
    values = {
        own.column.name: {} if at is None else {cell.row: cell.figures[grid].value(at) for cell in own.done}
        for own in columns
    }
    return [
        {
            "grid": grid,
            "claim": answer.claim.words,
            "measured": answer.measured,
            "p": answer.p,
            "p_holm": answer.p_holm,
            "columns": _columns(answer, values),
        }
        for answer in answer_claims(CLAIMS, grams, published)
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
        own, common = (cell.figures[grid].value(R) for grid in GRIDS)
        ratio = common / own if own > 0 and math.isfinite(own) else math.nan
        grids = {"own_grid": list(cell.grids["own"]), "common_grid": list(cell.grids["common"])}
        rows.append({"column": measured.column.name, "method": cell.row, **grids, "r_own": own, "r_common": common})
        rows[-1]["ratio"] = ratio
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
