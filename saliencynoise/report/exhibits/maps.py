"""The figures `maps` and `overlay` of a report: the choice of their picture and cells, and their captions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.display.figures.averages import CLIP
from saliencynoise.display.figures.exhibit import Exhibit
from saliencynoise.display.numbers import percent
from saliencynoise.engine.study_cells import signed_cells
from saliencynoise.interfaces import UsageError
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.report.exhibits.captions import basis

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise.report.figures.overlay import Overlay
    from saliencynoise.report.figures.tiles import Row

ROWS = 12
"""The largest number of cells in a figure."""

TEST = (
    f"Significant: the mean of the raw maps differs from zero by a moderated t-test of each pixel of each channel over "
    f"members, at {FALSE_DISCOVERY_RATE:.0%} false discoveries over the picture's values; a pixel counts where one of "
    "its channels does. The share of such values grows with the number of members."
)

NORMS = (
    "Every member's map is divided by its L2 norm over channels and pixels; stochastic methods are averaged over their "
    "draws first. Channels are summed for display. Red: positive, blue: negative, in the method's own sense."
)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The picture and the cells of a study that the figures show.

    Attributes:
        architectures: labels.
        methods: labels.
        image: index of the picture among the study's images.
        words: sentences on the choice.
    """

    architectures: Sequence[str]
    methods: Sequence[str]
    image: int
    words: str


def choose(study: Study) -> Choice:
    """Choose the picture with the median r of the first method, and cells for at most `ROWS` rows.

    The rule keeps the choice independent of the pictures' looks.

    Raises:
        UsageError: all cells failed.
    """
    cells = signed_cells(study)
    done = [cell for cell in cells if cell["status"] == "ok"]
    if not done:
        raise UsageError("all cells failed")
    architectures = list(dict.fromkeys(cell["architecture"] for cell in cells))
    methods = list(dict.fromkeys(cell["method"] for cell in cells))
    image, reason = _typical(study, architecture=done[0]["architecture"], method=done[0]["method"])
    shown = architectures[: max(1, ROWS // len(methods))]
    if done[0]["architecture"] not in shown:
        shown = [done[0]["architecture"]]
    if len(shown) < len(architectures):
        reason += f" Of {len(architectures)} architectures it shows {', '.join(shown)}."
    if len(methods) > ROWS:
        reason += f" Of {len(methods)} methods it shows the first {ROWS}."
    return Choice(architectures=shown, methods=methods[:ROWS], image=image, words=reason)


def maps_exhibit(study: Study, title: str) -> Exhibit:
    """Return the gallery: a row for each cell."""
    from saliencynoise.report.figures import maps, tiles  # noqa: PLC0415 - one figure's modules at a time

    chosen = choose(study)
    rows = tiles.rows_of(
        study, images=[chosen.image], methods=chosen.methods, architectures=chosen.architectures
    )  # fmt: skip
    counts = sorted({row.members for row in rows})
    members, floors = (" or ".join(texts) for texts in ([f"{e}" for e in counts], [f"{e**-0.5:.2f}" for e in counts]))
    caption = (
        f"The maps of one picture in the first single networks, and what all E = {members} amount to. {chosen.words} "
        f"{NORMS} Mean: pale as the members disagree; its norm, below it, is 1 where all agree and "
        f"1/√E = {floors} on average if the maps are noise alone. Then the same mean at the norm of a single map. "
        f"Noise: the standard deviation over members, on the same scale. {TEST} White: zero; "
        "hatched on light grey: not significant; grey: NaN. One colour scale a row, symmetric about zero: it ends at "
        f"the {CLIP}th percentile of |value| over the row. Layers' maps are drawn at their own resolution."
    )
    norms = [
        f"{row.keys['method']} " + ("failed" if row.reason else f"{row.norm:.2f}, {percent(row.share)}") for row in rows
    ]
    alt = (
        f"A grid of saliency maps of a picture of class {rows[0].keys['class']}, a row for each method: single "
        "members, their mean, its noise, its significant pixels. Norm of the mean and share of significant values: "
        f"{'; '.join(norms)}."
    )
    return Exhibit(
        name="maps",
        title=title,
        caption=f"{caption} {basis(study)}",
        alt=alt + _failures(rows),
        figure=maps.gallery(rows),
        data=tiles.facts(rows),
        arrays=tiles.arrays(rows),
        pictorial=True,
    )


def overlay_exhibit(study: Study, title: str) -> Exhibit:
    """Return the marginal maps over the same picture."""
    from saliencynoise.report.figures import overlay  # noqa: PLC0415 - as above

    chosen = choose(study)
    overlays = overlay.overlays_of(
        study, images=[chosen.image], methods=chosen.methods, architectures=chosen.architectures
    )  # fmt: skip
    tested = any(drawn.survives is not None for drawn in overlays)
    aggregator = study.result["settings"].get("aggregator", "mean")
    caption = (
        f"The marginal map of all members (aggregator: {aggregator}; raw maps, channels summed) over the picture in "
        f"greys. {chosen.words} Colour: the sign, red positive and blue negative; opacity: |value|, so that zeros show "
        f"the picture. Each map's colours end at its own limit, the {CLIP}th percentile of its |value|: compare "
        "places, not strengths, between methods. Maps are drawn at their own resolution, each value a rectangle; NaN "
        "is crossed. "
    )
    caption += (
        f"Black outlines: the significant pixels. {TEST}"
        if tested
        else "Which pixels are significant is not known, since no members' maps were kept (--keep-maps all keeps them)."
    )
    shares = [f"{drawn.keys['method']} {percent(drawn.share)}" for drawn in overlays if drawn.survives is not None]
    alt = f"The marginal map of each method over a picture of class {overlays[0].keys['class']}."
    return Exhibit(
        name="overlay",
        title=title,
        caption=f"{caption} {basis(study)}",
        alt=(f"{alt} Share of significant values: {'; '.join(shares)}." if shares else alt) + _failures(overlays),
        figure=overlay.draw(overlays),
        data=overlay.table(overlays),
        arrays=overlay.arrays(overlays),
        pictorial=True,
    )


def _failures(shown: Sequence[Row] | Sequence[Overlay]) -> str:
    """Return a sentence on each cell that failed."""
    return "".join(
        f" {row.keys['method']} on {row.keys['architecture']} failed: {row.reason}." for row in shown if row.reason
    )


def _typical(study: Study, *, architecture: str, method: str) -> tuple[int, str]:
    """Return the index of the image with the median `snr_raw`, and a sentence on the choice."""
    images = study.images
    snr_rows = images[
        (images["architecture"] == architecture) & (images["method"] == method) & (images["view"] == "signed")
    ]  # fmt: skip
    by_name = dict(zip(snr_rows["image"], snr_rows["snr_raw"], strict=True))
    values = [(float(by_name.get(record["name"], "nan")), index) for index, record in enumerate(study.result["images"])]
    ranked = sorted((r, index) for r, index in values if not math.isnan(r))
    if not ranked:
        return 0, "The picture is the study's first."
    r, index = ranked[(len(ranked) - 1) // 2]
    on = f" on {architecture}" if len({cell["architecture"] for cell in signed_cells(study)}) > 1 else ""
    record = study.result["images"][index]
    named = f"{record['name']} (class {study.result['dataset']['classes'][record['label']]})"
    return index, (
        f"The picture is {named}, whose r of raw maps by {method}{on}, {r:.2f}, is the median of {len(ranked)} images: "
        "it is not chosen by its looks."
    )
