"""What the panels `gradients` and `maps` share: rows of maps become a panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.display.figures.averages import CLIP
from saliencynoise.engine.study_cells import signed_cells
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.shell import shell
from saliencynoise.report.figures.maps import gallery
from saliencynoise.report.figures.tiles import Row, tidy
from saliencynoise.statistics.json_safe import json_safe
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.panel import Panel

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study

READING = (
    "Every map is divided by its L2 norm over channels and pixels, then the mean is taken over all {members}; "
    "stochastic methods are averaged over their draws first. Channels are summed for display. {colours}; white: zero; "
    "grey: NaN. One colour scale a row, symmetric about zero: it ends at the {clip}th percentile of the "
    "absolute values of all maps of the row, and larger values have the colours of its ends. The mean is on the scale "
    "of the single maps, so it is as pale as they disagree: its norm, below it, is √(c + (1 − c)/E) with c the mean "
    "cosine between two members' maps, 1 where all agree and {floor} if the maps were noise alone. Last column: the "
    "same mean at the norm of a single map, which shows the pattern that remains. Maps of layers are drawn at "
    "their own resolution over the picture's extent. The members shown are the first ones, and the images are in the "
    "order of the study's seeded selection."
)


def one_architecture(study: Study, methods: Sequence[str] | None, architecture: str | None) -> str:
    """Return the architecture asked for, or the study's first in which one of the methods was computed.

    Raises:
        UsageError: the study has no such method, or all its cells failed.
    """
    if architecture is not None:
        return architecture
    done = [cell["architecture"] for cell in signed_cells(study, methods=methods) if cell["status"] == "ok"]
    if not done:
        raise UsageError(f"{study.folder}: all cells failed; {shell('saliencynoise', 'show', study.folder)} says why")
    return str(done[0])


def gallery_panel(name: str, rows: Sequence[Row], studies: Sequence[Study], *, what: str, colours: str) -> Panel:
    """Return a panel of rows of maps.

    Args:
        name: of the panel.
        rows: the rows of maps.
        studies: the sources of the rows.
        what: its title and its rows, as the caption's first sentences.
        colours: the meaning of red and blue.
    """
    counts = sorted({row.members for row in rows})
    numbers, floors = (" or ".join(texts) for texts in ([str(e) for e in counts], [f"{e**-0.5:.2f}" for e in counts]))
    reading = READING.format(members=f"E = {numbers} members", colours=colours, clip=CLIP, floor=f"1/√E = {floors}")
    facts = [{**row.keys, "members": row.members, "norm": row.norm, "scale": row.scale} for row in rows]
    failures = [
        f"{row.keys['method']} on {row.keys['architecture']} failed: {row.reason}." for row in rows if row.reason
    ]
    paragraphs = [what, reading, *dict.fromkeys(failures), provenance(studies)]
    return Panel(
        name=name,
        figure=gallery(rows),
        data=tidy(rows),
        caption="\n\n".join(paragraphs),
        facts={"rows": json_safe(facts)},
    )
