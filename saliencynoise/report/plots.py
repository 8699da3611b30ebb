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
    """The figures of one study; each method draws what the `figure` of the module of its name describes.

    `methods` and `architectures` are labels as they stand in the study's table; None stands for all.
    """

    study: Study

    def maps(
        self, *, images: Sequence[int] = (0,), methods: Names = None, architectures: Names = None, singles: int = 4
    ) -> Figure:  # fmt: skip
        """Draw single members' maps, mean, noise and significance: see `saliencynoise.report.figures.maps.figure`."""
        from saliencynoise.report.figures.maps import figure  # noqa: PLC0415 - one figure's modules at a time

        return figure(self.study, images=images, methods=methods, architectures=architectures, singles=singles)

    def overlay(
        self,
        *,
        images: Sequence[int] = (0,),
        methods: Names = None,
        architectures: Names = None,
        masked: bool = False,
        interpolation: str = "nearest",
    ) -> Figure:
        """Draw marginal maps over their pictures: see `saliencynoise.report.figures.overlay.figure`."""
        from saliencynoise.report.figures.overlay import figure  # noqa: PLC0415 - as above

        return figure(
            self.study,
            images=images,
            methods=methods,
            architectures=architectures,
            masked=masked,
            interpolation=interpolation,
        )

    def classes(self, *, methods: Names = None, architectures: Names = None) -> Figure:
        """Draw r per class: see `saliencynoise.report.figures.classes.figure`."""
        from saliencynoise.report.figures.classes import figure  # noqa: PLC0415 - as above

        return figure(self.study, methods=methods, architectures=architectures)

    def ssim(self, *, methods: Names = None, architectures: Names = None) -> Figure:
        """Draw r of each image against the SSIM of its maps: see `saliencynoise.report.figures.ssim.figure`."""
        from saliencynoise.report.figures.ssim import figure  # noqa: PLC0415 - as above

        return figure(self.study, methods=methods, architectures=architectures)

    def bars(self, *, methods: Names = None, architectures: Names = None, views: Sequence[str] = ("signed",)) -> Figure:
        """Draw the SNR as published and r, with intervals: see `saliencynoise.report.figures.bars.figure`."""
        from saliencynoise.report.figures.bars import figure  # noqa: PLC0415 - as above

        return figure(self.study, methods=methods, architectures=architectures, views=views)

    def curve(self, *, methods: Names = None, architectures: Names = None) -> Figure:
        """Draw reliability against the number of networks: see `saliencynoise.report.figures.curve.figure`."""
        from saliencynoise.report.figures.curve import figure  # noqa: PLC0415 - as above

        return figure(self.study, methods=methods, architectures=architectures)

    def members(self, *, methods: Names = None, architectures: Names = None) -> Figure:
        """Draw how members agree, ordered by cluster: see `saliencynoise.report.figures.members.figure`."""
        from saliencynoise.report.figures.members import figure  # noqa: PLC0415 - as above

        return figure(self.study, methods=methods, architectures=architectures)

    def components(
        self, *, methods: Names = None, architectures: Names = None, folder: str | Path | None = None
    ) -> Figure:  # fmt: skip
        """Draw the components of a map's energy: see `saliencynoise.report.figures.components.figure`."""
        from saliencynoise.report.figures.components import figure  # noqa: PLC0415 - as above

        return figure(self.study, methods=methods, architectures=architectures, folder=folder)

    def frontier(self, *, folder: str | Path | None = None) -> Figure:
        """Draw the worth of each strategy against its price: see `saliencynoise.analyses.frontier.figure.figure`."""
        from saliencynoise.analyses.frontier.figure import figure  # noqa: PLC0415 - as above

        return figure(self.study, folder=folder)
