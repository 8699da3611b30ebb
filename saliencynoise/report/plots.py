"""The figures of a study by name: `study.plot.maps()`, `study.plot.classes()` and so on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study

Names = Sequence[str] | None


@dataclass(frozen=True)
class Plots:
    """The figures of one study. Each method draws the data of the module of its name.

    `methods` and `architectures` are labels, as in the study's table; None means all. A label that the
    study does not have is a UsageError.

    Example:
        >>> from saliencynoise import Study
        >>> Study.load("runs/a").plot.maps(images=[0, 1], methods=["gradient"]).savefig("maps.png")  # doctest: +SKIP
    """

    study: Study

    def __repr__(self) -> str:
        """Return the names of the figures."""
        names = ", ".join(f"{name}()" for name in vars(type(self)) if not name.startswith("_"))
        return f"Figures of {self.study.folder}: {names}"

    def maps(
        self, *, images: Sequence[int] = (0,), methods: Names = None, architectures: Names = None, singles: int = 4
    ) -> Figure:  # fmt: skip
        """Draw single members' maps, mean, noise and significance; see `saliencynoise.report.figures.maps`."""
        from saliencynoise.report.figures import maps  # noqa: PLC0415 - one figure's modules at a time

        rows = maps.data(self.study, images=images, methods=methods, architectures=architectures, singles=singles)
        return maps.draw(rows)

    def overlay(
        self,
        *,
        images: Sequence[int] = (0,),
        methods: Names = None,
        architectures: Names = None,
        masked: bool = False,
        interpolation: str = "nearest",
    ) -> Figure:
        """Draw marginal maps over their pictures; see `saliencynoise.report.figures.overlay`."""
        from saliencynoise.report.figures import overlay  # noqa: PLC0415 - as above

        overlays = overlay.data(self.study, images=images, methods=methods, architectures=architectures)
        return overlay.draw(overlays, masked=masked, interpolation=interpolation)

    def classes(self, *, methods: Names = None, architectures: Names = None) -> Figure:
        """Draw r per class; see `saliencynoise.report.figures.classes`."""
        from saliencynoise.report.figures import classes  # noqa: PLC0415 - as above

        return classes.draw(classes.data(self.study, methods=methods, architectures=architectures))

    def ssim(self, *, methods: Names = None, architectures: Names = None) -> Figure:
        """Draw r of each image against the SSIM of its maps; see `saliencynoise.report.figures.ssim`."""
        from saliencynoise.report.figures import ssim  # noqa: PLC0415 - as above

        return ssim.draw(ssim.data(self.study, methods=methods, architectures=architectures))

    def bars(self, *, methods: Names = None, architectures: Names = None, views: Sequence[str] = ("signed",)) -> Figure:
        """Draw the published SNR and r, with intervals; see `saliencynoise.report.figures.bars`."""
        from saliencynoise.report.figures import bars  # noqa: PLC0415 - as above

        return bars.draw(bars.data(self.study, methods=methods, architectures=architectures, views=views))

    def curve(self, *, methods: Names = None, architectures: Names = None) -> Figure:
        """Draw reliability against the number of networks; see `saliencynoise.report.figures.curve`."""
        from saliencynoise.report.figures import curve  # noqa: PLC0415 - as above

        return curve.draw(curve.data(self.study, methods=methods, architectures=architectures))

    def members(self, *, methods: Names = None, architectures: Names = None) -> Figure:
        """Draw the agreement between members, ordered by cluster; see `saliencynoise.report.figures.members`."""
        from saliencynoise.report.figures import members  # noqa: PLC0415 - as above

        return members.draw(members.data(self.study, methods=methods, architectures=architectures))

    def components(
        self, *, methods: Names = None, architectures: Names = None, folder: str | Path | None = None
    ) -> Figure:  # fmt: skip
        """Draw the components of a map's energy; see `saliencynoise.report.figures.components`."""
        from saliencynoise.report.figures import components  # noqa: PLC0415 - as above

        shares = components.data(self.study, methods=methods, architectures=architectures, folder=folder)
        return components.draw(shares)

    def frontier(self, *, folder: str | Path | None = None) -> Figure:
        """Draw the fidelity of each strategy against its price; see `saliencynoise.analyses.frontier.figure`."""
        from saliencynoise.analyses.frontier import figure as frontier  # noqa: PLC0415 - as above

        return frontier.draw(frontier.record_for(self.study, folder))
