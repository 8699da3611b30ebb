"""The SNR of each image against the structural similarity of its members' maps."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

    from saliencynoise.engine.study import Study

COLUMNS = 4
MEASURES = ("spearman", "pearson")


def figure(
    study: Study, *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> Figure:  # fmt: skip
    """Draw a scatter for each method of a study, a point an image; see `draw`.

    Args:
        study: with `snr.parquet`.
        methods: labels; None for all.
        architectures: labels; None for all.

    Raises:
        UsageError: the study has no such method or architecture.

    Example:
        >>> from saliencynoise import Study
        >>> figure(Study.load("runs/a")).savefig("ssim.png")  # doctest: +SKIP
    """
    frame = table(study, methods=methods, architectures=architectures)
    return figure_of([(frame, correlations(frame, seed=study.result["settings"]["seed"]))])


def figure_of(tables: Sequence[tuple[pd.DataFrame, pd.DataFrame]]) -> Figure:
    """Draw the images and correlations of studies below each other."""
    heights = [_height(frame) for frame, _ in tables]
    drawn = blank(0.9 + 2.75 * max(min(COLUMNS, frame["method"].nunique()) for frame, _ in tables), sum(heights))
    parts = drawn.subfigures(len(tables), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (frame, related) in zip(parts, tables, strict=True):
        draw(part, frame, related, title=str(frame["dataset"].iloc[0]) if len(tables) > 1 else "")
    return drawn


def table(
    study: Study, *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> pd.DataFrame:  # fmt: skip
    """Return a row per architecture, method and image, with `snr_raw`, its signed root `amplitude`, `ssim` and `group`.

    `snr_raw` is the image's r of raw maps, corrected for small samples. `ssim` is the mean over pairs of members. It is
    NaN if it was not computed (a bench computes it for its first images) or if maps are smaller than 3 x 3. `group` is
    the group of the image. A cell that failed has one row, without an image.

    Arguments and errors as of `figure`.
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
    group = {image["name"]: image.get("group") for image in study.result["images"]}
    images = images.assign(group=images["image"].map(group))
    keys = ["architecture", "method"]
    return names.merge(images[[*keys, "image", "label", "group", "snr_raw", "amplitude", "ssim"]], on=keys, how="left")


def correlations(frame: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return a row per architecture and method: the correlations of `amplitude` with `ssim`, with 95% intervals.

    Args:
        frame: from `table`.
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


def draw(figure: FigureBase, frame: pd.DataFrame, related: pd.DataFrame, *, title: str = "") -> None:
    """Draw the images of a table, a panel for each method, a colour and marker for each architecture.

    The horizontal axis is the signed root of `snr_raw`, which varies less unevenly and may be negative; each panel has
    its own. Above a panel stands Spearman's correlation with its interval, of several architectures in their colours;
    of a single one Pearson's, too.
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
    """Return correlations with their intervals, a line each; empty for a failed cell."""
    if not len(related) or related["note"].iloc[0]:
        return ""
    row = related.iloc[0]
    return "\n".join(
        f"{name.capitalize()} {with_interval(row[name], row[f'{name}_low'], row[f'{name}_high'])}" for name in names
    )
