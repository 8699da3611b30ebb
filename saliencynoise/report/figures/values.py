"""Maps that are lists of values, of one item: the mean over members, their spread, and the values that exceed noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.averages import average_of
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import (
    COLOURS,
    GREY,
    NORMAL,
    SMALL,
    cut_to,
    legend_height,
    wrapped,
)
from saliencynoise.display.numbers import counted, percent
from saliencynoise.engine.study_cells import signed_cells
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.report.figures import texts
from saliencynoise.report.figures.choice import choose, of_layout
from saliencynoise.report.figures.tiles import check_images, keys_of, member_maps

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from jaxtyping import Bool, Float
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study

TITLE = "Values of one item"
CAPTION = (
    "Each member's values of the item are divided by their norm before averaging. Bars, or the line: the mean over "
    "members. Whiskers, or the band: the standard deviation over members. Dots: the first members. Grey: values whose "
    f"mean is within the noise, in a moderated t-test over members at {FALSE_DISCOVERY_RATE:.0%} false discoveries."
)

MOST_BARS = 20
"""The most values that are drawn as bars, those with the largest means; unnamed values beyond it are a line."""

COLUMNS = 3
DOTS = 16
"""The most members whose values are drawn alone."""

LINE = 0.19
"""Inches of a bar."""

MEAN, NOISE = COLOURS[2], "#BBBBBB"

LABELS = ("mean over members", "mean within the noise", "SD over members", "16 members")
"""The widest legend's entries."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemValues:
    """The values of one item by one method.

    Attributes:
        keys: data set, architecture, method, item and its class.
        names: of the values, or their numbers.
        named: whether the values have names.
        unit: `[E, P]`, of each member, of unit norm.
        significant: `[P]`, whether the mean over members exceeds noise.
        reason: why the cell failed; empty if it did not.
    """

    keys: dict[str, str]
    names: Sequence[str]
    named: bool
    unit: Float[np.ndarray, "E P"]
    significant: Bool[np.ndarray, " P"]
    reason: str = ""

    @property
    def mean(self) -> Float[np.ndarray, " P"]:
        """The mean over members."""
        mean: Float[np.ndarray, " P"] = self.unit.mean(0)
        return mean

    @property
    def spread(self) -> Float[np.ndarray, " P"]:
        """The standard deviation over members."""
        spread: Float[np.ndarray, " P"] = self.unit.std(0, ddof=1)
        return spread


def captioned(study: Study) -> CaptionedFigure | None:
    """Return the figure of the item that `choose` returns, with its texts; None where maps are pictures."""
    listed = of_layout(study, "values")
    if listed is None:
        return None
    chosen = choose(listed)
    found = data(listed, image=chosen.image, methods=chosen.methods, architectures=chosen.architectures)
    largest = max((len(values.names) for values in found), default=0)
    cut = [f"Of {largest} values those with the {MOST_BARS} largest means are drawn."] if _is_cut(found) else []
    return CaptionedFigure(
        name="values",
        title=TITLE,
        caption=CAPTION,
        alt=alt(found),
        notes=[" ".join([chosen.words, *cut]), texts.basis(study)],
        figure=draw(found),
        data=table(found),
    )


def _is_cut(found: Sequence[ItemValues]) -> bool:
    return any(values.named and len(values.names) > MOST_BARS for values in found)


def alt(found: Sequence[ItemValues]) -> str:
    """Return the alternative text of a figure."""
    shares = []
    for values in found:
        if values.reason:
            continue
        first = values.names[int(abs(values.mean).argmax())]
        share = percent(float(values.significant.mean()))
        shares.append(f"{values.keys['method']} {share} significant, the largest mean at {first}")
    return (
        f"The values of one item for each method, with their spread over members: {'; '.join(shares)}."
        f"{texts.failed_maps((values.keys, values.reason) for values in found)}"
    )


def data(
    study: Study, *, image: int = 0, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> list[ItemValues]:
    """Return the values of an item, method by method.

    Args:
        study: with members' maps that are lists of values.
        image: place of the item among the study's, from 0.
        methods: labels; None for all.
        architectures: labels; None for all.

    Raises:
        UsageError: no members' maps were kept, or there is no such item, method or architecture.
    """
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    check_images(study, [image])
    tree, found = study.maps, []
    for cell in signed_cells(study, methods=methods, architectures=architectures):
        keys: Any = {"keys": keys_of(study, cell, image)}
        if cell.status != "ok":
            nothing: Any = {"unit": np.zeros((1, 0)), "significant": np.zeros(0, dtype=bool)}
            found.append(ItemValues(**keys, names=(), named=False, **nothing, reason=str(cell.reason)))
            continue
        average = average_of(member_maps(study, tree, cell, image=image))
        size = average.unit[0].size
        features = study.result.dataset.features
        named = len(features) == size
        found.append(
            ItemValues(
                **keys,
                names=features if named else tuple(map(str, range(size))),
                named=named,
                unit=average.unit.reshape(len(average.unit), size),
                significant=average.significant.reshape(size),
            )
        )
    return found


def table(found: Sequence[ItemValues]) -> pd.DataFrame:
    """Return a row for each method and value: its name, mean, standard deviation, and whether it exceeds noise."""
    import pandas as pd  # noqa: PLC0415 - as above

    frames = [
        pd.DataFrame(
            {
                **values.keys,
                "value": list(values.names),
                "mean": values.mean,
                "sd": values.spread if len(values.unit) > 1 else math.nan,
                "significant": values.significant,
            }
        )
        for values in found
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def draw(found: Sequence[ItemValues], *, room: Room = OWN) -> Figure:
    """Draw a panel for each method: bars where values have names or are few, else a line with a band."""
    longest = max((min(len(values.names), MOST_BARS) for values in found if _has_bars(values)), default=0)
    width = min(COLUMNS, len(found), max(1, int(room.across / 2.4)))
    rows = -(-len(found) // width)
    inches = room.across / width - 0.2
    figure = room.begin(rows * max(1.8, 0.65 + LINE * longest) + 0.3 + legend_height(LABELS, room.across))
    panels = room.panels(figure, len(found), columns=width, names="methods")
    for axes, values in zip(panels, found, strict=True):
        axes.tick_params(labelsize=SMALL)
        axes.locator_params(axis="x", nbins=4)
        axes.set_title(wrapped(values.keys["method"], inches, size=NORMAL), fontsize=NORMAL)
        if values.reason:
            axes.set_xticks([])
            axes.set_yticks([])
            reason = wrapped(f"failed: {values.reason}", inches - 0.2, lines=8)
            axes.text(0.5, 0.5, reason, ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)
        elif _has_bars(values):
            _draw_bars(axes, values, inches)
        else:
            _draw_line(axes, values)
    if found and all(map(_has_bars, found)):
        room.label_below(panels, "value, maps at unit norm", columns=width)
    room.legend(figure, panels)
    return root_of(figure)


def _has_bars(values: ItemValues) -> bool:
    return values.named or len(values.names) <= MOST_BARS


def _draw_bars(axes: Axes, values: ItemValues, inches: float) -> None:
    order = abs(values.mean).argsort()[::-1][:MOST_BARS]
    places = range(len(order))
    shown = values.significant[order]
    axes.axvline(0, color=GREY, lw=0.8)
    for chosen, label, colour in ((shown, LABELS[0], MEAN), (~shown, LABELS[1], NOISE)):
        if chosen.any():
            mean = values.mean[order][chosen]
            axes.barh(chosen.nonzero()[0], mean, 0.75, color=colour, alpha=0.55, lw=0, label=label)
    axes.errorbar(
        values.mean[order], places, xerr=values.spread[order], fmt="none", ecolor="black", elinewidth=0.9, capsize=1.5
    )
    for member in values.unit[:DOTS]:
        label = counted(min(len(values.unit), DOTS), "member")
        axes.plot(member[order], places, ".", color="black", ms=1.8, alpha=0.5, label=label)
    names = [cut_to(str(values.names[index]), min(1.6, 0.45 * inches)) for index in order]
    axes.set_yticks(places, names if values.named else [f"value {name}" for name in names], fontsize=SMALL)
    axes.set_ylim(len(order) - 0.4, -0.6)


def _draw_line(axes: Axes, values: ItemValues) -> None:
    import numpy as np  # noqa: PLC0415 - as above

    x, mean, spread = np.arange(len(values.names)), values.mean, values.spread
    axes.axhline(0, color=GREY, lw=0.8)
    axes.fill_between(x, mean - spread, mean + spread, color=NOISE, alpha=0.6, lw=0, label=LABELS[2])
    axes.plot(x, mean, color=GREY, lw=0.6)
    if not values.significant.all():
        axes.plot(x, np.where(values.significant, np.nan, mean), color=GREY, lw=1, label=LABELS[1])
    if values.significant.any():
        significant = np.where(values.significant, mean, np.nan)
        axes.plot(x, significant, color=MEAN, lw=1.4, marker=".", ms=2, label=LABELS[0])
    axes.set_xlabel("value", fontsize=NORMAL)
    axes.set_ylabel("value, maps at unit norm", fontsize=SMALL)
