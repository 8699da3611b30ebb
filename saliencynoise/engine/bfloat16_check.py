"""The error of bfloat16: the same networks explain some images again in float32, and r is compared."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from saliencynoise.engine.study import RESULT, Study
from saliencynoise.records.study import Precision, PrecisionCell
from saliencynoise.records.writing import write_record
from saliencynoise.statistics.gram import diag_mean
from saliencynoise.statistics.snr import pooled_snr

if TYPE_CHECKING:
    from saliencynoise.engine.config import BenchConfig
    from saliencynoise.records.cell import Cell

IMAGES = 8
"""Number of images, the first ones, that are also attributed in float32."""


def float32_config(config: BenchConfig, study: Study) -> BenchConfig:
    """Return the bench of the first images of a study in bfloat16, in float32, by the same members."""
    images = min(IMAGES, len(study.result.images))
    folder = study.folder / "float32"
    if config.fresh:  # the members and their maps are made again already; only the figures in this folder are old
        shutil.rmtree(folder, ignore_errors=True)
    return replace(config, precision="float32", images=images, out=str(folder), fresh=False, untrained="none")


def add_bfloat16_error(study: Study, exact: Study) -> Study:
    """Return the study with the r of each cell in both precisions, on the images of both, and write it.

    Raises:
        UsageError: if a folder cannot be read or written.
    """
    cells = tuple(
        _beside(study, cell, exact, exact.cell(cell.architecture, cell.method, cell.view)) for cell in study.done
    )
    result = structs.replace(study.result, precision=Precision(images=len(exact.result.images), cells=cells))
    write_record(study.folder / RESULT, result)
    return Study(result, study.folder)


def _beside(study: Study, cell: Cell, exact: Study, twin: Cell) -> PrecisionCell:
    """Return r in both precisions and its relative error, or the reason why there is none."""
    failed = PrecisionCell(
        architecture=cell.architecture,
        method=cell.method,
        view=cell.view,
        status="failed",
        reason=f"in float32: {twin.reason}",
        bfloat16=math.nan,
        float32=math.nan,
        relative_error=math.nan,
    )
    if twin.status == "failed":
        return failed
    reference = exact.independent_gram(twin)
    gram = study.independent_gram(cell)[: len(reference)]
    used = (diag_mean(gram) > 0) & (diag_mean(reference) > 0)
    if not bool(used.any()):
        return structs.replace(failed, reason="no image has a map that is not zero in both precisions")
    rough, fine = pooled_snr(gram[used]).value, pooled_snr(reference[used]).value
    error = rough / fine - 1 if fine else math.nan
    return structs.replace(failed, status="ok", reason=None, bfloat16=rough, float32=fine, relative_error=error)
