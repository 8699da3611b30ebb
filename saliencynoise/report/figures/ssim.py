"""The SNR of each image against the structural similarity of its members' maps."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.style import (
    SMALL,
    blank,
    label_lowest,
    legend_below,
    small_multiples,
    styles,
    two_lines,
)
from saliencynoise.display.numbers import with_interval
from saliencynoise.engine.study_cells import failures, names_of, signed_cells
from saliencynoise.interfaces import derive_seed
from saliencynoise.records.numbers import number
from saliencynoise.report.figures import texts
from saliencynoise.report.figures.choice import of_layout

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

    from saliencynoise.engine.study import Study

TITLE = "SNR and structural similarity"
CAPTION = (
    "Each point is an image. Across: the signed root of its r, from raw maps and corrected for small samples. Up: the "
    "structural similarity (SSIM) of two members' maps, averaged over pairs. Above: correlations over images with 95% "
    "bootstrap intervals for new images and these members."
)

COLUMNS = 4
MEASURES = ("spearman", "pearson")


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageSimilarity:
    """The images of a study and the correlations over them.

    Attributes:
        images: a row per architecture, method and image; see `images_of`.
        correlations: a row per architecture and method; see `correlations`.
    """

    images: pd.DataFrame
    correlations: pd.DataFrame


def captioned(study: Study) -> CaptionedFigure | None:
    """Return the figure of all methods and architectures, with its texts; None where no map is a picture."""
    pictures = of_layout(study, "picture")
    if pictures is None:
        return None
    similarity = data(pictures)
    counts = similarity.images["ssim"].groupby(similarity.images["method"]).count()
    return CaptionedFigure(
        name="ssim",
        title=TITLE,
        caption=CAPTION,
        alt=alt(similarity),
        notes=[texts.basis(study), f"SSIM is computed for the first {int(counts.max())} images."],
        figure=draw(similarity),
        data=similarity.images,
    )


def alt(similarity: ImageSimilarity) -> str:
    """Return the alternative text of a figure."""
    related = similarity.correlations
    rows = related.dropna(subset=["spearman"]) if "spearman" in related else related.head(0)
    ends = ("spearman_low", "spearman_high")
    extremes = texts.extremes(rows, "spearman", of="rank correlation", interval=ends) if len(rows) else _TOO_FEW
    return f"Scatter of SSIM against the root of r, a point for each image. {extremes}{texts.failed(similarity.images)}"


_TOO_FEW = "There are too few images for a rank correlation."


def data(
    study: Study, *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> ImageSimilarity:  # fmt: skip
    """Return the images and the correlations of a study.

    Args:
        study: with `snr.parquet`.
        methods: labels; None for all.
        architectures: labels; None for all.

    Raises:
        UsageError: the study has no such method or architecture.
    """
    frame = images_of(study, methods=methods, architectures=architectures)
    related = correlations(frame, seed=study.result.settings.seed)
    return ImageSimilarity(images=frame, correlations=related)


def draw(*studies: ImageSimilarity) -> Figure:
    """Draw the images and correlations of one or more studies below each other."""
    frames = [similarity.images for similarity in studies]
    heights = [_height(frame) for frame in frames]
    drawn = blank(0.9 + 2.75 * max(min(COLUMNS, frame["method"].nunique()) for frame in frames), sum(heights))
    parts = drawn.subfigures(len(studies), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, similarity in zip(parts, studies, strict=True):
        title = str(similarity.images["dataset"].iloc[0]) if len(studies) > 1 else ""
        _draw_study(part, similarity.images, similarity.correlations, title=title)
    return drawn


def images_of(
    study: Study, *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> pd.DataFrame:  # fmt: skip
    """Return a row per architecture, method and image, with `snr_raw`, its signed root `amplitude`, `ssim` and `group`.

    `snr_raw` is the image's r of raw maps, corrected for small samples. `ssim` is the mean over pairs of members. It is
    NaN if it was not computed (a bench computes it for its first images) or if maps are smaller than 3 x 3. `group` is
    the group of the image. A cell that failed has one row, without an image.

    Arguments and errors as of `data`.
    """
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line
    import pandas as pd  # noqa: PLC0415 - as above

    cells = signed_cells(study, architectures=architectures, methods=methods)
    names = pd.DataFrame([names_of(cell) for cell in cells])
    images = study.images
    if "ssim" not in images:
        return names.assign(image=None, group=None, snr_raw=np.nan, amplitude=np.nan, ssim=np.nan)
    images = images[images["view"] == "signed"]
    images = images.assign(amplitude=np.sign(images["snr_raw"]) * np.sqrt(images["snr_raw"].abs()))
    group = {image.name: image.group for image in study.result.images}
    images = images.assign(group=images["image"].map(group))
    keys = ["architecture", "method"]
    columns = [name for name in (*keys, "image", "label", "group", "snr_raw", "amplitude", "ssim") if name in images]
    return names.merge(images[columns], on=keys, how="left")


def correlations(frame: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return a row per architecture and method: the correlations of `amplitude` with `ssim`, with 95% intervals.

    Args:
        frame: from `images_of`.
        seed: of the run; the bootstrap's is derived from it.
    """
    import pandas as pd  # noqa: PLC0415 - as above
    import torch  # noqa: PLC0415 - as above

    from saliencynoise.statistics.correlation import correlate  # noqa: PLC0415 - as above
    from saliencynoise.statistics.groups import as_groups  # noqa: PLC0415 - as above

    rows: list[dict[str, Any]] = []
    for (architecture, method), cell_frame in frame.groupby(["architecture", "method"], sort=False):
        x, y = (torch.tensor(cell_frame[name].to_numpy(dtype="float64")) for name in ("amplitude", "ssim"))
        groups = None if cell_frame["group"].isna().any() else as_groups(cell_frame["group"].tolist())
        related = correlate(x, y, seed=derive_seed(seed, "bootstrap"), groups=groups)
        row: dict[str, Any] = {"architecture": architecture, "method": method, "images": related.images}
        for name in MEASURES:
            interval = getattr(related, f"{name}_interval")
            row |= {
                name: getattr(related, name),
                f"{name}_low": number(interval.low if interval else None),
                f"{name}_high": number(interval.high if interval else None),
            }
        rows.append(row | {"note": related.note})
    return pd.DataFrame(rows)


def _draw_study(figure: FigureBase, frame: pd.DataFrame, related: pd.DataFrame, *, title: str = "") -> None:
    """Draw the images of a table, a panel for each method, a colour and marker for each architecture.

    The horizontal axis is the signed root of `snr_raw`, whose values are less skewed and may be negative; each panel
    has its own axis. Spearman's correlation with its interval is written above a panel, in the colour of each
    architecture. For a single architecture Pearson's correlation is written, too.
    """
    methods = list(frame["method"].unique())
    looks = styles(frame["architecture"].unique())
    axes = small_multiples(figure, len(methods), columns=COLUMNS, sharey=True)
    for panel, method in zip(axes, methods, strict=True):
        _draw_method(panel, frame[frame["method"] == method], related[related["method"] == method], looks)
        panel.set_title(two_lines(method, longest=24), fontsize=9, pad=6 + 11 * _lines(looks))
    label_lowest(axes, "signed root of r, raw maps", columns=COLUMNS)
    figure.supylabel("SSIM of two members' maps, mean over pairs", fontsize=9)
    if title:
        figure.suptitle(title, fontsize=10, fontweight="bold")
    if len(looks) > 1:
        legend_below(figure, axes)


def _height(frame: pd.DataFrame) -> float:
    rows = -(-frame["method"].nunique() // COLUMNS)
    return float(rows * (2.5 + 0.16 * max(2, frame["architecture"].nunique())) + 0.5)


def _lines(looks: dict[str, tuple[str, str]]) -> int:
    """Return the number of lines of correlations above a panel."""
    return max(2, len(looks))


def _draw_method(axes: Axes, frame: pd.DataFrame, related: pd.DataFrame, looks: dict[str, tuple[str, str]]) -> None:
    axes.tick_params(labelsize=SMALL)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(alpha=0.3)
    for line, (name, (colour, marker)) in enumerate(looks.items()):
        points = frame[(frame["architecture"] == name) & (frame["status"] == "ok")]
        axes.scatter(
            points["amplitude"], points["ssim"], s=14, marker=marker, color=colour, alpha=0.7, lw=0, label=name
        )
        correlation = _words(related[related["architecture"] == name], MEASURES if len(looks) == 1 else MEASURES[:1])
        failed = len(looks) > 1 and (frame[frame["architecture"] == name]["status"] == "failed").any()
        height = 3 + 11 * (len(looks) - 1 - line)
        axes.annotate(
            "failed" if failed else correlation,
            (0.5, 1),
            xytext=(0, height),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=SMALL,
            color=colour,
        )
    message = "" if (frame["status"] == "ok").any() else textwrap.fill("\n".join(failures(frame)), 34, max_lines=8)
    axes.text(0.5, 0.5, message, ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)


def _words(related: pd.DataFrame, names: Sequence[str]) -> str:
    """Return correlations with their intervals, one per line; empty for a failed cell."""
    if not len(related) or related["note"].iloc[0]:
        return ""
    row = related.iloc[0]
    return "\n".join(
        f"{name.capitalize()} {with_interval(row[name], row[f'{name}_low'], row[f'{name}_high'])}" for name in names
    )
