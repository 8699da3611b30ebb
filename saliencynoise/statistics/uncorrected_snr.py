"""The published-style, uncorrected SNRs of one image: mean over members against spread over members.

Source: Woerl, Disselhoff and Wand, "Initialization Noise in Image Gradients and Saliency Maps", CVPR 2023.
The table there does not say which of these three it holds. All three are positive for pure noise (`floors`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import torch

from saliencynoise.statistics.gram import means_without, noise_mean, off_mean

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

_Moments: TypeAlias = "tuple[int, Tensor, Tensor]"
"""Moments of a group of members: their number, their mean map, their summed squared deviations from it."""


def snr_pixel(maps: Float[Tensor, "E *n P"]) -> Float[Tensor, "*n"]:
    """Return the mean over pixels of |m| / s; pixels with m = s = 0 are left out.

    Infinite if a pixel has s = 0 and m != 0; NaN if every pixel is left out.

    >>> round(snr_pixel(torch.tensor([[1.0, 0.0, 2.0], [3.0, 0.0, 4.0]])).item(), 6)  # (2 + 3) / 2 / sqrt(2)
    1.767767
    """
    return _ratio(_running(maps)[-1])


def snr_pixel_without(maps: Float[Tensor, "E *n P"]) -> Float[Tensor, "*n E"]:
    """Return `snr_pixel` with each member left out in turn, in time and memory linear in the maps.

    The moments of the members before and after the one left out are merged; nothing is subtracted, so pixels
    that are zero in all remaining members are recognised exactly.

    NaN with two members: one map has no spread.
    """
    if len(maps) < 3:
        return torch.full((*maps.shape[1:-1], len(maps)), torch.nan, dtype=torch.float64)
    before = _running(maps)[:-1]
    after = _running(maps.flip(0))[-2::-1]
    return torch.stack([_ratio(_merge(a, b)) for a, b in zip(before, after, strict=True)], -1)


def snr_power(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n"]:
    """Return the sum of m^2 over the sum of s^2, off / (diag - off) + 1/E; infinite for identical members.

    NaN where all maps are zero.

    >>> snr_power(torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double()).item()
    1.5
    """
    return _power(off_mean(gram), noise_mean(gram), gram.shape[-1])


def snr_power_without(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n E"]:
    """Return `snr_power` with each member left out in turn; NaN with two members."""
    _, off, noise = means_without(gram)
    return _power(off, noise, gram.shape[-1] - 1)


def snr_rms(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n"]:
    """Return the root of `snr_power`: the norm of m over the norm of s."""
    return snr_power(gram).sqrt()


def snr_rms_without(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n E"]:
    """Return `snr_rms` with each member left out in turn; NaN with two members."""
    return snr_power_without(gram).sqrt()


def _power(off: Tensor, noise: Tensor, members: int) -> Tensor:
    return (off + noise / members).clamp(min=0) / noise


def _running(maps: Tensor) -> list[_Moments]:
    """Return the moments of the first 0, 1, ..., E members (Welford)."""
    nothing = torch.zeros(maps.shape[1:], dtype=torch.float64)
    moments = [(0, nothing, nothing)]
    for member in maps.to(torch.float64):
        moments.append(_merge(moments[-1], (1, member, torch.zeros_like(member))))
    return moments


def _merge(a: _Moments, b: _Moments) -> _Moments:
    """Return the moments of two groups of members together (Chan, Golub and LeVeque); one may be empty."""
    (n_a, mean_a, squares_a), (n_b, mean_b, squares_b) = a, b
    count = n_a + n_b
    gap = mean_b - mean_a
    return count, mean_a + gap * (n_b / count), squares_a + squares_b + gap.square() * (n_a * n_b / count)


def _ratio(moments: _Moments) -> Tensor:
    """Return the mean over pixels of |m| / s; 0 / 0 is NaN and left out."""
    count, mean, squares = moments
    return (mean.abs() / (squares / (count - 1)).sqrt()).nanmean(-1)
