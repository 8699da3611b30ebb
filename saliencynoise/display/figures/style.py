"""The style of all figures: sizes, small multiples, and colours and markers that colour-blind readers distinguish."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from saliencynoise.display.visible import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, FigureBase

COLOURS = ("#000000", "#E69F00", "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#7F7F7F")
"""Okabe and Ito's colours, which red-green colour-blind readers distinguish; markers differ, too."""

MARKERS = "osD^vPX*"

WIDEST = 9.0
"""Inches of a figure whose width nobody asked for: that of a page's text on a screen."""

SMALL = 7.0
"""Points of the smallest letters: numbers along axes, keys and notes. Journals ask for 7 points at least."""

NORMAL = 8.0
"""Points of titles and of the axes' labels."""

LINE = 0.135
"""Inches from one line of small text to the next."""

LONGEST = 60
"""The largest number of characters of a name in a legend or a title."""

GREY = "#7F7F7F"
"""Colour of reference lines."""

BAD = "#B03A00"
"""Colour of failed or flagged entries, which text marks too."""

MISSING = "#9A9A9A"
"""Colour of NaN in a map, which the palette lacks."""


def blank(width: float, height: float, *, constrained: bool = True) -> Figure:
    """Return an empty figure of a size in inches, outside pyplot's global state; its texts are never formulas."""
    from saliencynoise.display.figures.plain import PlainFigure  # noqa: PLC0415 - matplotlib, a second to import

    return PlainFigure(figsize=(width, height), layout="constrained" if constrained else None)


def styles(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for each name; no two of the first 64 are the same.

    >>> styles(["gradient", "lime"])
    {'gradient': ('#000000', 'o'), 'lime': ('#E69F00', 's')}
    """
    count = len(COLOURS)
    return {
        name: (COLOURS[index % count], MARKERS[(index + index // count) % len(MARKERS)])
        for index, name in enumerate(dict.fromkeys(names))
    }


def diverging() -> Colormap:
    """Return the palette of signed values: blue below, white at, red above zero; NaN in a grey that it lacks.

    ColorBrewer's RdBu, which its authors list as safe for the colour-blind.
    """
    import matplotlib as mpl  # noqa: PLC0415 - as above

    return mpl.colormaps["RdBu_r"].with_extremes(bad=MISSING)


def sequential() -> Colormap:
    """Return the palette of values that cannot be negative: white at zero, then purple; NaN in the grey of `diverging`.

    ColorBrewer's Purples, whose hue no signed map has.
    """
    import matplotlib as mpl  # noqa: PLC0415 - as above

    return mpl.colormaps["Purples"].with_extremes(bad=MISSING)


def small_multiples(figure: FigureBase, count: int, *, columns: int, **shared: Any) -> list[Axes]:
    """Return `count` axes in rows of at most `columns`; the end of the last row stays empty.

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
        axes.set_xlabel(label, fontsize=NORMAL)


def legend_below(figure: FigureBase, panels: Sequence[Axes], *, columns: int = 4) -> None:
    """Put one legend under all panels: each name once, of what is drawn, in as many columns as have room."""
    handles = handles_of(panels)
    if handles:
        names = [shortened(name, LONGEST) for name in handles]
        fit = _fitting(names, inches_of(figure))
        figure.legend(
            handles.values(), names, loc="outside lower center", ncols=min(columns, fit), frameon=False,
            fontsize=SMALL, handlelength=1.6, columnspacing=1.2, borderaxespad=0.2,
        )  # fmt: skip


def handles_of(panels: Sequence[Axes]) -> dict[str, Any]:
    """Return the handle of each name in a legend of some axes, in the order of their drawing."""
    handles: dict[str, Any] = {}
    for axes in panels:
        for line, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, line)
    return handles


def inches_of(figure: FigureBase) -> float:
    """Return the inches across a figure or a part of one."""
    part: Any = figure
    return float(part.bbox.width / part.figure.dpi)


def legend_height(names: Sequence[str], width: float, *, columns: int = 4) -> float:
    """Return the inches that `legend_below` takes in a figure of a width in inches."""
    if not names:
        return 0.05
    fit = min(columns, _fitting([shortened(name, LONGEST) for name in names], width))
    return 0.12 + 0.165 * -(-len(names) // fit)


def _fitting(names: Sequence[str], width: float) -> int:
    """Return the number of columns of names that fit into a width in inches."""
    widest = [width_of(name) for name in names]
    return max(1, int((width - 0.2) / (0.45 + max(widest))))


def two_lines(label: str, *, longest: int = 18) -> str:
    r"""Return a method's label broken before its parameters or after its plugin, where it is too long.

    No word is broken. Neither line is longer than one and a half times `longest`.

    >>> two_lines("gradcam(layer=intermediate)")
    'gradcam\n(layer=intermediate)'
    """
    label, most = printable(" ".join(label.split())), longest * 3 // 2
    if len(label) <= longest:
        return label
    for mark, after in (("(", False), ("/", True)):
        cut = label.find(mark)
        if cut > 0:
            cut += after
            return f"{shortened(label[:cut], most)}\n{shortened(label[cut:], most)}"
    return shortened(label, most)


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Return the inches that a line of text takes at a size in points."""
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415 - matplotlib, a second to import
    from matplotlib.textpath import text_to_path  # noqa: PLC0415 - as above

    font = FontProperties(size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(printable(text), font, ismath=False)[0]) / 72


def wrapped(text: str, inches: float, *, size: float = SMALL, lines: int = 3, bold: bool = False) -> str:
    r"""Return a text in lines that fit into a width; lines end between words, before "(" and after "," and "/".

    A word that is too long loses its middle, and so does what is left for the last line.

    Args:
        text: in one line.
        inches: the width.
        size: of the letters, in points.
        lines: the most lines.
        bold: whether the letters are.

    >>> wrapped("gradcam(layer=intermediate)", 1.3)
    'gradcam\n(layer=intermediate)'
    >>> wrapped("integrated_gradients", 0.6)
    'integ…ients'
    """
    pieces = re.findall(r"[^\s(,/]+[,/]*|\([^\s,(/]*[,/]?|[,/]+|\s+", " ".join(printable(text).split()))
    found = [""]
    for index, piece in enumerate(pieces):
        if width_of((found[-1] + piece).strip(), size, bold=bold) <= inches or not found[-1].strip():
            found[-1] += piece
        elif len(found) < lines:
            found.append(piece.lstrip())
        else:
            found[-1] += "".join(pieces[index:])
            break
    return "\n".join(cut_to(line.strip(), inches, size=size, bold=bold) for line in found if line.strip())


def cut_to(text: str, inches: float, *, size: float = SMALL, bold: bool = False) -> str:
    """Return a line of text, without its middle where it is wider than a width in inches."""
    length = len(text)
    shown = printable(text)
    while width_of(shown, size, bold=bold) > inches and length > 3:
        length -= 1
        shown = shortened(text, length)
    return shown


def shortened(text: str, longest: int) -> str:
    """Return a text in one line, without its middle where it is too long: names often differ at their ends.

    >>> shortened("resnet(depth=50)", 9)
    'resn…=50)'
    """
    text = printable(" ".join(text.split()))
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[len(text) - end :]}"


def error_bars(value: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[list[float]]:
    """Return the two lengths of each bar as matplotlib wants them; an end that is missing or infinite has none.

    >>> error_bars([1.0, 2.0], [0.5, float("nan")], [3.0, float("inf")])
    [[0.5, 0.0], [2.0, 0.0]]
    """

    def lengths(pairs: Iterable[tuple[float, float]]) -> list[float]:
        return [max(0.0, far - near) if abs(far - near) < float("inf") else 0.0 for near, far in pairs]

    return [lengths(zip(low, value, strict=True)), lengths(zip(value, high, strict=True))]
