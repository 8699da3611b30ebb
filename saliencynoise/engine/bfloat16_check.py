"""The error of bfloat16: the same networks explain some images again in float32, and r is compared."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from saliencynoise.engine.study import RESULT, Study
from saliencynoise.statistics.gram import diag_mean
from saliencynoise.statistics.json_safe import json_safe
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.store.atomic import write_json

if TYPE_CHECKING:
    from saliencynoise.engine.config import BenchConfig

IMAGES = 8
"""Images, the first ones, that are attributed in float32, too."""


def float32_config(config: BenchConfig, study: Study) -> BenchConfig:
    """Return the bench of the first images of a study in bfloat16, in float32, by the same members."""
    images = min(IMAGES, len(study.result["images"]))
    folder = study.folder / "float32"
    if config.fresh:  # the members and their maps are new, and only the figures in this folder are old
        shutil.rmtree(folder, ignore_errors=True)
    return replace(config, precision="float32", images=images, out=str(folder), fresh=False, untrained="none")


def add_bfloat16_error(study: Study, exact: Study) -> Study:
    """Return the study with the r of each cell in both precisions, on the images of both, and write it.

    Raises:
        UsageError: if a folder cannot be read or written.
    """
    twins = {(cell["architecture"], cell["method_name"], cell["view"]): cell for cell in exact.result["cells"]}
    cells = []
    for cell in study.done:
        twin = twins[cell["architecture"], cell["method_name"], cell["view"]]
        about = {key: cell[key] for key in ("architecture", "method", "view")}
        cells.append(json_safe({**about, **_beside(study, cell, exact, twin)}))
    document = {**study.result, "precision": {"images": len(exact.result["images"]), "cells": cells}}
    write_json(study.folder / RESULT, document)
    return Study(document, study.folder)


def _beside(study: Study, cell: Mapping[str, Any], exact: Study, twin: Mapping[str, Any]) -> dict[str, Any]:
    """Return r in both precisions and its relative error, or the reason why there is none."""
    if twin["status"] == "failed":
        return {"status": "failed", "reason": f"in float32: {twin['reason']}"}
    reference = exact.gram(twin)
    gram = study.gram(cell)[: len(reference)]
    used = (diag_mean(gram) > 0) & (diag_mean(reference) > 0)
    if not bool(used.any()):
        return {"status": "failed", "reason": "no image has a map that is not zero in both precisions"}
    rough, fine = pooled_snr(gram[used]).value, pooled_snr(reference[used]).value
    error = rough / fine - 1 if fine else float("nan")
    return {"status": "ok", "reason": None, "bfloat16": rough, "float32": fine, "relative_error": error}
