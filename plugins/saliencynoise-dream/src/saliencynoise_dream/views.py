"""Pure functions on pictures `[B, C, H, W]` and their gradients: octaves, shifts, smoothing, ranges."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from saliencynoise.interfaces import derive_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, UInt8
    from torch import Tensor

CONTRAST = 0.05
"""Standard deviation of the noise that a dream starts from; pixels go from 0 to 1."""


def octave_sizes(size: tuple[int, int], octaves: int, scale: float) -> list[tuple[int, int]]:
    """Return height and width of each octave, from the coarsest to `size`.

    >>> octave_sizes((32, 16), 3, 2.0)
    [(8, 4), (16, 8), (32, 16)]
    """
    factors = [scale**-octave for octave in reversed(range(octaves))]
    return [(max(1, round(size[0] * factor)), max(1, round(size[1] * factor))) for factor in factors]


def resized(pictures: Float[Tensor, "B C H W"], size: tuple[int, int]) -> Float[Tensor, "B C h w"]:
    """Return the pictures at another size, bilinear, without aliasing; differentiable.

    >>> resized(torch.ones(1, 1, 4, 4), (2, 3))
    tensor([[[[1., 1., 1.],
              [1., 1., 1.]]]])
    """
    if pictures.shape[-2:] == size:
        return pictures
    return F.interpolate(pictures, size, mode="bilinear", antialias=True)


def shifted(pictures: Float[Tensor, "B C H W"], down: int, right: int) -> Float[Tensor, "B C H W"]:
    """Return the pictures moved by whole pixels; the borders are filled by mirroring. Differentiable.

    Args:
        pictures: pictures with more than |down| rows and |right| columns.
        down: rows to move by; negative for upwards.
        right: columns to move by; negative for leftwards.

    >>> shifted(torch.tensor([[[[1.0, 2.0, 3.0]]]]), 0, 1)
    tensor([[[[2., 1., 2.]]]])
    """
    height, width = pictures.shape[-2:]
    padded = F.pad(pictures, (abs(right), abs(right), abs(down), abs(down)), mode="reflect")
    top, left = abs(down) - down, abs(right) - right
    return padded[..., top : top + height, left : left + width]


def smoothed(pictures: Float[Tensor, "B C H W"], sigma: float) -> Float[Tensor, "B C H W"]:
    """Return the pictures convolved with a Gaussian of `sigma` pixels, cut at 3 sigma, mirrored at the borders.

    >>> smoothed(torch.ones(1, 1, 3, 3), 0.5).round(decimals=6).unique()
    tensor([1.])
    """
    for axis in (-2, -1):
        pictures = _smoothed_along(pictures, sigma, axis)
    return pictures


def _smoothed_along(pictures: Tensor, sigma: float, axis: int) -> Tensor:
    radius = min(math.ceil(3 * sigma), pictures.shape[axis] - 1)  # mirroring adds less than the size of the picture
    if radius == 0:
        return pictures
    offsets = torch.arange(-radius, radius + 1, dtype=pictures.dtype, device=pictures.device)
    kernel = (-0.5 * (offsets / sigma) ** 2).exp()
    kernel = (kernel / kernel.sum()).view((-1, 1) if axis == -2 else (1, -1))
    channels = pictures.shape[1]
    padding = (0, 0, radius, radius) if axis == -2 else (radius, radius, 0, 0)
    return F.conv2d(
        F.pad(pictures, padding, mode="reflect"), kernel.expand(channels, 1, -1, -1), groups=channels
    )  # fmt: skip


def unit_rms(gradient: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
    """Return each row divided by its root mean square; a row of zeros stays zero.

    >>> unit_rms(torch.tensor([[[[3.0, -3.0]]], [[[0.0, 0.0]]]])).flatten().tolist()
    [1.0, -1.0, 0.0, 0.0]
    """
    rms = gradient.square().mean((1, 2, 3), keepdim=True).sqrt()
    return gradient / torch.where(rms > 0, rms, 1)


def seen(pictures: Float[Tensor, "B C H W"], mean: Sequence[float], std: Sequence[float]) -> Float[Tensor, "B C H W"]:
    """Return the networks' input for pixels from 0 to 1: minus the mean, divided by the deviation, per channel.

    >>> seen(torch.tensor([[[[0.0, 1.0]]]]), (0.5,), (0.25,)).flatten().tolist()
    [-2.0, 2.0]
    """
    return (pictures - _per_channel(mean, pictures)) / _per_channel(std, pictures)


def to_bytes(pictures: Float[Tensor, "*shape"]) -> UInt8[Tensor, "*shape"]:
    """Return pixels from 0 to 1 as bytes, rounded.

    >>> to_bytes(torch.tensor([0.0, 0.5, 1.0])).tolist()
    [0, 128, 255]
    """
    return (pictures.clamp(0, 1) * 255).round().to(torch.uint8)


def noise_start(
    shape: tuple[int, int, int], *, keys: Sequence[int | str], mean: Sequence[float], seed: int
) -> Float[Tensor, "B C H W"]:
    """Return faint noise about the mean pixel as a start; the noise of a key does not depend on the other keys.

    >>> one, both = (noise_start((1, 2, 2), keys=keys, mean=(0.5,), seed=0) for keys in ([7], [3, 7]))
    >>> torch.equal(one[0], both[1])
    True
    """
    rows = []
    for key in keys:
        generator = torch.Generator().manual_seed(derive_seed(seed, "method", "dream", "start", key))
        rows.append(torch.randn(shape, generator=generator))
    noise = torch.stack(rows)
    return (_per_channel(mean, noise) + CONTRAST * noise).clamp(0, 1)


def _per_channel(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(1, -1, 1, 1)
