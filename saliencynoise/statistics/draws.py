"""A stochastic method's own noise apart from the networks': inner products of members crossed with draws.

The second draw has the same random numbers for all members, in every other draw each member has its own. A shared
draw's sampling error is common to the members' maps and would count as *signal* (r = 0.545 was simulated where 0.30 was
true), in tests of members too, whatever pairs are left out: so every figure is of the own draws. The shared one shows
the parts. With C_ab the mean inner product of two unit-norm maps, a = same member?, b = same draw?: C00 is the signal;
C10 - C00 is the part of the networks, C01 (the shared draw) - C00 the part of the draws, and C11 - C10 - C01 + C00 the
part that only the pair of both determines. The signal itself is of own draws. In differences C00 is over all pairs of
different draws, own and shared. C10 has the same pairs, so that their errors cancel (networks that are equal differ by
exactly 0; where r of the networks is 10, its standard error is less than half).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces.seeds import draw_kind
from saliencynoise.statistics.gram import scale_gram
from saliencynoise.statistics.intervals import Pooled
from saliencynoise.statistics.snr import snr_from_cosine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Bool, Float
    from torch import Tensor


def own_draws(draws: int) -> list[int]:
    """Return the draws in which each member has random numbers of its own.

    >>> own_draws(3)
    [0, 2]
    """
    return [draw for draw in range(draws) if draw_kind(draw) == "own"]


def own_mean(maps: Float[Tensor, "E D ..."]) -> Float[Tensor, "E ..."]:
    """Return each member's map averaged over its own draws; of different members their errors are independent.

    >>> own_mean(torch.tensor([[[1.0], [9.0], [3.0]]]))
    tensor([[2.]])
    """
    return maps[:, own_draws(maps.shape[1])].mean(1)


def crossed_gram(maps: Float[Tensor, "E D P"]) -> Float[Tensor, "E D E D"]:
    """Return the inner products of all members' maps in all draws, in float64.

    >>> crossed_gram(torch.tensor([[[1.0], [2.0]]]))[0, 0, 0, 1].item()
    2.0
    """
    rows = maps.to(torch.float64).flatten(0, 1)
    return (rows @ rows.mT).reshape(*maps.shape[:2], *maps.shape[:2])


def between_draws(crossed: Float[Tensor, "B E D E D"]) -> Float[Tensor, "B E E"]:
    """Return the Gram matrices of single unit-norm maps, each from a draw of its own.

    Off the diagonal, own draws of different members; on it, each map with itself. The r of these matrices is that of
    one network's map from one draw of its own.
    """
    unit = unit_crossed(crossed)
    draws = own_draws(unit.shape[-1])
    gram = unit[..., draws, :, :][..., draws].mean((-3, -1))
    itself = unit.diagonal(dim1=-4, dim2=-2).diagonal(dim1=-3, dim2=-2)  # [B, E, D]
    return (gram + gram.mT) / 2 + torch.diag_embed(itself.mean(-1) - gram.diagonal(dim1=-2, dim2=-1))


def networks_gram(crossed: Float[Tensor, "B E D E D"]) -> Float[Tensor, "B E E"]:
    """Return the inner products of unit-norm maps from different draws, on the diagonal too: [e, e] is C10 of member e.

    The means are over all pairs of different draws. So they contain neither the common part of a draw nor the part that
    a map has in common with itself alone.
    """
    unit = unit_crossed(crossed)
    draws = unit.shape[-1]
    different = unit.sum((-3, -1)) - unit.diagonal(dim1=-3, dim2=-1).sum(-1)
    return (different + different.mT) / (2 * draws * (draws - 1))


def network_snr(crossed: Float[Tensor, "B E D E D"]) -> Pooled | None:
    """Return C00 / (C10 - C00), pooled over images: the r of the networks alone, as with endless draws.

    This is r = q / (1 - q) with q = C00 / C10, a ratio of means over images; an image's contribution is linearised
    about it. The result is None where the draws of the same member have nothing in common (C10 is not positive).
    """
    gram = networks_gram(crossed)
    members = gram.shape[-1]
    stay = 1 - torch.eye(members, dtype=gram.dtype)
    diagonal = gram.diagonal(dim1=-2, dim2=-1)
    pairs = (gram - torch.diag_embed(diagonal)).sum(-1)
    signal = pairs.sum(-1) / (members * (members - 1))
    same = diagonal.mean(-1)
    if float(same.mean()) <= 0:
        return None
    same_without = diagonal @ stay / (members - 1)
    if members > 2:
        signal_without = (pairs.sum(-1, keepdim=True) - 2 * pairs) / ((members - 1) * (members - 2))
    else:
        signal_without = torch.full_like(same_without, torch.nan)
    return Pooled(
        per_image=_linearised(signal, same),
        without=_linearised(signal_without, same_without),
        link=snr_from_cosine,
        lowest=-1 / members,
        ratio=True,
    )


def energy_shares(
    crossed: Float[Tensor, "B E D E D"], *, apart: Bool[Tensor, "E E"] | None = None
) -> Mapping[str, float]:
    """Return the shares of a single map's energy: "signal", "network", "draw" and "residual"; they sum to one.

    Unbiased, so small ones may be negative.

    Args:
        crossed: of the raw maps.
        apart: the pairs of members that have nothing in common but the signal; None where all different ones do.
    """
    unit, gram = unit_crossed(crossed), networks_gram(crossed)
    itself = torch.eye(unit.shape[-4], dtype=torch.bool)
    off = ~itself if apart is None else apart
    signal = float(between_draws(crossed)[:, off].mean())
    c00, c10 = float(gram[:, off].mean()), float(gram[:, itself].mean())
    shared = [draw for draw in range(unit.shape[-1]) if draw_kind(draw) == "shared"]
    c01 = float(torch.stack([unit[..., draw, :, draw][:, off] for draw in shared]).mean())
    c11 = float(unit.diagonal(dim1=-4, dim2=-2).diagonal(dim1=-3, dim2=-2).mean())
    parts = {"signal": signal, "network": c10 - c00, "draw": c01 - c00}
    parts["residual"] = c11 - sum(parts.values())
    return MappingProxyType({name: part / c11 for name, part in parts.items()})


def unit_crossed(crossed: Float[Tensor, "B E D E D"]) -> Float[Tensor, "B E D E D"]:
    """Return the inner products of the maps divided by their norms.

    >>> unit_crossed(torch.full((1, 1, 2, 1, 2), 4.0)).flatten().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    flat = crossed.flatten(-4, -3).flatten(-2, -1)
    return scale_gram(flat, "unit").reshape(crossed.shape)


def _linearised(signal: Tensor, same: Tensor) -> Tensor:
    """Return values per image whose mean is mean(signal) / mean(same), and which vary as that ratio does."""
    ratio = signal.mean(0) / same.mean(0)
    return torch.where(same.mean(0) > 0, ratio + (signal - ratio * same) / same.mean(0), torch.nan)
