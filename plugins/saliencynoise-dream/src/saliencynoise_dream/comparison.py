"""Dreams of single networks and of their ensemble, judged by networks that took no part in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import torch

from saliencynoise.interfaces import Network, UsageError
from saliencynoise_dream.ascent import Dream
from saliencynoise_dream.batching import dream_in_parts
from saliencynoise_dream.config import DreamConfig
from saliencynoise_dream.objective import ClassLogit, LayerEnergy
from saliencynoise_dream.transfer import NO_JUDGE, RANGES, crossed_interval, gain, recognition
from saliencynoise_dream.views import to_bytes

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from torch import Tensor

    from saliencynoise.statistics.intervals import Interval
    from saliencynoise_dream.records import Kind, Score

Gradient = Literal["mean", "random"]

KINDS: Mapping[Gradient, Kind] = {"mean": "ensemble", "random": "stochastic"}
"""The kind of an ensemble's dream, by the gradient that it follows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DreamSet:
    """Dreams of one kind: K classes (or starts), each dreamt by S networks or sets of networks; H members are held out.

    Attributes:
        kind: the kind of the dreams.
        pictures: `[S, K, C, H, W]`, as saved; S is 1 except for "single".
        scores: "probability", "margin" and "top1" as in `Recognition`, or "gain" for a layer; each `[K, H, S]`.
        trace: `[S, T, K]`, the objective before each step; None for the start.
        steps: `[S, 1 + T, K, C, H, W]`, the picture after each step; None for the start, or where they were not kept.
    """

    kind: Kind
    pictures: UInt8[Tensor, "S K C H W"]
    scores: Mapping[Score, Float[Tensor, "K H S"]]
    trace: Float[Tensor, "S T K"] | None = None
    steps: UInt8[Tensor, "S T1 K C H W"] | None = None

    def interval(self, score: Score) -> Interval | None:
        """Return the interval of a score's mean, for other classes, held-out members and dreaming networks."""
        lowest, highest = RANGES[score]
        return crossed_interval(self.scores[score], lowest=lowest, highest=highest)


def compare_dreams(
    networks: Sequence[Network],
    held_out: Sequence[Network],
    *,
    objective: ClassLogit | LayerEnergy,
    start: Float[Tensor, "K C H W"],
    mean: Sequence[float],
    std: Sequence[float],
    config: DreamConfig,
    singles: int,
    gradients: Sequence[Gradient] = ("mean", "random"),
    on_dream: Callable[[Kind, int], None] = lambda _kind, _network: None,
) -> tuple[DreamSet, ...]:
    """Return the start, the dreams of single networks, and those of the ensemble by each gradient.

    All have the same starts, the same number of steps, and the same jitter.

    Args:
        networks: the ensemble.
        held_out: other networks, which judge.
        objective: the number that the dream makes large, of the rows' classes or of a layer.
        start: as `dream` takes it.
        mean: as `dream` takes it.
        std: as `mean`.
        config: how to dream; its `gradient` does not matter here.
        singles: number of the ensemble's first networks that also dream alone.
        gradients: gradients that the ensemble follows.
        on_dream: called before each dream with its kind and the place of a single network.

    Raises:
        UsageError: if a network is in both groups, `singles` is out of range, or as `dream`.
    """
    if not 1 <= singles <= len(networks):
        raise UsageError(f"singles={singles} is not possible; give 1 to {len(networks)}, the members that dream")
    if {id(network) for network in networks} & {id(network) for network in held_out}:
        raise UsageError("a member cannot both dream and be held out; name others")
    if not held_out:
        raise UsageError(NO_JUDGE)

    def dreamt(kind: Kind, members: Sequence[Network], gradient: Gradient, index: int = 0) -> Dream:
        on_dream(kind, index)
        settings = replace(config, gradient=gradient)
        return dream_in_parts(members, objective, start, mean=mean, std=std, config=settings)

    def judged(pictures: UInt8[Tensor, "K C H W"]) -> Mapping[Score, Float[Tensor, "H K"]]:
        if isinstance(objective, LayerEnergy):
            return {"gain": gain(held_out, objective, pictures, to_bytes(start), mean=mean, std=std)}
        scores = recognition(held_out, pictures, objective.targets, mean=mean, std=std)
        return {"probability": scores.probability, "margin": scores.margin, "top1": scores.top1}

    dreams: dict[Kind, list[Dream]] = {
        "single": [dreamt("single", [network], "mean", index) for index, network in enumerate(networks[:singles])],
        **{KINDS[gradient]: [dreamt(KINDS[gradient], networks, gradient)] for gradient in gradients},
    }
    pictures = {
        "start": [to_bytes(start)],
        **{kind: [dream.bytes for dream in dreams_of_kind] for kind, dreams_of_kind in dreams.items()},
    }
    return tuple(
        _set(kind, rows, [judged(picture) for picture in rows], dreams.get(kind, [])) for kind, rows in pictures.items()
    )


def _set(
    kind: Kind, pictures: Sequence[Tensor], scores: Sequence[Mapping[Score, Tensor]], dreams: Sequence[Dream]
) -> DreamSet:
    steps = [dream.steps.cpu() for dream in dreams if dream.steps is not None]
    return DreamSet(
        kind=kind,
        pictures=torch.stack(list(pictures)).cpu(),
        scores={
            score: torch.stack([scores_of_network[score].T for scores_of_network in scores], -1) for score in scores[0]
        },
        trace=torch.stack([dream.trace.double().cpu() for dream in dreams]) if dreams else None,
        steps=torch.stack(steps) if steps else None,
    )


def advantage(better: DreamSet, other: DreamSet, score: Score) -> tuple[float, Interval | None]:
    """Return how much higher a score is for one kind of dream than for another, with its interval.

    Classes and held-out members are the same for both, so the differences are paired; where there are several single
    networks, it is the mean over them, and the interval also holds for other single networks.
    """
    difference = better.scores[score] - other.scores[score]
    lowest, highest = RANGES[score]
    width = highest - lowest  # a difference of two shares is between -1 and 1
    return float(difference.mean()), crossed_interval(difference, lowest=-width, highest=width)
