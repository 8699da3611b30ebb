"""Gram matrices of members' maps, G[e, f] = <a_e, a_f>: nearly every figure is a function of them alone.

With m and s^2 the mean and unbiased variance over members, per pixel, and `diag`, `off` the means of G on and
off its diagonal: sum of s^2 = diag - off, and the sum of m^2 = off + (diag - off) / E.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import torch

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor

Scale = Literal["raw", "member", "unit"]

NOISELESS = 1e-12
"""A noise energy below this share of a map's energy counts as none.

Identical members leave about 1e-16 by rounding; float32 maps that differ in one last digit leave 1e-15 or
more, which double precision cannot distinguish from rounding in a Gram matrix.
"""


def gram_matrix(maps: Float[Tensor, "E *n P"]) -> Float[Tensor, "*n E E"]:
    """Return the members' inner products over pixels, in float64.

    Args:
        maps: `[E, ..., P]`, the members first, the pixels (channels included) last; any floating dtype.

    Returns:
        `[..., E, E]`, symmetric and positive semidefinite, in squared units of the maps.

    >>> gram_matrix(torch.tensor([[1.0, 2.0], [3.0, 0.0]])).tolist()
    [[5.0, 3.0], [3.0, 9.0]]
    """
    rows = maps.to(torch.float64).movedim(0, -2)
    gram = rows @ rows.mT
    return (gram + gram.mT) / 2


def diag_mean(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n"]:
    """Return the mean energy of a member's map."""
    return gram.diagonal(dim1=-2, dim2=-1).mean(-1)


def off_mean(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n"]:
    """Return the mean inner product of two different members: unbiased for the true mean map's energy."""
    members = gram.shape[-1]
    return _hollow(gram).sum((-2, -1)) / (members * (members - 1))


def noise_mean(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n"]:
    """Return the noise energy of one map, diag - off = sum over pixels of s^2; rounding is set to zero."""
    diag = diag_mean(gram)
    return _without_rounding(diag - off_mean(gram), diag)


def means_without(
    gram: Float[Tensor, "*n E E"],
) -> tuple[Float[Tensor, "*n E"], Float[Tensor, "*n E"], Float[Tensor, "*n E"]]:
    """Return `diag_mean`, `off_mean` and `noise_mean` with each member left out in turn.

    Sums run over the members that stay (nothing is subtracted), so one huge map does not spoil the figures of
    the others. With two members the second and third are NaN.
    """
    members = gram.shape[-1]
    stay = 1 - torch.eye(members, dtype=gram.dtype)
    diag = gram.diagonal(dim1=-2, dim2=-1) @ stay / (members - 1)
    pairs = (stay @ _hollow(gram) * stay).sum(-1)
    off = pairs / ((members - 1) * (members - 2)) if members > 2 else torch.full_like(pairs, torch.nan)
    return diag, off, _without_rounding(diag - off, diag)


def cosine_of_averages(gram: Float[Tensor, "B E E"], left: Sequence[int], right: Sequence[int]) -> float:
    """Return the cosine between the average maps of two groups of members, pooled over images by energy.

    Args:
        gram: one matrix per image, of unit-norm maps where no image is to weigh more than another.
        left: members of one group.
        right: members of the other, none of them in both: a member is not compared with itself.

    >>> gram = torch.tensor([[[4.0, 2.0, 2.0], [2.0, 4.0, 0.0], [2.0, 0.0, 4.0]]])
    >>> round(cosine_of_averages(gram, [0], [1, 2]), 4)     # 2 / sqrt(4 * 2)
    0.7071
    """
    one, other = list(left), list(right)
    across = gram[:, one][:, :, other].mean()
    energies = gram[:, one][:, :, one].mean() * gram[:, other][:, :, other].mean()
    return float(across / energies.sqrt())


def scale_gram(gram: Float[Tensor, "B E E"], scale: Scale) -> Float[Tensor, "B E E"]:
    """Return the Gram matrices that maps rescaled by `scale` would have.

    Args:
        gram: one matrix per image.
        scale: "raw" changes nothing; "member" divides every member's maps by one factor over all images, the
            root of its mean energy relative to the image's `diag` (so that no image dominates the factor);
            "unit" divides each map by its norm, so that the entries are cosines.

    Returns:
        The same shape; the rows and columns of zero maps stay zero.

    Raises:
        UsageError: there is no such scale.

    >>> scale_gram(torch.tensor([[[4.0, 3.0], [3.0, 9.0]]]).double(), "unit")[0, 0, 1].item()
    0.5
    """
    energy = gram.diagonal(dim1=-2, dim2=-1)
    if scale == "raw":
        return gram
    if scale == "unit":
        factor = _inverse_root(energy)
    elif scale == "member":
        mean = energy.mean(-1, keepdim=True)
        relative = torch.where(mean > 0, energy / mean, 0.0)
        used = (mean > 0).sum().clamp(min=1)
        factor = _inverse_root(relative.sum(0, keepdim=True) / used)
    else:
        raise UsageError(f"unknown scale '{scale}': choose one of {', '.join(get_args(Scale))}")
    return gram * factor[..., :, None] * factor[..., None, :]


def _hollow(gram: Tensor) -> Tensor:
    """Return `gram` with a diagonal of zeros."""
    return gram - torch.diag_embed(gram.diagonal(dim1=-2, dim2=-1))


def _without_rounding(noise: Tensor, energy: Tensor) -> Tensor:
    return torch.where(noise.abs() <= NOISELESS * energy, 0.0, noise)


def _inverse_root(energy: Tensor) -> Tensor:
    return torch.where(energy > 0, energy.rsqrt(), 0.0)
