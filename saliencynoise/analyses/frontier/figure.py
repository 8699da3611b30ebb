"""The picture of `saliencynoise frontier`: each strategy's squared cosine with the true mean map, and its price."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.analyses.frontier.run import RESULT, load_frontier
from saliencynoise.analyses.maps_picture import IMAGES, MOST_LINES, MapLine, line_of, maps_or_reason, of_unit_norm
from saliencynoise.analyses.result import files_of
from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import (
    GREY,
    LONGEST,
    NORMAL,
    SMALL,
    legend_height,
    shortened,
    styles,
    wrapped,
)
from saliencynoise.display.numbers import counted, format_number
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.records.frontier import FrontierRecord, FrontierRow, HeldOutNetworks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.records.cell import Cell
    from saliencynoise.records.common import Ends

TITLE = "Fidelity and price of each strategy"
CAPTION = (
    "Across: seconds to make the members of an average and their maps, divided by those of one retrained network. Up: "
    "squared cosine of the average with the true mean map, with 95% intervals. Dashed: averages of retrained networks; "
    "a strategy above this line is cheaper than retraining. Numbers: members averaged."
)

MAPS_TITLE = "Averages of each sampler beside held-out networks"
MAPS_CAPTION = (
    "First map: mean over {held} held-out networks, which no sampler uses. Others: means over {most} of the first "
    "base run of each sampler. Each member's map has norm 1. Each map has its own colour scale: red above zero, blue "
    "below; from violet to yellow where a method has no negative values."
)
NAME = "frontier"
NOT_DRAWN = (
    "no strategy has both a price and a fidelity. The held-out networks show no signal to be compared with, or the "
    "members come from files; more --epochs, --reference or --images may help"
)
FILES = files_of("maps", NAME)
"""The files of the figures."""

COLUMNS = ("architecture", "method", "sampler", "aggregator", "members", "status", "reason", "price")
"""Columns of the table that are keys of a row."""

RETRAINING = "averages of retrained networks"
"""Name of the line of averages of retrained networks."""

PANEL = (2.7, 3.0)
"""Inches of a panel: at least across, at most up."""


@dataclass(frozen=True, kw_only=True)
class FrontierPoint:
    """A row that has both a price and a fidelity with its interval; `name` is that of its line."""

    name: str
    members: int
    price: float
    fidelity_squared: float
    networks: Ends


FrontierPanel = tuple[HeldOutNetworks, Sequence[FrontierPoint]]
"""The held-out networks of an architecture and method, and the points of the averages compared with them."""


def captioned(record: FrontierRecord) -> CaptionedFigure:
    """Return the figure of a frontier's result, with its texts.

    Raises:
        UsageError: no strategy has both a price and a fidelity.
    """
    frame = data(record)
    return CaptionedFigure(name=NAME, title=TITLE, caption=CAPTION, alt=alt(frame), figure=draw(record), data=frame)


def alt(frame: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    known = frame[frame["networks"].map(math.isfinite)].sort_values("networks", ascending=False, kind="stable")
    best = next(iter(known.to_dict("records")), None)
    largest = (
        "No strategy equals a finite number of retrained networks."
        if best is None
        else f"The best average, of {best['members']} members of {shortened(str(best['sampler']), LONGEST)}, "
        f"{shortened(str(best['method']), LONGEST)}, equals {format_number(best['networks'])} retrained networks."
    )
    return f"A panel for each architecture and method: squared cosine with the true mean map against price. {largest}"


def record_for(study: Study, folder: str | Path | None = None) -> FrontierRecord:
    """Return the result of the frontier in a folder, or of that which a study belongs to.

    Raises:
        UsageError: there is none.
    """
    if folder is not None:
        return load_frontier(folder)
    record = frontier_of(study)
    if record is None:
        raise UsageError(
            f"{study.folder} belongs to no frontier; run 'saliencynoise frontier' with its data, architectures and "
            "methods, and name the folder of that"
        )
    return record


def frontier_of(study: Study) -> FrontierRecord | None:
    """Return the result of the frontier that a study is a run of; None if it belongs to none."""
    folder = study.folder.parent
    if not (folder / RESULT).is_file():
        return None
    record = load_frontier(folder)
    runs = {Path(run).name for run in record.runs.values()}
    return record if study.folder.resolve().name in runs else None


def data(record: FrontierRecord) -> pd.DataFrame:
    """Return the rows of a frontier's result.

    `networks` is the number of retrained networks whose average is as near to the true mean map, with the interval
    `low` to `high`.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    rows: list[dict[str, Any]] = []
    for row in record.rows:
        columns: dict[str, Any] = {name: getattr(row, name, None) for name in COLUMNS}
        columns |= dict.fromkeys(("fidelity_squared", "networks", "low", "high"), math.nan)
        if isinstance(row, FrontierRow):
            columns |= {"fidelity_squared": row.fidelity.fidelity_squared, "networks": row.fidelity.networks}
            interval = row.fidelity.interval
            columns |= {} if interval is None else {"low": interval.low, "high": interval.high}
        rows.append(columns)
    return pd.DataFrame(rows)


def draw(record: FrontierRecord, *, room: Room = OWN) -> Figure:
    """Draw a frontier's result, a panel for each architecture and method, a colour and marker for each strategy.

    Across: seconds to make an average's members and maps, over those of one retrained network. Up: the average's
    squared cosine with the true mean map, with 95% intervals. Dashed: retrained networks, n r / (1 + n r). Points
    above it are cheaper than retraining. Numbers are of the members averaged.

    Raises:
        UsageError: no strategy has both a price and a fidelity.
    """
    panels = _panels(record)
    if not panels:
        raise UsageError("no strategy of this frontier has both a price and a fidelity; 'saliencynoise show' says why")
    return _figure(panels, room)


def figures_of(record: FrontierRecord, folder: Path) -> list[CaptionedFigure | MissingFigure]:
    """Return the figures of a frontier: the maps, and fidelity against price."""
    most = max(record.settings.budgets)
    caption = MAPS_CAPTION.format(held=len(record.held_out), most=counted(most, "member"))
    maps = maps_or_reason(map_lines(record, folder), title=MAPS_TITLE, caption=caption)
    return [maps, captioned(record) if drawable(record) else MissingFigure(name=NAME, title=TITLE, reason=NOT_DRAWN)]


def map_lines(record: FrontierRecord, folder: Path) -> Iterator[MapLine]:
    """Yield the lines of the figure of maps: every method of each image, a column for each sampler.

    Raises:
        SaliencyNoiseError: if a study of the run is gone.
    """
    studies = {label: Study.load(folder / Path(run).name) for label, run in record.runs.items()}
    if not studies:
        return
    reference = next(iter(studies.values()))
    several = len({cell.architecture for cell in reference.done}) > 1
    signed = list({(cell.architecture, cell.method): cell for cell in reference.done}.values())
    images, most = min(IMAGES, len(reference.result.images)), max(record.settings.budgets)
    for image in range(images):
        for cell in signed[: MOST_LINES // images]:
            held_out = of_unit_norm(reference, cell, image)[list(record.held_out)]
            maps: dict[str, Any] = {f"mean of {len(held_out)}\nheld-out networks": held_out.mean(0)}
            for label, study in studies.items():
                own = next((other for other in study.done if _same(other, cell)), None)
                values = None if own is None else of_unit_norm(study, own, image)[:most]
                name = label.partition("(")[0]
                maps[f"{name},\n{most if values is None else counted(len(values), 'member')}"] = (
                    None if values is None else values.mean(0)
                )
            yield line_of(reference, cell, image, maps, several=several)


def _same(one: Cell, other: Cell) -> bool:
    return (one.architecture, one.method) == (other.architecture, other.method)


def drawable(record: FrontierRecord) -> bool:
    """Whether any strategy has both a price and a fidelity."""
    return bool(_panels(record))


def bar_ends(networks: Ends, snr: float) -> tuple[float, float]:
    """Return the ends of an interval of a number of networks as squared cosines, n r / (1 + n r).

    >>> from saliencynoise.records.common import Ends
    >>> bar_ends(Ends(low=1.0, high=math.inf), snr=1.0)
    (0.5, 1.0)
    """
    return _cosine(networks.low, snr), _cosine(networks.high, snr)


def _cosine(networks: float, snr: float) -> float:
    if networks == float("inf"):
        return 1.0
    return max(0.0, networks) * snr / (1 + max(0.0, networks) * snr)


def _points(record: FrontierRecord, reference: HeldOutNetworks) -> list[FrontierPoint]:
    """Return the points of the averages that are compared with some held-out networks."""
    return [
        FrontierPoint(
            name=row.sampler if row.aggregator == "mean" else f"{row.sampler}, {row.aggregator}",
            members=row.members,
            price=row.price,
            fidelity_squared=row.fidelity.fidelity_squared,
            networks=row.fidelity.interval,
        )
        for row in record.done
        if (row.architecture, row.method) == (reference.architecture, reference.method)
        and row.price is not None
        and row.fidelity.interval is not None
    ]


def _panels(record: FrontierRecord) -> list[FrontierPanel]:
    panels = [
        (reference, _points(record, reference))
        for reference in record.references
        if isinstance(reference, HeldOutNetworks)
    ]
    return [(reference, points) for reference, points in panels if points]


def _figure(panels: Sequence[FrontierPanel], room: Room) -> Figure:
    looks = styles(point.name for _, points in panels for point in points)
    columns = min(3, len(panels), max(1, int(room.across / PANEL[0])))
    rows = -(-len(panels) // columns)
    inches = room.across / columns - 0.6
    tall = rows * min(PANEL[1], 0.8 * inches + 0.6) + 0.1 + legend_height([*looks, RETRAINING], room.across)
    part = room.begin(tall)
    axes = room.panels(part, len(panels), columns=columns, names="architectures and methods", sharey=True)
    room.label_side(part, axes, "cos² with the true mean map")
    for axis, (panel, points) in zip(axes, panels, strict=True):
        _draw_panel(axis, panel, points, looks, inches=inches)
    room.legend(part, axes)
    figure = root_of(part)
    figure.draw_without_rendering()  # fixes the positions of the points, and so the free space beside them
    for axis, (_, points) in zip(axes, panels, strict=True):
        _label(axis, points, {name: colour for name, (colour, _) in looks.items()})
    return figure


def _draw_panel(
    axis: Axes,
    reference: HeldOutNetworks,
    points: Sequence[FrontierPoint],
    looks: Mapping[str, tuple[str, str]],
    *,
    inches: float,
) -> None:
    snr = reference.snr
    prices = [point.price for point in points]
    curve = [min(prices) * (max(prices) / min(prices)) ** (step / 64) for step in range(65)]
    axis.plot(curve, [_cosine(n, snr) for n in curve], "--", color=GREY, label=RETRAINING)
    for name, same_name in groupby(points, key=lambda point: point.name):
        line = list(same_name)
        colour, marker = looks[name]
        x, y = [point.price for point in line], [point.fidelity_squared for point in line]
        ends = [bar_ends(point.networks, snr) for point in line]
        bars = [[max(0.0, v - low) for v, (low, _) in zip(y, ends, strict=True)]]
        bars.append([max(0.0, high - v) for v, (_, high) in zip(y, ends, strict=True)])
        axis.errorbar(x, y, bars, color=colour, marker=marker, ms=5, lw=1.2, elinewidth=0.7, capsize=2, label=name)
    axis.set_xscale("log", base=2)
    low, high = min(prices), max(prices)
    steps = range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1)
    ticks = [2.0**step * part for step in steps for part in ((1, 1.5) if high < 8 * low else (1,))]
    axis.set_xticks(ticks, minor=False)
    axis.set_xlim(low / 1.25, high * 1.25)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.tick_params(labelsize=SMALL)
    axis.minorticks_off()
    title = wrapped(f"{reference.method}, {reference.architecture}", inches, size=NORMAL)
    axis.set_title(title, fontsize=NORMAL)
    axis.set_xlabel("price, in retrained networks", fontsize=NORMAL)
    axis.grid(alpha=0.3)


def _label(axis: Axes, points: Sequence[FrontierPoint], colours: Mapping[str, str]) -> None:
    """Write n beside each point, in a free spot; a point without room has no label."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 - as above

    positions = [(point.price, point.fidelity_squared) for point in points]
    places = [tuple(place) for place in axis.transData.transform(positions).tolist()]
    taken, drawn = [*places], _drawn_places(axis)
    for point, position, (x, y) in zip(points, positions, places, strict=True):
        text = str(point.members)
        for dx, dy in ((9, 9), (-9, 9), (9, -9), (-9, -9), (12, 0), (-12, 0)):
            place = x + dx, y + dy
            if _is_free(place, taken, apart=8) and _is_free(place, drawn, apart=6):
                taken.append(place)
                offset = (dx * 0.72, dy * 0.72)  # points, of which an inch has 72, for its 100 dots
                label = axis.annotate(
                    text, position, offset, textcoords="offset points", ha="center", va="center", size=SMALL
                )
                label.set_color(colours[point.name])
                label.set_path_effects([withStroke(linewidth=2, foreground="white")])
                break


def _is_free(place: tuple[float, float], others: Sequence[tuple[float, float]], *, apart: float) -> bool:
    return all(abs(place[0] - x) > apart or abs(place[1] - y) > apart for x, y in others)


def _drawn_places(axis: Axes) -> list[tuple[float, float]]:
    """Return places, in dots, that lines and bars of a panel cover: one for each few dots of their length."""
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    paths = [np.asarray(line.get_xydata()) for line in axis.lines]
    paths += [np.asarray(path) for bars in axis.containers for lines in bars[2] or () for path in lines.get_segments()]
    covered: list[tuple[float, float]] = []
    for path in paths:
        ends = axis.transData.transform(path)
        for start, end in pairwise(ends):
            steps = max(2, int(np.hypot(*(end - start)) / 6) + 1)
            covered += [tuple(place) for place in np.linspace(start, end, steps).tolist()]
    return covered
