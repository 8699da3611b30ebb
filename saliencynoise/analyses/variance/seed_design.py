"""Which streams of randomness a training run has, how they are varied, and what the members of the design share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean

if TYPE_CHECKING:
    from typing import Any

    from jaxtyping import Bool
    from torch import Tensor, nn

    from saliencynoise.training.recipes import Recipe

STREAMS = ("init", "order", "augment", "dropout")
REST = "rest"
"""What the sampler `seed_blocks` calls the streams that it varies together."""

RATES = ("drop_prob", "drop_rate", "dropout")
"""Where modules keep the probability to drop something: timm's DropPath and its heads, torch's attention and LSTM."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is varied, so that every stream with an effect is.

    Attributes:
        alone: the streams that are varied each by itself.
        rest: other streams with an effect, which are varied together, as one.
        without: why each stream that has no effect has none.
    """

    alone: tuple[str, ...]
    rest: tuple[str, ...]
    without: Mapping[str, str]

    @property
    def factors(self) -> tuple[str, ...]:
        """The names of what the noise is divided among."""
        return (*self.alone, REST) if self.rest else self.alone

    @property
    def sampler(self) -> str:
        """The sampler of such members, as a text."""
        return f"seed_blocks(streams={'+'.join(self.factors)})"

    def streams_of(self, factor: str) -> tuple[str, ...]:
        """Return the streams that a factor stands for."""
        return self.rest if factor == REST else (factor,)


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The members of one architecture, by what they share.

    Attributes:
        blocks: `[N]`, the block of each member.
        seeds: `[N][factors]`, the seeds of each factor of the design that it was trained with.
        repeats: `[N]`, which training of the same seeds it is: 0, or 1 for the one that was trained again.
    """

    blocks: tuple[int, ...]
    seeds: tuple[tuple[str, ...], ...]
    repeats: tuple[int, ...]

    @classmethod
    def of(cls, members: Sequence[Mapping[str, Any]], design: Design, *, per_block: int) -> Blocks:
        """Return them from the members' records, which hold the seeds of their training."""
        rows = [
            (
                member["index"] // per_block,
                tuple(
                    str([member["seeds"][stream] for stream in design.streams_of(factor)]) for factor in design.factors
                ),
            )
            for member in members
        ]
        return cls(
            blocks=tuple(block for block, _ in rows),
            seeds=tuple(seeds for _, seeds in rows),
            repeats=tuple(rows[:index].count(row) for index, row in enumerate(rows)),
        )

    @property
    def apart(self) -> Bool[Tensor, "N N"]:
        """The pairs of members that share no seed."""
        return torch.tensor(
            [[all(x != y for x, y in zip(one, other, strict=True)) for other in self.seeds] for one in self.seeds]
        )

    @property
    def again(self) -> list[tuple[int, int]]:
        """The places of the members that were trained again, each after that of the first one of its seeds."""
        return [(self.seeds.index(self.seeds[index]), index) for index, repeat in enumerate(self.repeats) if repeat]


def without_effect(recipe: Recipe, network: nn.Module) -> dict[str, str]:
    """Return the streams that change nothing, and why; initialisation and order always do.

    >>> from saliencynoise.training.recipes import Recipe
    >>> without_effect(Recipe(shift=1), torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout(0.0)))
    {'dropout': 'the network drops nothing'}
    """
    without = {}
    if not (recipe.shift or recipe.flip or recipe.crop < 1):
        without["augment"] = "the recipe neither shifts, flips nor crops images"
    if not any(map(_drops, network.modules())):
        without["dropout"] = "the network drops nothing"
    return without


def design_of(asked: Sequence[str] | None, without: Mapping[str, str], *, architecture: str) -> Design:
    """Return how streams are varied: those asked for each by itself, all others that have an effect as one.

    Args:
        asked: names of streams; None for all that have an effect.
        without: as `without_effect` says.
        architecture: whose they are, for messages.

    Raises:
        UsageError: a stream that is not known, named twice, or without effect.
    """
    useful = tuple(stream for stream in STREAMS if stream not in without)
    if asked is None:
        return Design(alone=useful, rest=(), without=without)
    for stream in asked:
        if stream not in STREAMS:
            hint = did_you_mean(stream, STREAMS, otherwise=f"there are {', '.join(STREAMS)}")
            raise UsageError(f"--streams: unknown stream '{stream}'; {hint}")
        if stream in without:
            raise UsageError(
                f"--streams {','.join(asked)}: '{stream}' has no effect on {architecture}: {without[stream]}; "
                f"leave it out"
            )
    if not asked or len(set(asked)) < len(asked):
        raise UsageError(f"--streams {','.join(asked)} is not possible; name different streams of {', '.join(STREAMS)}")
    rest = tuple(stream for stream in useful if stream not in asked)
    return Design(alone=tuple(asked), rest=rest, without=without)


def _drops(part: nn.Module) -> bool:
    """Whether a module of its own drops something in training."""
    drops = any(word in type(part).__name__ for word in ("Drop", "StochasticDepth"))
    values = [getattr(part, name, None) for name in (*RATES, *(("p", "prob") if drops else ()))]
    return any(isinstance(value, int | float) and value > 0 for value in values)
