"""The panel `ssim`: the SNR of each image against its SSIM, with the correlation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.numbers import with_interval
from saliencynoise.engine.study_cells import failures
from saliencynoise.report.figures.ssim import correlations, figure_of, table
from saliencynoise.statistics.json_safe import json_safe
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.panel import Panel

if TYPE_CHECKING:
    import pandas as pd

    from saliencynoise.engine.study import Study

CAPTION = (
    "**SNR against structural similarity.** A point is a test image (at most the first 64, for which SSIM is "
    "computed). Horizontal: the signed root of its r, the corrected power SNR of the members' raw maps. Vertical: SSIM "
    "of two members' maps (each divided by its largest absolute value; windows of 7x7 or the largest odd size that "
    "fits), mean over pairs of members. Both are of the same members, whose noise they share; the 95% intervals of the "
    "correlations (bootstrap over images, on Fisher's z) are for these networks, if other images were drawn. Axes "
    "differ between panels."
)


def ssim_panel(
    studies: Sequence[Study], *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> Panel:
    """Return the panel, a block of axes for each study, an axes for each method; its facts are the correlations.

    Args:
        studies: one or more.
        methods: labels; None for all.
        architectures: labels; None for all.

    Raises:
        UsageError: a study has no such method or architecture.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    tables = []
    for study in studies:
        data_of_study = table(study, methods=methods, architectures=architectures)
        related = correlations(data_of_study, seed=study.result["settings"]["seed"])
        tables.append((data_of_study, related.assign(dataset=data_of_study["dataset"].iloc[0])))
    data = pd.concat([frame for frame, _ in tables], ignore_index=True)
    related = pd.concat([related for _, related in tables], ignore_index=True)
    return Panel(
        name="ssim",
        figure=figure_of(tables),
        data=data,
        caption="\n\n".join([CAPTION, _lines(related), *failures(data), provenance(studies)]),
        facts={"correlations": json_safe(related.to_dict("records"))},
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
