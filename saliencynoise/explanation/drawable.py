"""The explanation of one picture with its figure, as `sn.explain` returns it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.chosen import chosen
from saliencynoise.display.figures.plotted import plotted
from saliencynoise.display.figures.saving import write_figure
from saliencynoise.explanation import figure
from saliencynoise.explanation.explanation import Explanation

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from saliencynoise.display.figures.widths import Size, Width


class DrawableExplanation(Explanation):
    """An explanation that draws and saves its figure.

    Example:
        >>> import saliencynoise as sn
        >>> explanation = sn.explain("examples/digit.png")                                   # doctest: +SKIP
        >>> explanation.save("digit.pdf", width="column", columns="picture,mean,significant")  # doctest: +SKIP
    """

    def plot(
        self,
        ax: Any = None,
        *,
        figsize: Size | None = None,
        columns: str | Sequence[str] | None = None,
        methods: str | Sequence[str] | None = None,
    ) -> Figure:
        """Draw the picture and the maps of each method, with the class and its probability as the title.

        Args:
            ax: axes to draw into, as many as there are tiles, or a SubFigure; None for a new figure.
            figsize: inches of a new figure: a width, a width and a height, or "column", "text" or "page".
            columns: some of "picture", "members", "mean", "significant", "noise" and "overlay", in a list or with
                commas; None for those that have room.
            methods: labels; None for all.

        Raises:
            UsageError: naming the value that cannot be used, and the choices.
        """
        rows = figure.data(self)
        if methods is not None:
            names = chosen(methods, [row.method for row in rows], kind="method")
            rows = [row for name in names for row in rows if row.method == name]
        shown = self.columns if columns is None else figure.checked(columns)
        title = figure.title_of(self)
        return plotted(
            lambda room: figure.draw(rows, title=title, columns=shown, room=room), ax=ax, figsize=figsize
        )  # fmt: skip

    def save(
        self,
        path: str | Path,
        *,
        width: Width | None = None,
        columns: str | Sequence[str] | None = None,
        methods: str | Sequence[str] | None = None,
    ) -> Path:
        """Write the figure as PNG, SVG or PDF, and return the path.

        Args:
            path: of the file, which ends in .png, .svg or .pdf.
            width: inches, or "column" (3.25), "text" (5.5) or "page" (6.75); None for that of a page on a screen.
            columns: as of `plot`.
            methods: as of `plot`.

        Raises:
            UsageError: naming the value that cannot be used, and the choices.
        """
        return write_figure(self.plot(figsize=width, columns=columns, methods=methods), path)

    def _repr_html_(self) -> str:
        """Show the class, the reliability of each map, and the cautions in a notebook; `plot` draws the maps."""
        from saliencynoise.explanation.table import explanation_html  # noqa: PLC0415 - when it is shown

        return explanation_html(self)
