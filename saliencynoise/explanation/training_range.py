"""The difference between a picture and the training pictures, by brightness, contrast and tint.

Each is one figure per picture. A picture is unlike the training pictures in a figure if it is outside the middle 99% of
theirs. One training picture in a hundred is unlike them, too. The test is simple: a photograph of another domain may
pass it. It detects the most harmful cases: inverted, washed out or empty pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from torch import Tensor

MIDDLE = (0.005, 0.995)
"""Quantiles of the training pictures between which a picture is like them."""

SAMPLED = 4096
"""The largest number of training pictures that are measured, spread evenly over all."""

CHUNK = 64
"""Batch size of these measurements, since a batch is in memory as floats."""

Range = tuple[float, float]


def picture_statistics(images: UInt8[Tensor, "B C H W"]) -> Mapping[str, Float[Tensor, " B"]]:
    """Return each picture's figures, of pixels from 0 to 1.

    "brightness" is the mean over pixels and channels; "contrast" the standard deviation over pixels of the mean over
    channels; "tint" the range of the channels' means, for colour pictures only.

    >>> black_and_white = torch.tensor([[[[0, 255]]]], dtype=torch.uint8)
    >>> {name: values.tolist() for name, values in picture_statistics(black_and_white).items()}
    {'brightness': [0.5], 'contrast': [0.5]}
    """
    pixels = images.double() / 255
    values = {"brightness": pixels.mean((1, 2, 3)), "contrast": pixels.mean(1).flatten(1).std(1, correction=0)}
    if images.shape[1] > 1:
        means = pixels.mean((2, 3))
        values["tint"] = means.amax(1) - means.amin(1)
    return values


def training_ranges(train: UInt8[Tensor, "N C H W"]) -> Mapping[str, Range]:
    """Return the range of each figure of the training pictures, without 0.5% at either end."""
    indices = torch.linspace(0, len(train) - 1, min(len(train), SAMPLED)).round().long()
    quantiles = torch.tensor(MIDDLE, dtype=torch.float64)
    parts = [picture_statistics(train[part]) for part in torch.split(indices, CHUNK)]
    ranges = {}
    for name in parts[0]:
        low, high = torch.quantile(torch.cat([part[name] for part in parts]), quantiles).tolist()
        ranges[name] = (low, high)
    return ranges


def out_of_range(image: UInt8[Tensor, "C H W"], usual: Mapping[str, Range]) -> Mapping[str, float]:
    """Return the figures in which a picture is unlike the training pictures, with the picture's values."""
    measured = {name: float(values[0]) for name, values in picture_statistics(image[None]).items()}
    return {name: value for name, value in measured.items() if not usual[name][0] <= value <= usual[name][1]}
