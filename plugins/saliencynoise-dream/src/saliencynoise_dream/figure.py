"""Dreams side by side: a row per class, a column per kind of dream, the scores of held-out members below each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.display.figures.style import blank
from saliencynoise.display.numbers import format_number, with_interval
from saliencynoise_dream.transfer import RANGES, crossed_interval

if TYPE_CHECKING:
    from jaxtyping import UInt8
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor

    from saliencynoise_dream.comparison import DreamSet
    from saliencynoise_dream.records import Score

TITLE = "Deep dream on an ensemble and on single networks"
CAPTION = (
    "Pictures from gradient ascent on the logit of a class, from faint noise; each is shown at its own full "
    "contrast. Below each picture: mean probability of the class in held-out networks, and the number of them that "
    "name it first. Above each column: the mean over classes. In brackets: 95% intervals, where 5 networks or more "
    "judge."
)

TITLES = {
    "start": "start",
    "single": "one network",
    "ensemble": "ensemble,\nmean gradient",
    "stochastic": "ensemble,\na member a step",
}
JUDGES = 5
"""The number of held-out networks from which intervals are shown; those of fewer fill most of the range."""

CELL = (1.55, 1.85)
"""Inches of a picture with its text."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DreamColumn:
    """A column of the figure: the dreams of one kind.

    Attributes:
        title: title of the column, of one or more lines.
        pictures: `[R, C, H, W]`, a picture per row, with one or three channels.
        texts: a text for each picture, below it.
    """

    title: str
    pictures: UInt8[Tensor, "R C H W"]
    texts: Sequence[str]


def data(sets: Sequence[DreamSet], members: Sequence[int], *, singles: int) -> Iterator[DreamColumn]:
    """Yield the columns of dreams that were compared.

    Args:
        sets: kinds of dreams.
        members: indices of the members that dream.
        singles: number of members, the first ones, whose own dreams are shown.
    """
    for dream_set in sets:
        for network in range(min(len(dream_set.pictures), singles)):
            member = f" ({members[network]})" if dream_set.kind == "single" else ""
            scores = {score: values[..., network] for score, values in dream_set.scores.items()}
            mean, texts = _energies(scores["gain"]) if "gain" in scores else _recognised(scores)
            title = f"{TITLES[dream_set.kind]}{member}\n{mean}"
            yield DreamColumn(title=title, pictures=dream_set.pictures[network], texts=texts)


def _recognised(scores: Mapping[Score, Tensor]) -> tuple[str, list[str]]:
    texts = [
        f"probability {_span(p[None], 'probability')}\ntop-1 {int(hit.sum())}/{len(hit)}"
        for p, hit in zip(scores["probability"], scores["top1"], strict=True)
    ]
    return f"mean probability\n{_span(scores['probability'], 'probability')}", texts


def _energies(gains: Tensor) -> tuple[str, list[str]]:
    below = [f"log2 gain {_span(gain[None], 'gain')}" for gain in gains]
    return f"log2 gain {_span(gains, 'gain')}", below if len(below) > 1 else [""]  # the heading has it


def _span(values: Tensor, score: Score) -> str:
    lowest, highest = RANGES[score]
    if values.shape[1] < JUDGES:
        return format_number(float(values.mean()))
    interval = crossed_interval(values, lowest=lowest, highest=highest)
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return with_interval(float(values.mean()), *ends)


def alt(rows: Sequence[str], columns: Sequence[DreamColumn]) -> str:
    """Return the alternative text of columns of dreams."""
    titles = "; ".join(" ".join(column.title.split()) for column in columns)
    return f"A grid of dreamt pictures, a row for each of {', '.join(rows)}, and a column for each kind: {titles}."


def draw(rows: Sequence[str], columns: Sequence[DreamColumn]) -> Figure:
    """Draw the columns.

    Args:
        rows: the name of each row.
        columns: each with one picture and one text per row.

    >>> import torch
    >>> start = DreamColumn(title="start", pictures=torch.zeros(1, 3, 4, 4, dtype=torch.uint8), texts=["0.10"])
    >>> len(draw(["cat"], [start]).axes)
    1
    """
    figure = blank(CELL[0] * len(columns) + 0.5, CELL[1] * len(rows) + 0.8)
    figure.set_layout_engine("constrained", h_pad=0.06, w_pad=0.04)
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    for index, column in enumerate(columns):
        axes[0, index].set_title(column.title, fontsize=7.5)
        for axis, picture, text in zip(axes[:, index], column.pictures, column.texts, strict=True):
            _draw_picture(axis, picture)
            axis.set_xlabel(text, fontsize=6.5, labelpad=2)
    for axis, name in zip(axes[:, 0], rows, strict=True):
        axis.set_ylabel(name, fontsize=8)
    return figure


def _full_contrast(picture: Tensor) -> Tensor:
    """Return a picture whose darkest value is 0 and whose brightest is 255; one without contrast stays as it is."""
    low, high = int(picture.min()), int(picture.max())
    if high == low:
        return picture
    return ((picture.float() - low) * (255 / (high - low))).round().to(picture.dtype)


def _draw_picture(axis: Axes, picture: Tensor) -> None:
    picture = _full_contrast(picture)
    shown = picture[:1].expand(3, -1, -1) if len(picture) != 3 else picture  # others than RGB are grey
    axis.imshow(shown.permute(1, 2, 0).numpy(), interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([])
