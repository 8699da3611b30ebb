"""Rows of maps as a panel, for the panels `gradients` and `maps`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.engine.study_cells import signed_cells
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.shell import shell
from saliencynoise.records.writing import json_of
from saliencynoise.report.figures import maps
from saliencynoise.report.figures.tiles import TileRow, tidy
from saliencynoise_paper.caption import provenance

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study


def one_architecture(study: Study, methods: Sequence[str] | None, architecture: str | None) -> str:
    """Return the given architecture, or the study's first one in which one of the methods was computed.

    Raises:
        UsageError: the study has no such method, or all its cells failed.
    """
    if architecture is not None:
        return architecture
    done = [cell.architecture for cell in signed_cells(study, methods=methods) if cell.status == "ok"]
    if not done:
        raise UsageError(f"{study.folder}: all cells failed; {shell('saliencynoise', 'show', study.folder)} says why")
    return done[0]


def gallery_panel(
    name: str, rows: Sequence[TileRow], studies: Sequence[Study], *, title: str, colours: str
) -> CaptionedFigure:  # fmt: skip
    """Return a panel of rows of maps.

    Args:
        name: name of the panel.
        rows: the rows of maps.
        studies: the sources of the rows.
        title: title of the panel.
        colours: a sentence on the meaning of red and blue.
    """
    facts = [{**row.keys, "members": row.members, "norm": row.norm, "scale": row.scale} for row in rows]
    sources = " and ".join(dict.fromkeys(f"{row.keys['architecture']} on {row.keys['dataset']}" for row in rows))
    failures = [
        f"{row.keys['method']} on {row.keys['architecture']} failed: {row.reason}." for row in rows if row.reason
    ]
    first_images = "The images are the first ones of the study's seeded selection."
    return CaptionedFigure(
        name=name,
        title=title,
        caption=maps.CAPTION,
        alt=maps.alt(rows),
        notes=[
            f"From {sources}. {colours} {first_images} {maps.noise_norm(rows)}",
            *dict.fromkeys(failures),
            provenance(studies),
        ],
        figure=maps.draw(rows),
        data=tidy(rows),
        facts={"rows": json_of(facts)},
    )
