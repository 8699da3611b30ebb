"""The choice of the picture and the cells that the figures `maps` and `overlay` of a report show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import structs

from saliencynoise.engine.study_cells import signed_cells
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise.records.study import Layout

ROWS = 12
"""The largest number of cells in a figure."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The picture and the cells of a study that the figures show.

    Attributes:
        architectures: labels.
        methods: labels.
        image: index of the picture among the study's images.
        words: sentences on the choice.
    """

    architectures: Sequence[str]
    methods: Sequence[str]
    image: int
    words: str


def of_layout(study: Study, layout: Layout) -> Study | None:
    """Return a study with the methods alone whose maps are laid out so; None where there are none."""
    labels = {method.label for method in study.result.methods if method.layout == layout}
    cells = tuple(cell for cell in study.result.cells if cell.method in labels)
    return replace(study, result=structs.replace(study.result, cells=cells)) if cells else None


def choose(study: Study) -> Choice:
    """Choose the picture with the median r of the first method, and cells for at most `ROWS` rows.

    The rule keeps the choice independent of the pictures' looks.

    Raises:
        UsageError: all cells failed.
    """
    cells = signed_cells(study)
    computed = [cell for cell in cells if cell.status == "ok"]
    if not computed:
        raise UsageError("all cells failed")
    architectures = list(dict.fromkeys(cell.architecture for cell in cells))
    methods = list(dict.fromkeys(cell.method for cell in cells))
    image, reason = _typical(study, architecture=computed[0].architecture, method=computed[0].method)
    shown_architectures = architectures[: max(1, ROWS // len(methods))]
    if computed[0].architecture not in shown_architectures:
        shown_architectures = [computed[0].architecture]
    if len(shown_architectures) < len(architectures):
        reason += f" The figure shows {', '.join(shown_architectures)} of {len(architectures)} architectures."
    if len(methods) > ROWS:
        reason += f" The figure shows the first {ROWS} of {len(methods)} methods."
    return Choice(architectures=shown_architectures, methods=methods[:ROWS], image=image, words=reason)


def spread_images(study: Study, *, architecture: str, method: str, count: int) -> list[int]:
    """Return the places of images from the smallest to the largest r of raw maps, at equal steps of rank.

    The image with the median is the first, the one that `choose` returns. Images without r are left out.

    Args:
        study: a study.
        architecture: label.
        method: label.
        count: the largest number of images.
    """
    ranked = [index for _, index in _ranked(study, architecture=architecture, method=method)]
    if not ranked:
        return list(range(min(count, len(study.result.images))))
    last = len(ranked) - 1
    steps = [round(last * step / (count - 1)) for step in range(count)] if count > 1 else []
    return list(dict.fromkeys(ranked[place] for place in (last // 2, *steps)))[:count]


def _ranked(study: Study, *, architecture: str, method: str) -> list[tuple[float, int]]:
    """Return `snr_raw` and the place of each image that has one, the smallest first."""
    images = study.images
    snr_rows = images[
        (images["architecture"] == architecture) & (images["method"] == method) & (images["view"] == "signed")
    ]  # fmt: skip
    by_name = dict(zip(snr_rows["image"], snr_rows["snr_raw"], strict=True))
    values = [(float(by_name.get(image.name, "nan")), index) for index, image in enumerate(study.result.images)]
    return sorted((r, index) for r, index in values if not math.isnan(r))


def _typical(study: Study, *, architecture: str, method: str) -> tuple[int, str]:
    """Return the index of the image with the median `snr_raw`, and a sentence on the choice."""
    ranked = _ranked(study, architecture=architecture, method=method)
    shown = "picture" if study.result.dataset.image_shape is not None else study.result.item
    if not ranked:
        return 0, f"The {shown} is the study's first."
    r, index = ranked[(len(ranked) - 1) // 2]
    on = f" on {architecture}" if len({cell.architecture for cell in signed_cells(study)}) > 1 else ""
    image = study.result.images[index]
    label = study.result.class_of(image)
    named = image.name if label is None else f"{image.name} (class {label})"
    median = f"the median of {len(ranked)} {study.result.item}s"
    return index, f"The {shown} is {named}: its r of raw maps by {method}{on}, {r:.2f}, is {median}."
