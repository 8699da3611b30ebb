"""Where a figure is drawn: into a figure of its own of a width in inches, a part of a figure, or given axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.style import (
    NORMAL,
    SMALL,
    WIDEST,
    blank,
    handles_of,
    inches_of,
    legend_below,
    shortened,
    small_multiples,
)
from saliencynoise.display.figures.widths import BROADEST, Size, width_in
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where a figure is drawn.

    Attributes:
        width: inches of a figure of its own.
        height: inches of it; None for those that its content needs.
        part: a figure, or a part of one, to draw into.
        given: the axes to draw into.
    """

    width: float = WIDEST
    height: float | None = None
    part: FigureBase | None = None
    given: tuple[Axes, ...] = ()

    @property
    def across(self) -> float:
        """Inches from side to side; of given axes, those of their figure."""
        if self.given:
            return inches_of(self.given[0].figure)
        return self.width if self.part is None else inches_of(self.part)

    @property
    def down(self) -> float | None:
        """Inches from top to bottom, where they are fixed."""
        if self.part is None:
            return self.height
        part: Any = self.part
        return float(part.bbox.height / part.figure.dpi)

    def begin(self, height: float, *, width: float | None = None, constrained: bool = True) -> FigureBase:
        """Return the figure or part to draw into, empty unless axes are given.

        Args:
            height: inches that the content needs.
            width: inches of it where nobody asked for a width; None for the usual ones.
            constrained: whether matplotlib makes room for labels, else all places are fixed.

        Raises:
            UsageError: the part's figure has no layout that makes room for labels.
        """
        if self.given:
            return self.given[0].figure
        if self.part is None:
            return blank(width or self.width, self.height or height, constrained=constrained)
        root: Any = self.part.figure
        if constrained and root.get_layout_engine() is None:
            raise UsageError("the figure of ax makes no room for labels; make it with layout='constrained'")
        return self.part

    def panels(self, figure: FigureBase, count: int, *, columns: int, names: str, **shared: Any) -> list[Axes]:
        """Return axes for a number of panels: the given ones, or small multiples.

        Args:
            figure: from `begin`.
            count: of the panels.
            columns: side by side.
            names: the panels' content, for an error: "methods".
            shared: `sharex`, `sharey` of `subplots`.

        Raises:
            UsageError: another number of axes is given.
        """
        if not self.given:
            return small_multiples(figure, count, columns=columns, **shared)
        self.check(count, names)
        return list(self.given)

    def check(self, count: int, names: str) -> None:
        """Refuse another number of given axes than a figure needs.

        Raises:
            UsageError: it says how many there are to be.
        """
        if self.given and len(self.given) != count:
            given = f"ax holds {len(self.given)} axes" if len(self.given) > 1 else "ax is one pair of axes"
            raise UsageError(
                f"{given}, but this figure has {count} panels ({names}); give a list of {count} axes, or a SubFigure, "
                "or choose fewer"
            )

    def legend(self, figure: FigureBase, panels: Sequence[Axes], *, columns: int = 4) -> None:
        """Put a legend below all panels; where axes are given, into the last ones."""
        if not self.given:
            legend_below(figure, panels, columns=columns)
            return
        handles = handles_of(panels)
        if handles:
            panels[-1].legend(handles.values(), [shortened(name, 40) for name in handles], fontsize=SMALL)

    def label_side(self, figure: FigureBase, panels: Sequence[Axes], label: str) -> None:
        """Write the label of the vertical axes, once at the side; where axes are given, at each of them."""
        if self.given:
            for axes in panels:
                axes.set_ylabel(label, fontsize=NORMAL)
        else:
            figure.supylabel(label, fontsize=NORMAL)

    def label_below(self, panels: Sequence[Axes], label: str, *, columns: int) -> None:
        """Write the label of the horizontal axes, once below all; where axes are given, at each of them.

        It belongs to the lowest panel of a middle column: a `supxlabel` would lie on the legend.
        """
        middle = (columns - 1) // 2
        labelled = list(panels) if self.given else [list(panels)[middle::columns][-1]]
        for axes in labelled:
            axes.set_xlabel(label, fontsize=NORMAL)
            if columns % 2 == 0 and not self.given:
                axes.xaxis.label.set_x(1.05)  # between the two columns of the middle


def root_of(part: FigureBase) -> Figure:
    """Return the figure that a part belongs to; a figure itself."""
    any_part: Any = part
    figure: Figure = any_part.get_figure(root=True)
    return figure


OWN = Room()
"""A figure of its own, of the usual width."""


def room_of(ax: Any = None, figsize: Size | None = None) -> Room:
    """Return the room that a caller of `study.plot` asks for.

    Args:
        ax: axes, several of them, a SubFigure or a figure; None for a figure of its own.
        figsize: a width, or a width and a height in inches; None for the usual width.

    Raises:
        UsageError: naming the value and what is possible.
    """
    from matplotlib.axes import Axes  # noqa: PLC0415 - kept off the import path of the command line
    from matplotlib.figure import FigureBase  # noqa: PLC0415 - as above

    if ax is None:
        return _own(figsize)
    if figsize is not None:
        raise UsageError("figsize is the size of a new figure; leave it out where ax is given")
    if isinstance(ax, FigureBase):
        width_in(inches_of(ax))
        return Room(part=ax)
    axes = _flat(ax)
    if not axes or not all(isinstance(one, Axes) for one in axes):
        raise UsageError(
            f"ax is {type(ax).__name__}, which is no place to draw: give axes, a list of them, or a SubFigure"
        )
    return Room(given=tuple(axes))


def _own(figsize: Size | None) -> Room:
    if figsize is None:
        return OWN
    if isinstance(figsize, int | float | str):
        return Room(width=width_in(figsize))
    sides = list(figsize)
    if len(sides) != 2 or not isinstance(sides[1], int | float) or not 0.5 <= sides[1] <= 3 * BROADEST:
        raise UsageError(f"figsize {figsize!r} is no size: give a width, or a width and a height, in inches")
    return Room(width=width_in(sides[0]), height=float(sides[1]))


def _flat(ax: Any) -> list[Any]:
    """Return axes in a flat list, as `subplots` may return an array of them."""
    if hasattr(ax, "ravel"):
        return list(ax.ravel())
    if not isinstance(ax, Iterable) or isinstance(ax, str):
        return [ax]
    return [inside for one in ax for inside in _flat(one)]
