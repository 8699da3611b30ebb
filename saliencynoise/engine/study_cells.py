"""The cells of a study that a figure shows, and their r as the rows of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.style import shortened
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell, CellFigures


def signed_cells(
    study: Study, *, architectures: Sequence[str] | None = None, methods: Sequence[str] | None = None
) -> list[Cell]:
    """Return the cells in the signed view; see `chosen_cells`."""
    return chosen_cells(study, architectures=architectures, methods=methods)


def chosen_cells(
    study: Study,
    *,
    architectures: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    views: Sequence[str] = ("signed",),
) -> list[Cell]:
    """Return the cells in some views, failed ones too, in the study's order.

    Args:
        study: a study.
        architectures: labels; None for all.
        methods: labels, as "gradcam(layer=top)"; None for all.
        views: names, as "relu".

    Raises:
        UsageError: the study has no such architecture, method or view.
    """
    for key, wanted in (("architecture", architectures), ("method", methods), ("view", views)):
        available = list(dict.fromkeys(getattr(cell, key) for cell in study.result.cells))
        for name in wanted or ():
            if name not in available:
                raise UsageError(
                    f"{study.folder} has no {key} '{name}', but {', '.join(available)}; bench it, or name one of these"
                )
    return [
        cell
        for cell in study.result.cells
        if cell.view in views
        and (architectures is None or cell.architecture in architectures)
        and (methods is None or cell.method in methods)
    ]


def names_of(cell: Cell) -> dict[str, Any]:
    """Return the columns of a row that describe its cell: data set, architecture, method, members, status, reason."""
    return {name: getattr(cell, name) for name in ("dataset", "architecture", "method", "members", "status", "reason")}


def failures(table: pd.DataFrame) -> list[str]:
    """Return a text on each failure in a table with the columns of `names_of`, each once."""
    failed = table[table["status"] == "failed"]
    return list(
        dict.fromkeys(
            f"{shortened(str(row.method), 28)} on {shortened(str(row.architecture), 28)} failed: {row.reason}"
            for row in failed.itertuples()
        )
    )


def snr_of(figures: CellFigures | None) -> dict[str, Any]:
    """Return r of a cell or of a class of it, with its interval and the interval's question; NaN where it is missing.

    Args:
        figures: figures of a cell; None for one that failed.
    """
    if figures is None:
        return {"images": 0, "question": ""} | dict.fromkeys(("r", "low", "high", "floor"), math.nan)
    estimate = figures.estimates.snr
    interval = estimate.interval
    ends = {"low": math.nan, "high": math.nan, "question": ""}
    if interval is not None:
        ends = {"low": interval.low, "high": interval.high, "question": interval.question}
    return {"images": figures.images, "r": estimate.value, **ends, "floor": estimate.floor}
