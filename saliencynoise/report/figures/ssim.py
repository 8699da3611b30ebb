"""The SNR of each image against the structural similarity of its members' maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import (
    NORMAL,
    SMALL,
    legend_height,
    styles,
    width_of,
    wrapped,
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

LINE = 9
"""Height in points of a line of small text."""

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


def draw(*studies: ImageSimilarity, room: Room = OWN) -> Figure:
    """Draw the images and correlations of one or more studies below each other."""
    heights = [_height(similarity.images, room) for similarity in studies]
    drawn = room.begin(sum(heights))
    if len(studies) == 1:
        _draw_study(drawn, studies[0], room)
        return root_of(drawn)
    parts = drawn.subfigures(len(studies), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, similarity in zip(parts, studies, strict=True):
        _draw_study(part, similarity, room, title=str(similarity.images["dataset"].iloc[0]))
    return root_of(drawn)


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


def _draw_study(figure: FigureBase, similarity: ImageSimilarity, room: Room, *, title: str = "") -> None:
    """Draw the images of a table, a panel for each method, a colour and marker for each architecture.

    The horizontal axis is the signed root of `snr_raw`, whose values are less skewed and may be negative; each panel
    has its own axis. Spearman's correlation with its interval is written above a panel, in the colour of each
    architecture. For a single architecture Pearson's correlation is written, too.
    """
    frame, related = similarity.images, similarity.correlations
    methods = list(frame["method"].unique())
    looks = styles(frame["architecture"].unique())
    columns, inches = _columns(frame, room)
    axes = room.panels(figure, len(methods), columns=columns, names="methods", sharey=True)
    for panel, method in zip(axes, methods, strict=True):
        of_method = related[related["method"] == method]
        lines = _draw_method(panel, frame[frame["method"] == method], of_method, looks, inches=inches)
        panel.set_title(wrapped(method, inches + 0.08), fontsize=SMALL, pad=5 + LINE * lines)
    room.label_below(axes, "√SNR of an image", columns=columns)
    room.label_side(figure, axes, "SSIM of two members' maps")
    if title:
        figure.suptitle(title, fontsize=NORMAL, fontweight="bold")
    if len(looks) > 1:
        room.legend(figure, axes)


def _columns(frame: pd.DataFrame, room: Room) -> tuple[int, float]:
    """Return the number of panels side by side, and the inches of each."""
    columns = min(max(1, int((room.across - 0.6) / 1.2)), COLUMNS, frame["method"].nunique())
    return columns, (room.across - 0.6) / columns - 0.12


def _height(frame: pd.DataFrame, room: Room) -> float:
    columns, inches = _columns(frame, room)
    rows = -(-frame["method"].nunique() // columns)
    several = list(frame["architecture"].unique())
    legend = legend_height(several, room.across) if len(several) > 1 else 0.0
    above = 0.13 * (4 if len(several) == 1 else 2 * len(several))
    return float(rows * (min(2.0, 0.9 * inches) + 0.6 + above) + 0.3 + legend)


def _draw_method(
    axes: Axes, frame: pd.DataFrame, related: pd.DataFrame, looks: dict[str, tuple[str, str]], *, inches: float
) -> int:
    """Draw the images of a method; return the number of lines of correlations above."""
    axes.tick_params(labelsize=SMALL)
    axes.locator_params(axis="x", nbins=max(2, int(2.5 * inches)), prune="both")
    axes.grid(alpha=0.3)
    lines = 0
    for name, (colour, marker) in reversed(looks.items()):
        points = frame[(frame["architecture"] == name) & (frame["status"] == "ok")]
        axes.scatter(
            points["amplitude"], points["ssim"], s=11, marker=marker, color=colour, alpha=0.7, lw=0, label=name
        )
        correlation = _words(
            related[related["architecture"] == name], MEASURES if len(looks) == 1 else MEASURES[:1], inches=inches
        )
        failed = len(looks) > 1 and (frame[frame["architecture"] == name]["status"] == "failed").any()
        height = 3 + LINE * lines
        lines += 1 + correlation.count("\n") if correlation or failed else 0
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
    if not (frame["status"] == "ok").any():
        message = wrapped("; ".join(failures(frame)), inches - 0.1, lines=8)
        axes.text(0.5, 0.5, message, ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)
    return lines


def _words(related: pd.DataFrame, names: Sequence[str], *, inches: float) -> str:
    """Return correlations with their intervals, one per line; empty for a failed cell."""
    if not len(related) or related["note"].iloc[0]:
        return ""
    row = related.iloc[0]
    return "\n".join(
        _broken(f"{name.capitalize()} {with_interval(row[name], row[f'{name}_low'], row[f'{name}_high'])}", inches)
        for name in names
    )


def _broken(words: str, inches: float) -> str:
    """Return a correlation, with its interval in the next line where one line is too long."""
    value, _, interval = words.partition(" [")
    return f"{value}\n[{interval}" if interval and width_of(words) > inches else words
