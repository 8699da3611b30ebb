"""Is there any signal? A sign-flip test on the Gram matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.statistics.gram import diag_mean, scale_gram
from saliencynoise.statistics.intervals import Unit

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

FEWEST_MEMBERS = 6
MOST_MEMBERS_EXACT = 11
DRAWS = 9999


@dataclass(frozen=True, kw_only=True)
class SignalTest:
    """Outcome of the sign-flip test.

    Attributes:
        p: the p-value, or None where no test was made.
        note: how it was obtained, or why there is none.
    """

    p: float | None
    note: str


def sign_flip_test(gram: Float[Tensor, "B E E"], *, seed: int, unit: Unit = "members") -> SignalTest:
    """Test whether members share any signal: the energy of their summed maps against all choices of signs.

    Without signal and with noise symmetric about zero, each member's maps (on all images together) could as
    well have come with the opposite sign, so 1'G1 is one draw among the s'Gs; p is the share of sign vectors
    s that reach it. G is pooled over images from unit-norm maps. Exact over all 2^(E-1) sign vectors up to E
    = 11; beyond, 9999 draws from `seed`. Only for signed maps: the noise of non-negative views is not
    symmetric.

    Where members share starts, G is of networks from different starts, and the starts are flipped: `unit` is "starts".

    No test below E = 6, where the smallest p exceeds 0.05.

    >>> sign_flip_test(torch.ones(1, 6, 6).double() + torch.eye(6).double(), seed=0).p
    0.03125
    """
    members = gram.shape[-1]
    if members < FEWEST_MEMBERS:
        note = f"no test: {members} {unit}; at least {FEWEST_MEMBERS} are needed for p below 0.05"
        return SignalTest(p=None, note=note)
    if not bool((diag_mean(gram) > 0).any()):
        return SignalTest(p=None, note="no test: all maps are zero")
    exact = members <= MOST_MEMBERS_EXACT
    signs = _all_signs(members) if exact else _drawn_signs(members, seed)
    pooled = scale_gram(gram, "unit").sum(0)
    energies = (signs @ pooled * signs).sum(-1)
    reached = energies >= energies[0] - 1e-9 * pooled.diagonal().sum()  # row 0 is all ones; ties are reached
    note = f"exact, {len(signs)} sign vectors" if exact else f"Monte Carlo, {len(signs) - 1} sign vectors"
    return SignalTest(p=float(reached.double().mean()), note=note)


def _all_signs(members: int) -> Float[Tensor, "S E"]:
    """Return all sign vectors with first entry +1 (s and -s give the same energy), all ones first."""
    numbers = torch.arange(2 ** (members - 1))
    bits = (numbers[:, None] >> torch.arange(members - 1)) & 1
    return torch.cat([torch.ones(len(numbers), 1), 1.0 - 2 * bits], 1).double()


def _drawn_signs(members: int, seed: int) -> Float[Tensor, "S E"]:
    """Return the vector of ones and 9999 random sign vectors."""
    generator = torch.Generator().manual_seed(seed)
    drawn = 1.0 - 2 * torch.randint(2, (DRAWS, members), generator=generator)
    return torch.cat([torch.ones(1, members), drawn]).double()
