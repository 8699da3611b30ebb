"""The same classes dreamt by single networks and by their ensemble, and judged by networks that had no part in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import torch

from saliencynoise.dream.ascent import dream
from saliencynoise.dream.config import DreamConfig
from saliencynoise.dream.objective import ClassLogit
from saliencynoise.dream.transfer import RANGES, crossed_interval, recognition
from saliencynoise.dream.views import to_bytes
from saliencynoise.interfaces import Network, UsageError

if TYPE_CHECKING:
    from jaxtyping import Float, Int, UInt8
    from torch import Tensor

    from saliencynoise.statistics.intervals import Interval

Kind = Literal["start", "single", "ensemble", "stochastic"]
"""What is compared: the start itself; a dream of each of several single networks; one that follows the mean gradient
of all members; and one that follows a member drawn anew for each step."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DreamSet:
    """Dreams of one kind: K classes, each dreamt by S networks or sets of them; H members were held out.

    Attributes:
        kind: of dream.
        pictures: `[S, K, C, H, W]`, as saved; S is 1 but for "single".
        scores: "probability", "margin" and "top1" as in `Recognition`, each `[K, H, S]`.
    """

    kind: Kind
    pictures: UInt8[Tensor, "S K C H W"]
    scores: Mapping[str, Float[Tensor, "K H S"]]

    def interval(self, score: str) -> Interval | None:
        """Return the interval of a score's mean, for other classes, held-out members and dreaming networks."""
        lowest, highest = RANGES[score]
        return crossed_interval(self.scores[score], lowest=lowest, highest=highest)


def compare_dreams(
    networks: Sequence[Network],
    held_out: Sequence[Network],
    *,
    targets: Int[Tensor, " K"],
    start: Float[Tensor, "K C H W"],
    mean: Sequence[float],
    std: Sequence[float],
    config: DreamConfig,
    singles: int,
) -> tuple[DreamSet, ...]:
    """Return the start, the dreams of single networks, of the ensemble, and of the ensemble drawn from at random.

    All have the same starts, the same number of steps, and the same jitter.

    Args:
        networks: the ensemble.
        held_out: others, which judge.
        targets: the class of each row.
        start: as `dream` takes it.
        mean: as `dream` takes it.
        std: as `mean`.
        config: how to dream; its `gradient` does not matter here.
        singles: how many of the ensemble's networks dream alone, the first ones.

    Raises:
        UsageError: if a network is in both groups, `singles` is out of range, or what `dream` raises.
    """
    if not 1 <= singles <= len(networks):
        raise UsageError(f"singles={singles} is not possible; give 1 to {len(networks)}, the members that dream")
    if {id(network) for network in networks} & {id(network) for network in held_out}:
        raise UsageError("a member cannot both dream and be held out; name others")
    objective = ClassLogit(targets)

    def dreamt(members: Sequence[Network], gradient: Literal["mean", "random"]) -> Tensor:
        own = replace(config, gradient=gradient, keep_steps=False)
        return dream(members, objective, start, mean=mean, std=std, config=own).bytes

    pictures: dict[Kind, list[Tensor]] = {
        "start": [to_bytes(start)],
        "single": [dreamt([network], "mean") for network in networks[:singles]],
        "ensemble": [dreamt(networks, "mean")],
        "stochastic": [dreamt(networks, "random")],
    }
    found = []
    for kind, own in pictures.items():
        seen = [recognition(held_out, rows, targets, mean=mean, std=std) for rows in own]
        scores = {score: torch.stack([getattr(one, score).T for one in seen], -1) for score in RANGES}
        found.append(DreamSet(kind=kind, pictures=torch.stack(own).cpu(), scores=scores))
    return tuple(found)


def advantage(better: DreamSet, other: DreamSet, score: str) -> tuple[float, Interval | None]:
    """Return how much higher a score is for one kind of dream than for another, with its interval.

    Classes and held-out members are the same for both, so the differences are paired; where there are several single
    networks, it is the mean over them, and the interval is for others of them, too.
    """
    difference = better.scores[score] - other.scores[score]
    return float(difference.mean()), crossed_interval(difference)
