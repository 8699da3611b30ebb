"""Noise floors: the value of every figure for maps of nothing but Gaussian noise.

An SNR without its floor says nothing: with 8 members, pure noise has an `snr_rms` of 0.35, and 0.77 after a
ReLU.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.views import get_view


def snr_floor(view: str) -> float:
    """Return the floor of the corrected r: 0 signed, 1/(pi - 1) relu, 2/(pi - 2) abs.

    Exact for many effective pixels, where unit norm and pooling change nothing.

    >>> round(snr_floor("relu"), 3)
    0.467
    """
    return get_view(view).noise_snr


def cosine_floor(view: str) -> float:
    """Return the floor of the mean pairwise cosine: 0 signed, 1/pi relu, 2/pi abs."""
    return snr_floor(view) / (1 + snr_floor(view))


def snr_power_floor(view: str, members: int, effective_pixels: float = math.inf) -> float:
    """Return the floor of `snr_power`: signed, (1/E) nu / (nu - 2) with nu = (E - 1) P_eff; else r_0 + 1/E.

    Args:
        view: name of the view; r_0 is its `snr_floor`, and its floor is that for many effective pixels.
        members: E, at least 2.
        effective_pixels: P_eff. NaN (unknown) gives NaN in the signed view.

    >>> round(snr_power_floor("signed", 8, 4.0), 4)
    0.1346
    """
    if not get_view(view).signed:
        return snr_floor(view) + 1 / members
    nu = (members - 1) * effective_pixels
    if nu <= 2 + 1e-9:
        return math.inf
    return 1 / (members * (1 - 2 / nu))


def snr_rms_floor(view: str, members: int) -> float:
    """Return the floor of `snr_rms`, sqrt(r_0 + 1/E) for many effective pixels; signed at P_eff = 4 5% less.

    >>> [round(snr_rms_floor("relu", members), 2) for members in (8, 30)]
    [0.77, 0.71]
    """
    return math.sqrt(snr_floor(view) + 1 / members)


def snr_pixel_floor(view: str, members: int) -> float:
    """Return the floor of `snr_pixel`; infinite with two members in every view.

    Signed: E|t_(E-1)| / sqrt(E), exact. Other views: the mean of 200,000 noise pixels from a fixed seed
    (standard error 0.2% at E = 8), cached per process; pixels that are zero in all members are left out, as
    in the figure itself.

    >>> [round(snr_pixel_floor("signed", members), 3) for members in (4, 8, 16, 30)]
    [0.551, 0.318, 0.21, 0.15]
    """
    if members < 3:
        return math.inf
    if not get_view(view).signed:
        return _simulated_pixel_floor(view, members)
    gammas = math.exp(math.lgamma((members - 2) / 2) - math.lgamma((members - 1) / 2))
    return math.sqrt((members - 1) / math.pi / members) * gammas


def noise_floor(figure: str, *, view: str, members: int, effective_pixels: float = math.inf) -> float:
    """Return the floor of a figure by its key in `CellStatistics.estimates`; NaN where it needs an unknown P_eff.

    Raises:
        UsageError: there is no such figure or view.

    >>> noise_floor("snr_rms", view="signed", members=4)
    0.5
    """
    floors = {
        "snr_pixel": lambda: snr_pixel_floor(view, members),
        "snr_rms": lambda: snr_rms_floor(view, members),
        "snr_power": lambda: snr_power_floor(view, members, effective_pixels),
        "cosine": lambda: cosine_floor(view),
        "snr": lambda: snr_floor(view),
        "snr_averaged": lambda: snr_floor(view),
        "snr_network": lambda: snr_floor(view),
        "snr_amplitude": lambda: math.sqrt(snr_floor(view)),
    }
    if figure not in floors:
        raise UsageError(f"unknown figure '{figure}': choose one of {', '.join(floors)}")
    return floors[figure]()


@lru_cache(maxsize=256)
def _simulated_pixel_floor(view: str, members: int, pixels: int = 200_000) -> float:
    """Return the mean of |m| / s over simulated noise pixels in a non-negative view."""
    noise = np.random.default_rng(20230618).standard_normal((members, pixels))
    values = np.maximum(noise, 0) if view == "relu" else np.abs(noise)
    values = values[:, values.any(0)]
    return float((values.mean(0) / values.std(0, ddof=1)).mean())
