"""Variance components over the seeds of a network's training: they show which randomness causes the noise.

Members are trained in blocks: within a block every combination of two seeds per stream (initialisation x order of
images x augmentation, 2^3 members), fresh seeds in every block. With C_u the mean inner product of the unit-norm maps
of two members that share *exactly* the seeds u, C_none that of members that share none, and diag the mean energy
of the members of those pairs:

    noise  = diag - C_none                      all that retraining changes
    V_j    = C_{j} - C_none                     first order: the noise that sharing stream j alone removes
    T_j    = diag - C_{all but j}               total: the noise that changing stream j alone causes

Every stream that has an effect must be varied, by itself or together with others: otherwise the effect that all members
of a block share would be in C_{j} and not in C_none.

V_j counts j's own effect, T_j that and all its interactions (and nondeterministic hardware). Where training is chaotic,
V is near 0 and T near the whole noise for every stream: any difference, however small, gives another network.
Sobol' indices, with seeds as the inputs: Saltelli et al., Comput. Phys. Commun. 2010, doi:10.1016/j.cpc.2009.09.018.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import NOISELESS, diag_mean, scale_gram
from saliencynoise.statistics.intervals import Interval
from saliencynoise.statistics.jackknife import jackknife_variance, t_interval

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

Label = int | str
MOSTLY, MOSTLY_OTHERWISE = 0.75, 0.25
"""Shares of the noise above and below which the sentence names a cause."""
WIDE = 0.5
"""Width above which an interval is too wide for a verdict."""
NEVER = -1
"""Code of a pair that counts nowhere: a member with itself, or with a block left out."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of the noise's energy.

    Attributes:
        value: unbiased up to the ratio's own bias, so a small one may be negative and a large one above 1.
        interval: for new seeds, t over blocks on these images; None with one block.
    """

    value: float
    interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class StreamComponents:
    """The effect of one stream of randomness.

    Attributes:
        stream: the name of the stream.
        first: V_j as a share of the noise: the effect of the stream alone.
        total: T_j as a share of the noise: the effect with its interactions.
    """

    stream: str
    first: Share
    total: Share


@dataclass(frozen=True, kw_only=True)
class SeedComponents:
    """The parts of the noise by their source.

    Attributes:
        streams: in the order given.
        replicate: the difference between two trainings with the same seeds (nondeterministic hardware), as a share of
            the noise; None where no member was trained twice.
        noise: diag - C_none, as a share of a map's energy.
        members: N.
        blocks: how many.
    """

    streams: tuple[StreamComponents, ...]
    replicate: Share | None
    noise: float
    members: int
    blocks: int

    @property
    def words(self) -> str:
        """The explanation of the noise as a sentence."""
        if any(
            share.interval is None or _width(share) > WIDE
            for part in self.streams
            for share in (part.first, part.total)
        ):
            return f"undetermined: {self.blocks} blocks leave some parts uncertain by {_percent(WIDE / 2)} and more"
        alone = sum(part.first.value for part in self.streams)
        least = min(part.total.value for part in self.streams)
        if alone < MOSTLY_OTHERWISE and least > MOSTLY:
            return (
                f"training is chaotic: no stream alone explains the noise (first-order parts sum to {_percent(alone)}),"
                f" and another seed of any one brings in {_percent(least)} of it or more"
            )
        largest = max(self.streams, key=lambda part: part.first.value)
        strongest = f"'{largest.stream}' ({_percent(largest.first.value)})"
        if alone > MOSTLY:
            return f"streams act one by one (first-order parts sum to {_percent(alone)}), most of all {strongest}"
        most = max(part.total.value for part in self.streams)
        return (
            f"combinations of seeds matter: alone, streams explain {_percent(alone)} of the noise, most of all "
            f"{strongest}, and another seed of one of them brings in {_percent(least)} to {_percent(most)} of it"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pairs:
    """The pooled Gram matrix and, for each pair, which streams' seeds it shares, as a bit each."""

    gram: Float[Tensor, "N N"]
    shared: Int[Tensor, "N N"]

    def difference(self, code: int, keep: Bool[Tensor, " N"]) -> Tensor:
        """Return diag - C over such pairs of the members kept; NaN where they have none.

        With the energy of the pairs' own members: equal maps have no difference, whatever the others' energy.
        """
        energy = self.gram.diagonal()
        chosen = (self.shared == code) & keep[:, None] & keep
        return ((energy[:, None] + energy) / 2 - self.gram)[chosen].mean()

    def energy(self, keep: Bool[Tensor, " N"]) -> Tensor:
        """Return diag of the members kept."""
        return self.gram.diagonal()[keep].mean()


def seed_components(
    gram: Float[Tensor, "B N N"],
    *,
    seeds: Sequence[Sequence[Label]],
    streams: Sequence[str],
    blocks: Sequence[Label],
    replicates: Sequence[Label] | None = None,
    scaled: bool = False,
) -> SeedComponents:
    """Return each stream's share of the noise, first order and total.

    Intervals by the jackknife over blocks, with t on blocks - 1 degrees of freedom: the figures without each block in
    turn. Pairs across blocks share no seed and count in C_none.

    Args:
        gram: one Gram matrix per image; maps are scaled to unit norm and images averaged here.
        seeds: `[N][streams]`, the label of each member's seed in each stream. Labels are compared within a block only.
        streams: their names, 2 to 4.
        blocks: `[N]`, the block of each member.
        replicates: `[N]`, distinguishes members of which all seeds are equal; None where there are none.
        scaled: whether the matrices are of unit-norm maps already, as from `networks_gram`; then they are averaged
            without scaling. The parts are then those of the networks' noise, without that of a stochastic method.

    Raises:
        UsageError: the lengths differ, two members are the same, the design lacks pairs that a share needs, or members
            without a common seed agree.

    >>> generator = torch.Generator().manual_seed(0)
    >>> effect = torch.randn(2, 64, 2, 1, 400, generator=generator)       # blocks, images, seeds of `init`
    >>> rest = torch.randn(2, 64, 2, 2, 400, generator=generator)         # only the combination matters
    >>> maps = (effect + rest).transpose(0, 1).flatten(1, 3)
    >>> seeds = [(init, order) for _ in range(2) for init in range(2) for order in range(2)]
    >>> result = seed_components(maps @ maps.mT, seeds=seeds, streams=("init", "order"), blocks=[0] * 4 + [1] * 4)
    >>> [(part.stream, round(part.first.value, 1) + 0.0, round(part.total.value, 1)) for part in result.streams]
    [('init', 0.5, 1.0), ('order', 0.0, 0.5)]
    """
    _check(gram, seeds, streams, blocks, replicates)
    used = gram.flatten(1).any(1) if scaled else diag_mean(gram) > 0
    if not bool(used.any()):
        raise UsageError("all maps are zero: there is no noise to take apart")
    every = (1 << len(streams)) - 1
    pairs = _Pairs(gram=_pooled(gram[used].double(), scaled=scaled), shared=_shared(seeds, blocks))
    keeps = _kept(blocks)
    if not float(pairs.difference(0, keeps[0])) > NOISELESS * float(pairs.energy(keeps[0])):
        raise UsageError("members that share no seed have equal maps: there is no noise to take apart")
    parts = tuple(
        StreamComponents(
            stream=stream,
            first=_share(keeps, _first(pairs, 1 << j), f"the seed of '{stream}' and no other"),
            total=_share(keeps, _total(pairs, every & ~(1 << j)), f"all seeds but that of '{stream}'"),
        )
        for j, stream in enumerate(streams)
    )
    again = bool((pairs.shared == every).any())
    return SeedComponents(
        streams=parts,
        replicate=_share(keeps, _total(pairs, every), "all seeds") if again else None,
        noise=float(pairs.difference(0, keeps[0]) / pairs.energy(keeps[0])),
        members=len(seeds),
        blocks=len(keeps) - 1,
    )


def _first(pairs: _Pairs, code: int) -> Callable[[Tensor], Tensor]:
    return lambda keep: 1 - pairs.difference(code, keep) / pairs.difference(0, keep)


def _total(pairs: _Pairs, code: int) -> Callable[[Tensor], Tensor]:
    return lambda keep: pairs.difference(code, keep) / pairs.difference(0, keep)


def _share(keeps: Sequence[Tensor], figure: Callable[[Tensor], Tensor], sharing: str) -> Share:
    """Return the figure of all members (`keeps[0]`), and its interval from those without each block."""
    value = float(figure(keeps[0]))
    if math.isnan(value):
        raise UsageError(f"no two members share {sharing}: train every combination of two seeds per stream in a block")
    blocks = len(keeps) - 1
    if blocks < 2:
        return Share(value=value, interval=None)
    variance = jackknife_variance(torch.stack([figure(keep) for keep in keeps[1:]]))
    note = f"t over {blocks} blocks of seeds"
    return Share(value=value, interval=t_interval(value, [(variance, blocks - 1)], question="members", note=note))


def _width(share: Share) -> float:
    return math.inf if share.interval is None else share.interval.high - share.interval.low


def _percent(share: float) -> str:
    return f"{round(share, 2) + 0.0:.0%}"


def _pooled(gram: Float[Tensor, "B N N"], *, scaled: bool) -> Float[Tensor, "N N"]:
    """Return the mean over images of the Gram matrices of unit-norm maps, each over its mean energy."""
    if scaled:
        return gram.mean(0)
    unit = scale_gram(gram, "unit")
    return (unit / diag_mean(unit)[:, None, None]).mean(0)


def _shared(seeds: Sequence[Sequence[Label]], blocks: Sequence[Label]) -> Int[Tensor, "N N"]:
    """Return for each pair which seeds it shares, bit j for stream j; 0 across blocks, `NEVER` on the diagonal."""
    members = len(seeds)
    codes = [
        [_code(seeds[e], seeds[f]) if blocks[e] == blocks[f] else 0 for f in range(members)] for e in range(members)
    ]
    return torch.tensor(codes).fill_diagonal_(NEVER)


def _code(one: Sequence[Label], other: Sequence[Label]) -> int:
    return sum(1 << j for j, (a, b) in enumerate(zip(one, other, strict=True)) if a == b)


def _kept(blocks: Sequence[Label]) -> list[Bool[Tensor, " N"]]:
    """Return the members to keep: all of them, then all but each block's."""
    names = list(dict.fromkeys(blocks))
    indices = torch.tensor([names.index(block) for block in blocks])
    return [torch.ones(len(blocks), dtype=torch.bool)] + [indices != k for k in range(len(names))]


def _check(
    gram: Tensor,
    seeds: Sequence[Sequence[Label]],
    streams: Sequence[str],
    blocks: Sequence[Label],
    replicates: Sequence[Label] | None,
) -> None:
    if not 2 <= len(streams) <= 4:
        raise UsageError(f"{len(streams)} streams of seeds: give 2 to 4")
    again = [0] * len(seeds) if replicates is None else replicates
    if not gram.shape[-1] == len(seeds) == len(blocks) == len(again):
        raise UsageError(
            f"{gram.shape[-1]} members' maps, {len(seeds)} rows of seeds, {len(blocks)} blocks and {len(again)} "
            "replicates: need as many of each"
        )
    uneven = [e for e, row in enumerate(seeds) if len(row) != len(streams)]
    if uneven:
        raise UsageError(f"members {uneven} have not one seed per stream ({', '.join(streams)})")
    rows = [(block, *row, label) for block, row, label in zip(blocks, seeds, again, strict=True)]
    twice = sorted({e for e, row in enumerate(rows) if rows.count(row) > 1})
    if twice:
        raise UsageError(f"members {twice} have block and all seeds in common: distinguish them by `replicates`")
