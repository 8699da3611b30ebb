"""The figures of a study's report, in order: each with its title, caption and data to download."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from saliencynoise.display.figures.exhibit import Exhibit, Missing
from saliencynoise.interfaces import one_line
from saliencynoise.report.exhibits import captions
from saliencynoise.report.exhibits.maps import maps_exhibit, overlay_exhibit
from saliencynoise.report.exhibits.readable import readable
from saliencynoise.store.atomic import DamagedFileError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study


def exhibits_of(study: Study) -> Iterator[Exhibit | Missing]:
    """Yield the figures of a study's report. A figure that cannot be drawn is replaced by the reason.

    The figures of a large study draw the cells that `readable` returns.

    Raises:
        DamagedFileError: if a file is not the one that the result lists.
    """
    drawn, _ = readable(study)
    for name, (title, build) in BUILDERS.items():
        try:
            exhibit = build(study if name in CHOOSING else drawn)
        except DamagedFileError:
            raise
        except Exception as error:  # noqa: BLE001 - names that no font holds, a missing file: the rest is still shown
            yield Missing(name=name, title=title, reason=one_line(error))
            continue
        if exhibit is not None:
            yield exhibit


def _bars(study: Study) -> Exhibit:
    from saliencynoise.report.figures import bars  # noqa: PLC0415 - one figure's modules at a time

    frame = bars.table(study)
    return _exhibit("bars", captions.bars(study, frame), bars.figure_of(frame), frame)


def _curve(study: Study) -> Exhibit:
    from saliencynoise.report.figures import curve  # noqa: PLC0415 - as above

    frame = curve.table(study)
    return _exhibit("curve", captions.curve(study, frame), curve.figure_of(frame), frame)


def _maps(study: Study) -> Exhibit:
    return maps_exhibit(study, BUILDERS["maps"][0])


def _overlay(study: Study) -> Exhibit:
    return overlay_exhibit(study, BUILDERS["overlay"][0])


def _classes(study: Study) -> Exhibit:
    from saliencynoise.report.figures import classes  # noqa: PLC0415 - as above

    frame = classes.table(study)
    return _exhibit("classes", captions.classes(study, frame), classes.figure_of([frame]), frame)


def _ssim(study: Study) -> Exhibit:
    from saliencynoise.report.figures import ssim  # noqa: PLC0415 - as above

    frame = ssim.table(study)
    related = ssim.correlations(frame, seed=study.result["settings"]["seed"])
    return _exhibit("ssim", captions.ssim(study, frame, related), ssim.figure_of([(frame, related)]), frame)


def _members(study: Study) -> Exhibit:
    from saliencynoise.report.figures import members  # noqa: PLC0415 - as above

    frame = members.table(study)
    made = _exhibit("members", captions.members(study, frame), members.figure_of(frame), frame)
    return replace(made, pictorial=True)


def _components(study: Study) -> Exhibit:
    from saliencynoise.analyses.variance.figure import seed_table  # noqa: PLC0415 - as above
    from saliencynoise.report.figures import components  # noqa: PLC0415 - as above

    frame, document = components.table(study), components.document_of(study)
    seeds = None if document is None else seed_table(document)
    texts = captions.components(study, frame, seeds=seeds is not None)
    return _exhibit("components", texts, components.figure_of(frame, seeds), frame)


def _frontier(study: Study) -> Exhibit | None:
    """Return the frontier that a study is a run of; None if it belongs to none."""
    from saliencynoise.analyses.frontier import figure as frontier  # noqa: PLC0415 - as above

    document = frontier.frontier_of(study)
    if document is None:
        return None
    frame = frontier.table_of(document)
    return _exhibit("frontier", captions.frontier(study, frame), frontier.figure_of(document), frame)


def _exhibit(name: str, texts: tuple[str, str], figure: Figure, data: pd.DataFrame) -> Exhibit:
    caption, alt = texts
    return Exhibit(name=name, title=BUILDERS[name][0], caption=caption, alt=alt, figure=figure, data=data)


BUILDERS: dict[str, tuple[str, Callable[[Study], Exhibit | None]]] = {
    "maps": ("Maps of single networks and their mean", _maps),
    "overlay": ("Marginal maps over the picture", _overlay),
    "bars": ("SNR of each method", _bars),
    "curve": ("What averaging gains", _curve),
    "classes": ("SNR of each class", _classes),
    "ssim": ("SNR and structural similarity", _ssim),
    "members": ("How members agree", _members),
    "components": ("What a map's energy is made of", _components),
    "frontier": ("Is there something cheaper than retraining?", _frontier),
}
"""The title and the function of each figure, in the order of the page; the function returns None for no figure."""

CHOOSING = {"maps", "overlay", "frontier"}
"""Figures that draw few cells, however large the study is."""
