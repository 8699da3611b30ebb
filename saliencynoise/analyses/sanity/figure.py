"""The figures of a sanity run: maps of each kind of networks, their reliability, and cosines of their signals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.analyses.maps_picture import IMAGES, MOST_LINES, MapLine, line_of, maps_or_reason, of_unit_norm
from saliencynoise.analyses.result import files_of
from saliencynoise.analyses.sanity.config import PERMUTED, TRAINED, UNTRAINED
from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.display.figures.style import COLOURS, GREY, SMALL, blank, error_bars, legend_below
from saliencynoise.display.numbers import counted, format_number
from saliencynoise.display.visible import printable
from saliencynoise.engine.study import Study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.records.common import ValueWithInterval
    from saliencynoise.records.sanity import SanityRecord, SanityRow, SignalAgreement

KINDS = {TRAINED: "trained", UNTRAINED: "untrained", PERMUTED: "permuted labels"}
"""The words of each kind of networks, by the folder of its bench."""

MAPS_TITLE = "Maps of trained, untrained and permuted-label networks"
MAPS_CAPTION = (
    "Each map on its own colour scale: red above zero, blue below, white zero; from violet to yellow where a method "
    "has no negative values. One network: the first of each kind. Mean: over {members} of each kind, each map at "
    "norm 1."
)

TITLE = "Reliability of one map of each kind of networks"
CAPTION = (
    "Points: SNR / (1 + SNR), the cosine to be expected between the maps of two networks of one kind; 0 is chance. "
    "Bars: 95% intervals for other networks and other images."
)

COSINE_TITLE = "Similarity of the signals to those of trained networks"
COSINE_CAPTION = (
    "Points: cosine between the mean map of trained networks and that of the other networks, corrected for noise. "
    "Bars: 95% intervals. Dashed: above 0.71 most of the signal is the same. Methods without a point are left out: "
    "their networks show no agreement."
)
NO_COSINE = (
    "in no row do both kinds of networks show a signal, so there is nothing to compare. Where trained networks "
    "agree, this is the outcome that a sound method has"
)

FILES = files_of("maps", "sanity", "cosines")
"""The files of the figures."""

LOOKS = {
    TRAINED: ("o", COLOURS[2]),
    UNTRAINED: ("s", COLOURS[4]),
    PERMUTED: ("D", COLOURS[3]),
}
"""Marker and colour of each kind of networks."""


def figures_of(record: SanityRecord, folder: Path) -> list[CaptionedFigure | MissingFigure]:
    """Return the figures of a run: the maps, the reliability and the cosines."""
    caption = MAPS_CAPTION.format(members=counted(record.members, "network"))
    maps = maps_or_reason(map_lines(record, folder), title=MAPS_TITLE, caption=caption)
    if not record.done:
        reason = "no method could be measured"
        return [maps, MissingFigure(name="sanity", title=TITLE, reason=reason)]
    return [maps, captioned(record.done), cosines(record.done)]


def map_lines(record: SanityRecord, folder: Path) -> Iterator[MapLine]:
    """Yield the lines of the figure of maps: every method of each image.

    Raises:
        SaliencyNoiseError: if a study of the run is gone.
    """
    studies = {kind: Study.load(folder / kind) for kind in KINDS}
    trained = studies[TRAINED]
    names = list(dict.fromkeys((row.architecture, row.method) for row in record.done))
    several = len({architecture for architecture, _ in names}) > 1
    images = min(IMAGES, len(trained.result.images))
    for image in range(images):
        for name in names[: MOST_LINES // images]:
            maps: dict[str, Any] = {}
            means: dict[str, Any] = {}
            for kind, study in studies.items():
                cell = next(cell for cell in study.done if (cell.architecture, cell.method) == name)
                values = of_unit_norm(study, cell, image)
                maps[f"{KINDS[kind]},\none network"] = values[0]
                means[f"{KINDS[kind]},\nmean of {len(values)}"] = values.mean(0)
            judged = next(cell for cell in trained.done if (cell.architecture, cell.method) == name)
            yield line_of(trained, judged, image, maps | means, several=several)


def captioned(rows: Sequence[SanityRow]) -> CaptionedFigure:
    """Return the figure of the reliability of the rows of a `sanity.json`, one at least, with its texts."""
    frame = data(rows)
    return CaptionedFigure(name="sanity", title=TITLE, caption=CAPTION, alt=alt(frame), figure=draw(frame), data=frame)


def cosines(rows: Sequence[SanityRow]) -> CaptionedFigure | MissingFigure:
    """Return the figure of the cosines of the rows that have one; the reason where none has."""
    frame = cosine_data(rows)
    if frame.empty:
        return MissingFigure(name="cosines", title=COSINE_TITLE, reason=NO_COSINE)
    largest = max(frame.to_dict("records"), key=lambda row: float(row["value"]))
    words = f"{format_number(largest['value'])} ({KINDS[largest['kind']]}; {largest['row']})"
    return CaptionedFigure(
        name="cosines",
        title=COSINE_TITLE,
        caption=COSINE_CAPTION,
        alt=f"A line for each method, a point with its interval for each kind of networks. The largest is {words}.",
        figure=draw(frame, label="cosine with the signal of trained networks", line=math.sqrt(0.5)),
        data=frame,
    )


def alt(frame: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    means = frame.groupby("kind", sort=False)["value"].median()
    words = ", ".join(f"{KINDS[str(kind)]} {format_number(value)}" for kind, value in means.items())
    return (
        f"A line for each method, a point with its interval for each kind of networks. Medians over methods: {words}."
    )


def data(rows: Sequence[SanityRow]) -> pd.DataFrame:
    """Return a row per method, view and kind of networks: the reliability of one map, with the ends of its interval."""
    return _frame(
        [
            {"row": _name(row, rows), "kind": kind, **_reliability(getattr(row.snr, kind))}
            for row in rows
            for kind in KINDS
        ]
    )


def cosine_data(rows: Sequence[SanityRow]) -> pd.DataFrame:
    """Return a row per cosine that has an interval."""
    found = [
        {"row": _name(row, rows), "kind": kind, **ends}
        for row in rows
        for kind in (UNTRAINED, PERMUTED)
        if (ends := _cosine(getattr(row.contrasts, kind).agreement)) is not None
    ]
    return _frame(found)


def draw(frame: pd.DataFrame, *, label: str = "reliability of one map", line: float | None = None) -> Figure:
    """Draw a table of `data`, a line for each row and a point for each kind of networks."""
    names = list(dict.fromkeys(frame["row"]))
    figure = blank(7.0, 0.9 + 0.34 * len(names))
    axes = figure.subplots()
    _draw_points(axes, frame, names)
    axes.axvline(0, color=GREY, lw=0.8)
    if line is not None:
        axes.axvline(line, color=GREY, lw=0.8, ls="--")
    axes.set_yticks(range(len(names)), [printable(name) for name in names], fontsize=SMALL)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(min([-0.05, *frame["low"].dropna().clip(lower=-1)]), 1.05)
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.3)
    legend_below(figure, [axes])
    return figure


def _draw_points(axes: Axes, frame: pd.DataFrame, names: Sequence[str]) -> None:
    for place, (kind, (marker, colour)) in enumerate(LOOKS.items()):
        rows = frame[frame["kind"] == kind]
        if rows.empty:
            continue
        y = [names.index(name) + 0.22 * (place - 1) for name in rows["row"]]
        values, low, high = (rows[key].tolist() for key in ("value", "low", "high"))
        axes.errorbar(
            values, y, xerr=error_bars(values, low, high), fmt=marker, color=colour, ms=4.5, elinewidth=1.1, capsize=2,
            label=KINDS[kind],
        )  # fmt: skip


def _frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    return pd.DataFrame(rows, columns=["row", "kind", "value", "low", "high"])


def _name(row: SanityRow, rows: Sequence[SanityRow]) -> str:
    """Return a row's name: the method, its view unless signed, and the architecture where there are several."""
    parts = [row.method, *([] if row.view == "signed" else [row.view])]
    several = len({other.architecture for other in rows}) > 1
    return ", ".join([*parts, *([row.architecture] if several else [])])


def _reliability(snr: ValueWithInterval) -> dict[str, float]:
    low, high = (math.nan, math.nan) if snr.interval is None else (snr.interval.low, snr.interval.high)
    return {"value": _of_one_map(snr.value), "low": _of_one_map(low), "high": _of_one_map(high)}


def _of_one_map(snr: float) -> float:
    if math.isinf(snr):
        return 1.0
    return snr / (1 + snr) if snr > -1 else math.nan


def _cosine(agreement: SignalAgreement) -> dict[str, float] | None:
    if agreement.interval is None or not math.isfinite(agreement.value):
        return None
    return {"value": agreement.value, "low": agreement.interval.low, "high": agreement.interval.high}
