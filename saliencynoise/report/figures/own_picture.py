"""A user's own picture with its maps: single members, the marginal map, and its significant pixels; a row a method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.report.figures.maps import gallery
from saliencynoise.report.figures.tiles import Row, unit_maps

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float
    from matplotlib.figure import Figure

    from saliencynoise.explain.explanation import Explanation, MethodExplanation

SIGNIFICANT = "significant\npixels only"


def figure_of(explanation: Explanation, *, singles: int = 4) -> Figure:
    """Draw an explanation: for each method the first members' maps, the marginal map, and its significant pixels.

    Every map has norm 1 and its channels summed, on one colour scale a row, symmetric about zero; pixels that are not
    significant are set to zero.
    """
    return gallery([_row(explanation, own, singles) for own in explanation.methods])


def _row(explanation: Explanation, own: MethodExplanation, singles: int) -> Row:
    tiles = {} if own.reason else _tiles(explanation, own, singles)
    return Row(
        keys={
            "dataset": explanation.origin["dataset"],
            "architecture": explanation.origin["architecture"],
            "method": own.method,
            "image": explanation.file.place,
            "class": explanation.classes[explanation.target],
        },
        members=len(explanation.members),
        picture=explanation.picture,
        tiles=tiles,
        norm=float("nan"),
        reason=own.reason,
    )


def _tiles(explanation: Explanation, own: MethodExplanation, singles: int) -> dict[str, Float[np.ndarray, "h w"]]:
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    if own.maps is None or own.marginal is None or own.significant is None:
        return {}
    members = zip(explanation.members[:singles], unit_maps(own.maps[:singles]), strict=True)
    tiles = {f"member {member}": values.sum(0) for member, values in members}
    marginal = unit_maps(own.marginal[None])[0].sum(0)
    aggregator = explanation.origin["aggregator"].removeprefix("builtin/")
    tiles[f"{aggregator} of {len(explanation.members)}"] = marginal
    tiles[SIGNIFICANT] = np.where(own.significant, marginal, 0.0)
    return tiles
