"""The streams of randomness of a training run, the design that varies them, and the seeds that members share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.sampling import REST, STREAMS
from saliencynoise.interfaces.suggestions import did_you_mean

if TYPE_CHECKING:
    from jaxtyping import Bool
    from torch import Tensor, nn

    from saliencynoise.records.study import MemberResult
    from saliencynoise.training.recipes import Recipe

RATES = ("drop_prob", "drop_rate", "dropout")
"""Attributes of modules with a dropout probability: timm's DropPath and heads, torch's attention and LSTM."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """The design of a variance run, which varies every stream with an effect.

    Attributes:
        alone: the streams that are varied separately.
        rest: other streams with an effect, which are varied together, as one.
        without: streams without effect, each with the reason.
    """

    alone: tuple[str, ...]
    rest: tuple[str, ...]
    without: Mapping[str, str]

    @property
    def factors(self) -> tuple[str, ...]:
        """The names of the factors that the noise is divided among."""
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
    """The members of one architecture, by the seeds that they share.

    Attributes:
        blocks: `[N]`, the block of each member.
        seeds: `[N][factors]`, the seeds of each factor of the design that it was trained with.
        repeats: `[N]`, the number of earlier members with the same seeds: 0, or 1 for a repeated training.
    """

    blocks: tuple[int, ...]
    seeds: tuple[tuple[str, ...], ...]
    repeats: tuple[int, ...]

    @classmethod
    def of(cls, members: Sequence[MemberResult], design: Design, *, per_block: int) -> Blocks:
        """Return the blocks from the members' records, which hold the seeds of their training."""
        rows = [
            (
                member.index // per_block,
                tuple(str([member.seeds[stream] for stream in design.streams_of(factor)]) for factor in design.factors),
            )
            for member in members
        ]
        return cls(
            blocks=tuple(block for block, _ in rows),
            seeds=tuple(seeds for _, seeds in rows),
            repeats=tuple(rows[:index].count(row) for index, row in enumerate(rows)),
        )

    @property
    def sharing_no_seed(self) -> Bool[Tensor, "N N"]:
        """The pairs of members that share no seed."""
        return torch.tensor(
            [[all(x != y for x, y in zip(one, other, strict=True)) for other in self.seeds] for one in self.seeds]
        )

    @property
    def repeated_pairs(self) -> list[tuple[int, int]]:
        """Pairs of indices: the first member of some seeds, and the member that repeats its training."""
        return [(self.seeds.index(self.seeds[index]), index) for index, repeat in enumerate(self.repeats) if repeat]


def without_effect(recipe: Recipe, network: nn.Module) -> dict[str, str]:
    """Return the streams without effect, each with the reason; initialisation and order always have an effect.

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
    """Return the design: requested streams are varied separately, all others that have an effect together.

    Args:
        asked: names of streams; None for all that have an effect.
        without: as `without_effect` says.
        architecture: label for messages.

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
    """Whether a module itself drops something in training."""
    drops = any(word in type(part).__name__ for word in ("Drop", "StochasticDepth"))
    values = [getattr(part, name, None) for name in (*RATES, *(("p", "prob") if drops else ()))]
    return any(isinstance(value, int | float) and value > 0 for value in values)
