"""The marginal map of one picture by one method, its significant values and its reliability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from saliencynoise.engine.failures import FailedCellError
from saliencynoise.engine.reduce import aggregate
from saliencynoise.explanation.explanation import MethodExplanation
from saliencynoise.explanation.reliability import UNKNOWN, map_reliability
from saliencynoise.interfaces import Aggregator, one_line
from saliencynoise.statistics.clusters import Clusters, start_means
from saliencynoise.statistics.pixels import sign_agreement, significant_pixels
from saliencynoise.statistics.signs import with_null

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.registry.bound import BoundAggregator, BoundMethod


def explained_by(
    method: BoundMethod,
    maps: Float[Tensor, "E D c h w"] | str,
    aggregator: BoundAggregator,
    *,
    clusters: Clusters | None = None,
) -> MethodExplanation:
    """Return the explanation by one method from one picture's maps, or the reason why they are unusable.

    Args:
        method: the method that made the maps.
        maps: of all members and their draws, or the reason why there are none.
        aggregator: of the level "maps".
        clusters: the start of each member, where several share one of several: significant values are then those of
            the starts' average maps, and the reliability is for other starts.
    """
    reason = maps if isinstance(maps, str) else unusable(maps)
    if isinstance(maps, str) or reason:
        member_maps = None if isinstance(maps, str) else maps.mean(1)
        return MethodExplanation(
            method=method.display_name,
            text=method.canonical_name,
            draws=1 if isinstance(maps, str) else maps.shape[1],
            reason=reason,
            maps=None if member_maps is None else member_maps.numpy(),
            marginal=None,
            significant=None,
            agreement=None,
            reliability=UNKNOWN,
        )
    averaged = maps.mean(1)
    try:
        assert isinstance(aggregator.instance, Aggregator)  # noqa: S101 - its level was checked; this tells mypy
        marginal, no_marginal = aggregate(aggregator.instance, averaged).numpy(), ""
    except FailedCellError as error:
        marginal, no_marginal = None, one_line(error)
    tested = with_null(averaged.double(), method.sign)
    flat, shape = tested.flatten(1), averaged.shape[1:]
    return MethodExplanation(
        method=method.display_name,
        text=method.canonical_name,
        draws=maps.shape[1],
        reason="",
        no_marginal=no_marginal,
        maps=averaged.numpy(),
        marginal=marginal,
        significant=significant_pixels(flat if clusters is None else start_means(flat, clusters))
        .significant.reshape(shape)
        .numpy(),
        agreement=sign_agreement(flat).reshape(shape).numpy(),
        reliability=map_reliability(maps.double().flatten(2), clusters=clusters),
        centred=not torch.equal(tested, averaged.double()),
    )


def unusable(maps: Float[Tensor, "E D c h w"]) -> str:
    """Return why one picture's maps give no figures; empty if they do."""
    height, width = maps.shape[-2:]
    if min(height, width) < 2:
        return f"the maps are {height}x{width}; figures need two rows and two columns of pixels"
    broken = (~maps.isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
    if broken:
        return f"the maps of {len(broken)} of {len(maps)} members hold NaN or infinity"
    return "" if bool(maps.any()) else "the maps of all members are zero: the method found nothing"
