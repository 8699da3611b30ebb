"""The data of the table panel: a row for each cell, reading, definition and grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import derive_seed
from saliencynoise_paper.statistics.variants import VARIANTS
from saliencynoise_paper.table_records import GRIDS

if TYPE_CHECKING:
    import pandas as pd

    from saliencynoise_paper.statistics.variants import CellVariants
    from saliencynoise_paper.table_cells import MeasuredColumn, PublishedColumn, TableCell


def cells_frame(columns: Sequence[MeasuredColumn], *, seed: int) -> pd.DataFrame:
    """Return a row per data set, architecture, method, reading, variant and grid; failed cells have one each."""
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    rows = [
        row for measured in columns for cell in measured.cells for row in _rows_of_cell(measured.column, cell, seed)
    ]
    return pd.DataFrame(rows)


def _rows_of_cell(column: PublishedColumn, cell: TableCell, seed: int) -> Iterator[dict[str, Any]]:
    names = {
        "dataset": column.dataset,
        "architecture": column.published,
        "method": cell.row,
        "studied_dataset": column.study.result.dataset.asked,
        "studied_architecture": column.architecture,
        "studied_method": cell.method,
        "published": cell.published,
        "status": "ok" if cell.figures else "failed",
        "reason": cell.reason,
    }
    if not cell.figures:
        yield names
    for reading, grid in product(cell.readings(), GRIDS):
        size = "x".join(map(str, cell.grids[grid]))
        for index, variant in enumerate(VARIANTS):
            figures = _figures(cell.figures[reading, grid], index, cell.published, seed)
            yield {**names, "reading": reading, **asdict(variant), "grid": grid, "size": size, **figures}


def _figures(figures: CellVariants, index: int, published: float, seed: int) -> dict[str, Any]:
    """Return the columns of a row that hold the figure of `VARIANTS[index]`."""
    value = figures.value(index)
    interval = figures.interval(index, seed=derive_seed(seed, "bootstrap"))
    low, high = (math.nan, math.nan) if interval is None else (interval.low, interval.high)
    return {
        "members": figures.networks,
        "images": int((~figures.per_image[index].isnan()).sum()),
        "value": value,
        "low": low,
        "high": high,
        "floor": figures.floor(index),
        "log2_ratio": math.log2(value / published) if 0 < value < math.inf else math.nan,
    }
