"""The panel `ssim`: the SNR of each image against its SSIM, with the correlation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.numbers import with_interval
from saliencynoise.engine.study_cells import failures
from saliencynoise.records.writing import json_of
from saliencynoise.report.figures import ssim
from saliencynoise_paper.caption import provenance

if TYPE_CHECKING:
    import pandas as pd

    from saliencynoise.engine.study import Study


def ssim_panel(
    studies: Sequence[Study], *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> CaptionedFigure:
    """Return the panel, a block of axes for each study, an axes for each method; its facts are the correlations.

    Args:
        studies: one or more.
        methods: display names; None for all.
        architectures: display names; None for all.

    Raises:
        UsageError: a study has no such method or architecture.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    similarities = [ssim.data(study, methods=methods, architectures=architectures) for study in studies]
    images = pd.concat([similarity.images for similarity in similarities], ignore_index=True)
    correlations = pd.concat(
        [similarity.correlations.assign(dataset=similarity.images["dataset"].iloc[0]) for similarity in similarities],
        ignore_index=True,
    )
    return CaptionedFigure(
        name="ssim",
        title=ssim.TITLE,
        caption=ssim.CAPTION,
        alt=ssim.alt(ssim.ImageSimilarity(images=images, correlations=correlations)),
        notes=[_lines(correlations), *failures(images), provenance(studies)],
        figure=ssim.draw(*similarities),
        data=images,
        facts={"correlations": json_of(correlations.to_dict("records"))},
    )


def _lines(correlations: pd.DataFrame) -> str:
    head = ["| data set | architecture | method | images | Spearman | Pearson |", "|---|---|---|---|---|---|"]
    rows: list[Any] = list(correlations.itertuples())
    lines = [
        f"| {row.dataset} | {row.architecture} | {row.method} | {row.images} | "
        f"{with_interval(row.spearman, row.spearman_low, row.spearman_high)} | "
        f"{with_interval(row.pearson, row.pearson_low, row.pearson_high)} |"
        for row in rows
    ]
    return "\n".join(head + lines)
