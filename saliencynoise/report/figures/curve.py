"""Reliability and SNR against the number of averaged networks: the closed form and measured averages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import (
    GREY,
    SMALL,
    error_bars,
    legend_height,
    styles,
    wrapped,
)
from saliencynoise.engine.study import interval_of
from saliencynoise.engine.study_cells import failures, names_of, signed_cells
from saliencynoise.interfaces import derive_seed
from saliencynoise.records.numbers import number
from saliencynoise.report.figures import texts
from saliencynoise.statistics.curve import averaging_curve
from saliencynoise.statistics.split_halves import split_halves

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell

TITLE = "Gain from averaging"
CAPTION = (
    "Reliability of averages over n networks, n r / (1 + n r), with the 95% interval of r as a band; dashed beyond "
    "this study's members. Marks: cosine between averages of n members and of n others, with bars for 90% of the "
    "pairs of groups. Crosses: the same on single images. Above: networks for the dotted reliability."
)
STARTS = (
    "n counts networks that each have a start of their own; members that share one are averaged, and the marks are of "
    "the cosines between different starts."
)
NOTE = "The marks come from the same members as the line, so they are no test of it."

COLUMNS = 4
FURTHEST = 64
"""A curve ends at most at this many times the members of the study."""

NOTED = (0.1, 0.4, 1, 3, 9)
"""Ticks of the right axis, the SNR of an average; its reliability is SNR / (1 + SNR)."""

LINE = 9
"""Height in points of a line of small text."""

MARKS = ("measured, n against n others", "the same on the single image", "forecast")

STREAM = 6
"""Stream of the bootstrap's seed for the pairs of groups."""


def captioned(study: Study) -> CaptionedFigure:
    """Return the figure of all methods and architectures, with its texts."""
    frame = data(study)
    return CaptionedFigure(
        name="curve",
        title=TITLE,
        caption=CAPTION,
        alt=alt(frame),
        notes=[NOTE, *([STARTS] if any(map(study.clusters, study.done)) else []), texts.basis(study)],
        figure=draw(frame),
        data=frame,
    )


def alt(frame: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    cells = frame.drop_duplicates(["architecture", "method"])
    cells = cells if "needed" in cells else cells.assign(needed=math.nan, needed_low=math.nan, needed_high=math.nan)
    ends = ("needed_low", "needed_high")
    target = next(iter(cells["target"].dropna()), math.nan) if "target" in cells else math.nan
    extremes = texts.extremes(cells, "needed", of=f"number of networks for {target:g}", interval=ends, whole=True)
    unknown = int((cells["needed"].isna() & (cells["status"] == "ok")).sum())
    more = f" For {unknown} it is undetermined: no signal was found." if unknown else ""
    kind = "Curves of the reliability of averages against the number of networks."
    return f"{kind} {extremes}{more}{texts.failed(cells)}"


def data(
    study: Study, *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> pd.DataFrame:  # fmt: skip
    """Return a row per architecture, method and number n of averaged networks.

    `snr_of_average` (n r), `reliability` and its interval `low` to `high` are those of the closed form, a forecast
    beyond the study's `members` (where members share starts, the starts). `measured` is the cosine between averages of
    n members and n others, averaged over `pairs` of groups, 90% of which are from `measured_low` to `measured_high`;
    `measured_per_image` that on the single image. They are NaN where there are not twice n members. `needed` is the
    number for a reliability of `target`. A cell that failed has one row, without n.

    Args:
        study: with its Gram matrices.
        methods: labels; None for all.
        architectures: labels; None for all.

    Raises:
        UsageError: the study has no such method or architecture, or no Gram matrices.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    cells = signed_cells(study, architectures=architectures, methods=methods)
    furthest = max([_furthest(cell) for cell in cells if cell.status == "ok"], default=1)
    seed = derive_seed(study.result.settings.seed, "bootstrap", STREAM)
    rows: list[dict[str, Any]] = []
    for cell in cells:
        if cell.status == "ok":
            rows += _rows(study, cell, furthest, seed)
        else:
            rows.append(names_of(cell))
    frame = pd.DataFrame(rows)
    return frame if "n" in frame else frame.assign(n=math.nan)


def _networks(cell: Cell) -> int:
    """Return the members of a cell; where they share some of several starts, the number of starts."""
    nested = cell.known_figures.nested
    return cell.members if nested is None or nested.r_population is None else len(nested.sizes)


def _furthest(cell: Cell) -> int:
    """Return the n at which a curve ends: beyond what a reliability of 0.9 needs, and at twice the members at least."""
    needed, networks = cell.known_figures.members_needed.value or 0, _networks(cell)
    return int(min(max(2 * networks, 1.5 * needed), FURTHEST * networks))


def _rows(study: Study, cell: Cell, furthest: int, seed: int) -> list[dict[str, Any]]:
    snr, needed = cell.known_figures.estimates.snr, cell.known_figures.members_needed
    measured = {point.members: point for point in split_halves(study.independent_gram(cell), seed=seed)}
    counts = {
        *range(1, _networks(cell) + 1),
        *(round(2 ** (step / 4)) for step in range(200) if 2 ** (step / 4) < furthest),
    }
    common = names_of(cell) | {"r": snr.value, "target": needed.reliability, "needed": number(needed.value)}
    common |= {"members": _networks(cell)}
    common |= {"needed_low": number(needed.low), "needed_high": number(needed.high)}
    rows = []
    for point in averaging_curve(snr.value, interval_of(snr.interval), counts=sorted({*counts, furthest})):
        average = measured.get(point.members)
        ends = (math.nan, math.nan) if point.interval is None else (point.interval.low, point.interval.high)
        row = {
            "n": point.members,
            "snr_of_average": point.snr_of_average,
            "reliability": point.reliability,
            "low": ends[0],
            "high": ends[1],
        }
        if average is not None:
            row |= {"measured": average.reliability, "measured_low": average.low, "measured_high": average.high}
            row |= {"measured_per_image": average.per_image, "pairs": average.pairs}
        rows.append(common | row)
    return rows


def draw(frame: pd.DataFrame, *, room: Room = OWN) -> Figure:
    """Draw a table: a panel per method, a colour and marker for each architecture.

    Line: R(n) = n r / (1 + n r), dashed beyond the members of the study, with a band for the interval of r. Marks: the
    cosine between averages that were formed of n members and n others, with bars from the 5% to the 95% quantile of
    the pairs of groups; small crosses: that cosine on the single image. Dotted: the reliability asked for, and how many
    networks it needs. On the right the SNR of the average, n r = R / (1 - R).
    """
    methods, looks = list(frame["method"].unique()), styles(frame["architecture"].unique())
    width = min(max(1, int((room.across - 0.9) / 1.15)), COLUMNS, len(methods))
    rows = -(-len(methods) // width)
    above = 1 if len(looks) == 1 else 1 + len(looks)
    panel_width = (room.across - 0.9) / width - 0.1
    height = rows * (min(2.2, 0.9 * panel_width) + 0.55 + 0.13 * above) + 0.3
    drawn = room.begin(height + legend_height([*looks, *MARKS], room.across))
    axes = room.panels(drawn, len(methods), columns=width, names="methods", sharex=True, sharey=True)
    largest = float(frame["n"].max()) if frame["n"].notna().any() else 0.0
    lowest = min([0.0, *frame["measured_low"].dropna()]) if "measured_low" in frame else 0.0
    for panel, method in zip(axes, methods, strict=True):
        if largest:
            _scale(panel, largest)
        panel.set_ylim(lowest - 0.03, 1.03)
        _draw_method(panel, frame[frame["method"] == method], looks, inches=panel_width)
        panel.set_title(wrapped(method, panel_width + 0.08), fontsize=SMALL, pad=4 + LINE * above)
    for panel in {*axes[width - 1 :: width], axes[-1]}:
        _note_snr(panel, lowest)
    room.label_below(axes, "n, networks averaged", columns=width)
    room.label_side(drawn, axes, "reliability of the average")
    room.legend(drawn, axes)
    return root_of(drawn)


def _scale(axes: Axes, largest: float) -> None:
    """Let an axis count networks in doublings, with at most five numbers along it."""
    axes.set_xscale("log", base=2)
    axes.set_xlim(0.85, largest * 1.1)
    doublings = range(0, int(math.log2(largest)) + 1, max(1, math.ceil(math.log2(largest) / 4)))
    axes.set_xticks([2**power for power in doublings], [f"{2**power}" for power in doublings])
    axes.minorticks_off()


def _draw_method(axes: Axes, frame: pd.DataFrame, looks: dict[str, tuple[str, str]], *, inches: float) -> None:
    axes.tick_params(labelsize=SMALL)
    axes.grid(alpha=0.25)
    done = frame[frame["status"] == "ok"]
    for label, (colour, marker) in looks.items():
        if (done["architecture"] == label).any():
            _draw_curve(axes, done[done["architecture"] == label], colour, marker, label=label)
    if len(done):
        axes.axhline(done["target"].iloc[0], color=GREY, lw=0.8, ls=":")
        _write_needed(axes, frame, looks)
    else:
        message = wrapped("; ".join(failures(frame)), inches - 0.1, lines=8)
        axes.text(0.5, 0.5, message, ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)


def _write_needed(axes: Axes, frame: pd.DataFrame, looks: dict[str, tuple[str, str]]) -> None:
    """Write above a panel how many networks a reliability needs, in the architectures' colours, one per line."""
    target = f"for {frame['target'].dropna().iloc[0]:g}:"
    texts = {label: _needed(frame[frame["architecture"] == label]) for label in looks}
    if len(texts) == 1:
        _write_above(axes, f"{target} {texts.popitem()[1]}", 0, "black")
        return
    _write_above(axes, target, len(texts), "black")
    for index, (label, text) in enumerate(texts.items()):
        _write_above(axes, text, len(texts) - 1 - index, looks[label][0])


def _write_above(axes: Axes, text: str, line: int, colour: str) -> None:
    axes.annotate(
        text, (0.5, 1), xytext=(0, 3 + LINE * line), xycoords="axes fraction", textcoords="offset points",
        ha="center", va="bottom", fontsize=SMALL, color=colour,
    )  # fmt: skip


def _needed(rows: pd.DataFrame) -> str:
    """Return the number of networks that an architecture needs, with its interval."""
    if not len(rows):
        return ""
    row = rows.iloc[0]
    if row["status"] == "failed":
        return "failed"
    if math.isnan(row["needed"]):
        return "undetermined"
    low, high = row["needed_low"], row["needed_high"]
    ends = "" if math.isnan(low) else f" [{low:.0f}, {'∞' if math.isnan(high) else f'{high:.0f}'}]"
    return f"{row['needed']:.0f}{ends}"


def _draw_curve(axes: Axes, rows: pd.DataFrame, colour: str, marker: str, *, label: str) -> None:
    """Draw one architecture's curve and points."""
    members, needed = rows["members"].iloc[0], rows["needed"].iloc[0]
    for points, dashes, name in (
        (rows[rows["n"] <= members], "-", label),
        (rows[rows["n"] >= members], "--", MARKS[2]),
    ):
        axes.plot(points["n"], points["reliability"], color=colour, lw=1.2, ls=dashes, label=name)
    axes.fill_between(rows["n"], rows["low"], rows["high"], color=colour, alpha=0.12, lw=0)
    points = rows.dropna(subset=["measured"])
    bars = error_bars(*(points[f"measured{end}"].tolist() for end in ("", "_low", "_high")))
    if len(points):
        axes.errorbar(
            points["n"], points["measured"], bars, fmt=marker, mfc="white", color=colour, ms=3.5, elinewidth=0.8,
            zorder=3, label=MARKS[0],
        )  # fmt: skip
    if points["measured_per_image"].notna().any():
        axes.plot(
            points["n"], points["measured_per_image"], "x", color=colour, ms=3.5, mew=0.8, zorder=3, label=MARKS[1]
        )  # fmt: skip
    if not math.isnan(needed):
        axes.plot([needed, needed], [0, rows["target"].iloc[0]], color=colour, lw=0.9, ls=":")


def _note_snr(axes: Axes, lowest: float) -> None:
    """Write the SNR of averages along the right side."""
    side = axes.twinx()
    side.set_ylim(lowest - 0.03, 1.03)
    side.set_yticks([snr / (1 + snr) for snr in NOTED], [f"{snr:g}" for snr in NOTED], fontsize=SMALL)
    side.set_ylabel("SNR of the average", fontsize=SMALL)
