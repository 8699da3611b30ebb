"""The cautions that a reader needs to judge an explanation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from saliencynoise.explanation.explanation import Caution, MethodExplanation
from saliencynoise.explanation.training_range import Range, out_of_range
from saliencynoise.statistics.intervals import INDICATIVE_BELOW

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    from saliencynoise.explanation.pictures import OwnPicture

AGREED = 0.8
"""Share of the members that must vote for the explained class."""

SURE = 0.5
"""Mean probability that the explained class must have."""

LARGEST_UP, LARGEST_DOWN = 2.0, 8.0
"""Largest factors to scale a picture up, which invents detail, and down, which loses detail."""

LARGEST_CUT = 0.25
"""Share of a picture that the square crop may cut off: a 4:3 photograph just passes."""

RELIABLE = 0.5
"""A map's reliability and the lower end of its interval should be at least this."""


ORDER = ("range", "class", "reliability", "size", "members")
"""The kinds of cautions, the decisive ones first: an explanation of a picture of another kind says nothing."""


def decisive_first(cautions: Iterable[Caution]) -> tuple[Caution, ...]:
    """Return cautions in the order of `ORDER`, each once.

    >>> found = [Caution("size", "blurred"), Caution("range", "unlike"), Caution("size", "blurred")]
    >>> [caution.text for caution in decisive_first(found)]
    ['unlike', 'blurred']
    """
    return tuple(sorted(dict.fromkeys(cautions), key=lambda caution: ORDER.index(caution.kind)))


def about_class(probabilities: Float[np.ndarray, "E K"], target: int, classes: Sequence[str]) -> Iterator[Caution]:
    """Yield cautions on the explained class: it differs from the ensemble's or the members' vote, or is unlikely."""
    members, votes = len(probabilities), probabilities.argmax(1)
    mean = probabilities.mean(0)
    agreeing, chosen = int((votes == target).sum()), int(mean.argmax())
    name = f"'{classes[target]}'"
    if chosen != target:
        seen = f"'{classes[chosen]}'"
        yield Caution("class", f"the explained class {name} is not the class that the ensemble sees: {seen}")
    if agreeing < AGREED * members:
        others = ", ".join(f"{int((votes == k).sum())} '{classes[k]}'" for k in sorted(set(votes.tolist()) - {target}))
        yield Caution(
            "class", f"the members disagree: {agreeing} of {members} see the explained class {name}, {others}"
        )
    if chosen == target and mean[target] < SURE:
        yield Caution("class", f"the ensemble is not sure: {name} has a mean probability of {mean[target]:.0%}")


def about_picture(picture: OwnPicture, usual: Mapping[str, Range]) -> Iterator[Caution]:
    """Yield cautions on a picture that is unlike the training data in size, shape or range of values."""
    seen = picture.seen
    short, long = sorted(seen.size)
    size = seen.pixels.shape[-1]
    if size >= LARGEST_UP * short:
        yield Caution(
            "size", f"the picture was scaled up {size / short:.1f} times, from {short} to {size} pixels: it is blurred"
        )
    if short >= LARGEST_DOWN * size:
        yield Caution(
            "size",
            f"the picture was scaled down {short / size:.0f} times, from {short} to {size} pixels: details are lost",
        )
    if 1 - short / long > LARGEST_CUT:
        yield Caution("size", f"the square crop cut off {1 - short / long:.0%} of the picture, at its ends")
    if (seen.pixels == seen.pixels[:, :1, :1]).all():
        yield Caution("range", "the picture is constant: there is nothing to see")
        return
    for name, value in out_of_range(torch.from_numpy(seen.pixels.copy()), usual).items():
        low, high = usual[name]
        yield Caution(
            "range",
            f"the picture is unlike the training pictures: {name} {value:.2f}, 99% of theirs {low:.2f} to {high:.2f}",
        )


def about_methods(methods: Sequence[MethodExplanation]) -> Iterator[Caution]:
    """Yield cautions on maps that are unreliable or missing."""
    for explained in methods:
        value, interval = explained.reliability.value, explained.reliability.interval
        if explained.reason:
            yield Caution("reliability", f"{explained.method} failed: {explained.reason}")
            continue
        if explained.no_marginal:
            yield Caution("reliability", f"{explained.method} has no marginal map: {explained.no_marginal}")
        if explained.centred:
            yield Caution(
                "reliability",
                f"the maps by {explained.method} have one sign, or keep their sign when the score changes its sign: "
                "untrained networks agree on such maps, too; their significant pixels are those that differ from the "
                "mean of the map",
            )
        if math.isnan(value) or value < RELIABLE:
            yield Caution(
                "reliability",
                f"the map by {explained.method} has a reliability of {value:.2f}, below {RELIABLE}: the map of as many "
                "other networks would clearly differ",
            )
        elif interval is not None and interval.low < RELIABLE:
            yield Caution(
                "reliability",
                f"the reliability of the map by {explained.method} may be below {RELIABLE}: {value:.2f} "
                f"[{interval.low:.2f}, {interval.high:.2f}]",
            )


def about_members(
    members: int, flags: Mapping[int, str], *, dependent: str = "", starts: int = 0
) -> Iterator[Caution]:  # fmt: skip
    """Yield cautions on the ensemble.

    Args:
        members: number of members.
        flags: reasons of those that may have failed to learn, by index.
        dependent: the sampler whose members share training runs; empty for others.
        starts: number of checkpoints that members were tuned from; 0 for random initial weights.
    """
    for why in dict.fromkeys(flags.values()):
        flagged = [str(member) for member, reason in flags.items() if reason == why]
        who = f"member {flagged[0]} is" if len(flagged) == 1 else f"members {', '.join(flagged)} are"
        yield Caution("members", f"{who} flagged: {why}")
    if members < 3:
        yield Caution("members", f"{members} members: no intervals, which need 3 members, better {INDICATIVE_BELOW}")
    elif members < INDICATIVE_BELOW:
        yield Caution("members", f"{members} members: intervals are indicative; {INDICATIVE_BELOW} make them reliable")
    if dependent:
        yield Caution(
            "members",
            f"the members come from {dependent}: reliability is for more members of that kind, not for retrained "
            "networks",
        )
    if starts == 1:
        yield Caution(
            "members",
            "the members are tuned from one start: reliability is for more networks from this start; networks from "
            "other starts agree less",
        )
