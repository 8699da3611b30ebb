"""Views of the stored raw maps: the transformation of the maps before any measurement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class View:
    """A named function of a map: of each pixel's value, or for "centred" of the whole map.

    Attributes:
        name: as in commands, files and results.
        signed: whether negative values are kept; only then does pure noise average to zero.
        summary: one line for tables and help.
        function: maps `[..., c, h, w]` to maps of the same shape.
        noise_snr: the corrected SNR r of pure Gaussian noise in this view: mean^2 / variance of one pixel.
    """

    name: str
    signed: bool
    summary: str
    function: Callable[[Tensor], Tensor]
    noise_snr: float


ROUNDING = 1e-6
"""Share of a map's largest absolute value below which all that is left of it, less its mean, is rounding."""


def _centred(maps: Tensor) -> Tensor:
    """Return each map less its mean over places, channel by channel; zero where it is constant up to rounding."""
    centred = maps - maps.mean((-2, -1), keepdim=True)
    size, centred_size = (values.abs().amax((-3, -2, -1), keepdim=True) for values in (maps, centred))
    return torch.where(centred_size > ROUNDING * size, centred, 0.0)


VIEWS: Mapping[str, View] = MappingProxyType(
    {
        view.name: view
        for view in (
            View(
                name="signed",
                signed=True,
                summary="the raw map, sign kept",
                function=lambda maps: maps,
                noise_snr=0.0,
            ),
            View(
                name="relu",
                signed=False,
                summary="evidence for the class only: negative values set to zero",
                function=torch.relu,
                noise_snr=1 / (math.pi - 1),
            ),
            View(
                name="abs",
                signed=False,
                summary="magnitude only: absolute values",
                function=torch.abs,
                noise_snr=2 / (math.pi - 2),
            ),
            View(
                name="centred",
                signed=True,
                summary="differences between places: each map less its own mean (per channel)",
                function=_centred,
                noise_snr=0.0,
            ),
        )
    }
)


def get_view(name: str) -> View:
    """Return the view called `name`.

    >>> round(get_view("abs").noise_snr, 2)
    1.75

    Raises:
        UsageError: there is no such view; the message lists the names.
    """
    if name not in VIEWS:
        raise UsageError(f"unknown view '{name}': choose one of {', '.join(VIEWS)}")
    return VIEWS[name]


def apply_view(maps: Float[Tensor, "*n c h w"], name: str) -> Float[Tensor, "*n c h w"]:
    """Return raw `maps` in the view called `name`; dtype, device and units are kept.

    >>> apply_view(torch.tensor([[[-1.0, 2.0]]]), "relu").sum().item()
    2.0

    Raises:
        UsageError: there is no such view; the message lists the names.
    """
    return get_view(name).function(maps)
