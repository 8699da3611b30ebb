"""What all figures share: colours and markers that people who confuse colours tell apart, sizes, small multiples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, FigureBase

COLOURS = ("#000000", "#E69F00", "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#7F7F7F")
"""Okabe and Ito's, which people who confuse red and green tell apart; markers differ, too."""

MARKERS = "osD^vPX*"

WIDEST = 12.0
"""Inches."""

SMALL = 8.0
"""Points of labels beside the axes' own."""

GREY = "#7F7F7F"
"""Of lines of reference."""

MISSING = "#9A9A9A"
"""Of NaN in a map: no colour of the palette."""


def blank(width: float, height: float, *, constrained: bool = True) -> Figure:
    """Return an empty figure, of so many inches, which no global state knows of."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - a second to import; without pyplot, nothing is global

    return Figure(figsize=(width, height), layout="constrained" if constrained else None)


def styles(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for each name; no two of the first 64 are the same.

    >>> styles(["gradient", "lime"])
    {'gradient': ('#000000', 'o'), 'lime': ('#E69F00', 's')}
    """
    count = len(COLOURS)
    return {
        name: (COLOURS[at % count], MARKERS[(at + at // count) % len(MARKERS)])
        for at, name in enumerate(dict.fromkeys(names))
    }


def diverging() -> Colormap:
    """Return the palette of signed values: blue below, white at, red above zero; NaN in a grey that it lacks.

    ColorBrewer's RdBu, which its authors list as safe for the colour-blind.
    """
    import matplotlib as mpl  # noqa: PLC0415 - as above

    return mpl.colormaps["RdBu_r"].with_extremes(bad=MISSING)


def small_multiples(figure: FigureBase, count: int, *, columns: int, **shared: Any) -> list[Axes]:
    """Return `count` axes in rows of at most `columns`; the rest of the last row stays empty.

    Args:
        figure: empty.
        count: of the axes.
        columns: in a row.
        shared: `sharex`, `sharey` of `subplots`.
    """
    width = min(columns, count)
    grid = figure.subplots(-(-count // width), width, squeeze=False, **shared).flatten().tolist()
    for axes in grid[count:]:
        axes.set_axis_off()
    return list(grid[:count])


def label_lowest(panels: Sequence[Axes], label: str, *, columns: int) -> None:
    """Write the label of the horizontal axis below the lowest axes of each column of small multiples."""
    for axes in panels[-columns:]:
        axes.set_xlabel(label, fontsize=9)


def legend_below(figure: FigureBase, panels: Sequence[Axes], *, columns: int = 4) -> None:
    """Put one legend under all panels, each name once."""
    handles: dict[str, Any] = {}
    for axes in panels:
        lines, labels = axes.get_legend_handles_labels()
        handles |= dict(zip(labels, lines, strict=True))
    if handles:
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", ncols=columns, frameon=False, fontsize=9
        )  # fmt: skip


def two_lines(label: str, *, longest: int = 18) -> str:
    r"""Return a method's label broken before its parameters or after its plugin, where it is too long.

    >>> two_lines("gradcam(layer=intermediate)")
    'gradcam\n(layer=intermediate)'
    """
    if len(label) <= longest:
        return label
    for mark, after in (("(", False), ("/", True), ("_", True)):
        at = label.find(mark)
        if at > 0:
            at += after
            return f"{label[:at]}\n{label[at:]}"
    return label


def error_bars(value: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[list[float]]:
    """Return the two lengths of each bar as matplotlib wants them; an end that is missing or infinite has none.

    >>> error_bars([1.0, 2.0], [0.5, float("nan")], [3.0, float("inf")])
    [[0.5, 0.0], [2.0, 0.0]]
    """

    def lengths(pairs: Iterable[tuple[float, float]]) -> list[float]:
        return [max(0.0, far - near) if abs(far - near) < float("inf") else 0.0 for near, far in pairs]

    return [lengths(zip(low, value, strict=True)), lengths(zip(value, high, strict=True))]
