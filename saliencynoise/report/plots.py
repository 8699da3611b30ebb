"""The figures of a study by name: `study.plot.maps()`, `study.plot.classes()` and so on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from saliencynoise.display.figures.chosen import as_list, chosen
from saliencynoise.display.figures.plotted import plotted
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from saliencynoise.display.figures.widths import Size
    from saliencynoise.engine.study import Study

Names = str | Sequence[str] | None
Places = int | Sequence[int]

P = ParamSpec("P")
R = TypeVar("R")


def _figure(make: Callable[P, R]) -> Callable[P, R]:
    """Let a figure name its parameters where it is called with another."""

    @wraps(make)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        names = list(signature(make).parameters)[1:]
        for name in kwargs:
            if name not in names:
                raise UsageError(f"the figure {make.__name__} has no parameter '{name}'; it has {', '.join(names)}")
        return make(*args, **kwargs)

    return called


@dataclass(frozen=True, repr=False)
class Plots:
    """The figures of one study. Each method draws the data of the module of its name, and returns the figure.

    All have these parameters:

    - `ax`: axes to draw into; for a figure of several panels a list of axes, or a SubFigure. None for a new figure.
    - `figsize`: inches of a new figure: a width, a width and a height, or "column" (3.25), "text" (5.5), "page" (6.75).
    - `methods`, `architectures`: labels, as in the study's table; one, or several. None for all.

    A new figure has `save(path, width=...)`. A value that the study does not have is a UsageError.

    Example:
        >>> from saliencynoise import Study
        >>> figure = Study.load("runs/a").plot.maps(images=[0, 1], methods="gradient")  # doctest: +SKIP
        >>> figure.save("maps.pdf", width="column")  # doctest: +SKIP
    """

    study: Study

    def __repr__(self) -> str:
        """Name the figures."""
        names = [name for name in vars(type(self)) if not name.startswith("_") and name != "study"]
        return f"<figures of {self.study.folder}: {', '.join(names)}>"

    @_figure
    def maps(
        self,
        ax: Any = None,
        *,
        figsize: Size | None = None,
        columns: Names = None,
        images: Places = 0,
        methods: Names = None,
        architectures: Names = None,
        singles: int = 4,
    ) -> Figure:
        """Draw the picture, single members' maps, mean, significant pixels and noise.

        `columns` are some of "picture", "members", "mean", "mean at unit norm", "significant" and "noise"; see
        `saliencynoise.report.figures.maps`.
        """
        from saliencynoise.report.figures import maps  # noqa: PLC0415 - one figure's modules at a time

        rows = maps.data(self.study, images=as_list(images) or [], **_cells(methods, architectures), singles=singles)
        return plotted(lambda room: maps.draw(rows, columns=as_list(columns), room=room), ax=ax, figsize=figsize)

    @_figure
    def overlay(
        self,
        ax: Any = None,
        *,
        figsize: Size | None = None,
        images: Places = 0,
        methods: Names = None,
        architectures: Names = None,
        masked: bool = False,
        interpolation: str = "smooth",
    ) -> Figure:
        """Draw marginal maps over their pictures; see `saliencynoise.report.figures.overlay`."""
        from saliencynoise.report.figures import overlay  # noqa: PLC0415 - as above

        overlays = overlay.data(self.study, images=as_list(images) or [], **_cells(methods, architectures))
        return plotted(
            lambda room: overlay.draw(overlays, masked=masked, interpolation=interpolation, room=room),
            ax=ax,
            figsize=figsize,
        )

    @_figure
    def values(
        self,
        ax: Any = None,
        *,
        figsize: Size | None = None,
        images: int = 0,
        methods: Names = None,
        architectures: Names = None,
    ) -> Figure:
        """Draw maps that are lists of values, of one item; see `saliencynoise.report.figures.values`."""
        from saliencynoise.report.figures import values  # noqa: PLC0415 - as above

        found = values.data(self.study, image=images, **_cells(methods, architectures))
        return plotted(lambda room: values.draw(found, room=room), ax=ax, figsize=figsize)

    @_figure
    def classes(
        self, ax: Any = None, *, figsize: Size | None = None, methods: Names = None, architectures: Names = None
    ) -> Figure:
        """Draw the SNR of each class; see `saliencynoise.report.figures.classes`."""
        from saliencynoise.report.figures import classes  # noqa: PLC0415 - as above

        table = classes.data(self.study, **_cells(methods, architectures))
        return plotted(lambda room: classes.draw(table, room=room), ax=ax, figsize=figsize)

    @_figure
    def ssim(
        self, ax: Any = None, *, figsize: Size | None = None, methods: Names = None, architectures: Names = None
    ) -> Figure:
        """Draw the SNR of each image against the SSIM of its maps; see `saliencynoise.report.figures.ssim`."""
        from saliencynoise.report.figures import ssim  # noqa: PLC0415 - as above

        similarity = ssim.data(self.study, **_cells(methods, architectures))
        return plotted(lambda room: ssim.draw(similarity, room=room), ax=ax, figsize=figsize)

    @_figure
    def bars(
        self,
        ax: Any = None,
        *,
        figsize: Size | None = None,
        columns: Names = None,
        methods: Names = None,
        architectures: Names = None,
        views: Names = "signed",
    ) -> Figure:
        """Draw the published SNR and the SNR, with intervals; see `saliencynoise.report.figures.bars`.

        `columns` are "published SNR" and "SNR".
        """
        from saliencynoise.report.figures import bars  # noqa: PLC0415 - as above

        table = bars.data(self.study, **_cells(methods, architectures), views=as_list(views) or ["signed"])
        shown = bars.PANELS if columns is None else chosen(columns, bars.PANELS)
        return plotted(lambda room: bars.draw(table, columns=shown, room=room), ax=ax, figsize=figsize)

    @_figure
    def curve(
        self, ax: Any = None, *, figsize: Size | None = None, methods: Names = None, architectures: Names = None
    ) -> Figure:
        """Draw reliability against the number of networks; see `saliencynoise.report.figures.curve`."""
        from saliencynoise.report.figures import curve  # noqa: PLC0415 - as above

        table = curve.data(self.study, **_cells(methods, architectures))
        return plotted(lambda room: curve.draw(table, room=room), ax=ax, figsize=figsize)

    @_figure
    def members(
        self, ax: Any = None, *, figsize: Size | None = None, methods: Names = None, architectures: Names = None
    ) -> Figure:
        """Draw the agreement between members, ordered by cluster; see `saliencynoise.report.figures.members`."""
        from saliencynoise.report.figures import members  # noqa: PLC0415 - as above

        table = members.data(self.study, **_cells(methods, architectures))
        return plotted(lambda room: members.draw(table, room=room), ax=ax, figsize=figsize)

    @_figure
    def components(
        self,
        ax: Any = None,
        *,
        figsize: Size | None = None,
        methods: Names = None,
        architectures: Names = None,
        folder: str | Path | None = None,
    ) -> Figure:
        """Draw the components of a map's energy; see `saliencynoise.report.figures.components`."""
        from saliencynoise.report.figures import components  # noqa: PLC0415 - as above

        shares = components.data(self.study, **_cells(methods, architectures), folder=folder)
        return plotted(lambda room: components.draw(shares, room=room), ax=ax, figsize=figsize)

    @_figure
    def frontier(
        self, ax: Any = None, *, figsize: Size | None = None, folder: str | Path | None = None
    ) -> Figure:  # fmt: skip
        """Draw the fidelity of each strategy against its price; see `saliencynoise.analyses.frontier.figure`."""
        from saliencynoise.analyses.frontier import figure as frontier  # noqa: PLC0415 - as above

        record = frontier.record_for(self.study, folder)
        return plotted(lambda room: frontier.draw(record, room=room), ax=ax, figsize=figsize)


def _cells(methods: Names, architectures: Names) -> dict[str, Any]:
    """Return the choice of cells as the figures' functions take it."""
    return {"methods": as_list(methods), "architectures": as_list(architectures)}
