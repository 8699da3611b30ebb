"""The panel `ssim`: the SNR of each image against its SSIM, with the correlation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.numbers import with_interval
from saliencynoise.engine.study_cells import failures
from saliencynoise.report.figures import ssim
from saliencynoise.statistics.json_safe import json_safe
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
        methods: labels; None for all.
        architectures: labels; None for all.

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
        facts={"correlations": json_safe(correlations.to_dict("records"))},
    )


def _lines(related: pd.DataFrame) -> str:
    head = ["| data set | architecture | method | images | Spearman | Pearson |", "|---|---|---|---|---|---|"]
    rows = [
        f"| {row['dataset']} | {row['architecture']} | {row['method']} | {row['images']} | "
        f"{_correlation(row, 'spearman')} | {_correlation(row, 'pearson')} |"
        for row in related.to_dict("records")
    ]
    return "\n".join(head + rows)


def _correlation(row: Mapping[Any, Any], name: str) -> str:
    return with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"])
