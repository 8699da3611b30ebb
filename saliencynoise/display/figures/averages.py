"""The averages of all members' maps of one picture that figures show: mean, noise and significant pixels.

Every member's map is divided by its L2 norm before anything else, as for the headline r. With raw maps, a
network with a large gain would set the colour scale and dominate the mean, although its gain says nothing about the
places that it uses. Only the test of `AverageMap.significant` sees the raw maps, as does the share of significant
pixels in a study's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float

MEAN = "mean"
MEAN_AT_UNIT_NORM = "mean at unit norm"
NOISE = "noise"
SIGNIFICANT = "significant"

CLIP = 99.5
"""Percentile of |value| over all maps of a row at which its colour scale ends."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AverageMap:
    """The averages of all members' maps of one picture. A value that is NaN in one member is NaN here.

    Attributes:
        unit: `[E, c, h, w]`, of unit norm each; zero maps stay zero.
        mean: `[c, h, w]`, of `unit`.
        norm: of the mean, 0 to 1; the NaN left out.
        noise: `[h, w]`, the standard deviation over members (E - 1) of the sums over channels, which are what is drawn
            of a member; NaN of one member.
        significant: `[c, h, w]`, whether the raw maps' mean over members differs from zero: a moderated t-test of each
            pixel of each channel at 5% false discoveries (`saliencynoise.statistics.significant_pixels`). For maps of
            one sign, each map less its own mean is tested. A value that is NaN in a member is not tested, and no value
            of one member is.
    """

    unit: Float[np.ndarray, "E c h w"]
    mean: Float[np.ndarray, "c h w"]
    norm: float
    noise: Float[np.ndarray, "h w"]
    significant: Bool[np.ndarray, "c h w"]

    @property
    def share(self) -> float:
        """The share of significant values among all pixels of all channels; NaN for one member."""
        return float(self.significant.mean()) if len(self.unit) > 1 else float("nan")

    @property
    def significant_pixels(self) -> Bool[np.ndarray, "h w"]:
        """The pixels with at least one significant channel."""
        import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

        pixels: Bool[np.ndarray, "h w"] = np.logical_or.reduce(self.significant)
        return pixels

    @property
    def at_unit_norm(self) -> Float[np.ndarray, "h w"]:
        """The mean at the norm of a single map, channels summed."""
        shown: Float[np.ndarray, "h w"] = self.mean.sum(0) / (self.norm or 1.0)
        return shown

    @property
    def mean_where_significant(self) -> Float[np.ndarray, "h w"]:
        """The sum of the mean over its significant channels; 0 where none is significant, NaN where one is NaN."""
        import numpy as np  # noqa: PLC0415 - as above

        if len(self.unit) < 2:
            return np.full(self.noise.shape, np.nan)
        shown: Float[np.ndarray, "h w"] = np.where(self.significant | np.isnan(self.mean), self.mean, 0.0).sum(0)
        return shown


def average_of(
    maps: Float[np.ndarray, "E c h w"], *, significant: Bool[np.ndarray, "c h w"] | None = None
) -> AverageMap:  # fmt: skip
    """Return the averages of members' raw maps of one picture; infinities count as NaN.

    Args:
        maps: of one picture.
        significant: which values of the mean are significant, where that was tested already; None to test them.

    >>> import numpy as np
    >>> average = average_of(np.array([3.0, 4.0, 3.0, -4.0]).reshape(2, 1, 1, 2))
    >>> average.mean.ravel().tolist(), round(average.norm, 3), average.noise.round(3).ravel().tolist()
    ([0.6, 0.0], 0.6, [0.0, 1.131])
    """
    import numpy as np  # noqa: PLC0415 - as above

    unit = unit_maps(maps)
    mean = unit.mean(0)
    if significant is None:
        significant = _significant(maps) if len(unit) > 1 else np.zeros(unit.shape[1:], dtype=bool)
    return AverageMap(
        unit=unit,
        mean=mean,
        norm=float(np.sqrt(np.nansum(mean**2))),
        noise=_spread(unit.sum(1)),
        significant=significant,
    )


def unit_maps(maps: Float[np.ndarray, "E c h w"]) -> Float[np.ndarray, "E c h w"]:
    """Return each map divided by its L2 norm over channels and pixels, in float64; zero maps stay zero.

    NaN stays, infinity becomes NaN, and the norm is that of the finite values.

    >>> import numpy as np
    >>> unit_maps(np.array([3.0, 4.0, 0.0, 0.0]).reshape(2, 1, 1, 2)).ravel().tolist()
    [0.6, 0.8, 0.0, 0.0]
    """
    import numpy as np  # noqa: PLC0415 - as above

    maps = np.where(np.isfinite(maps), maps, np.nan).astype(np.float64)
    norms = np.sqrt(np.nansum(maps**2, axis=(1, 2, 3), keepdims=True))
    return maps / np.where(norms > 0, norms, 1.0)


def colour_limit(tiles: Sequence[Float[np.ndarray, "h w"]]) -> float:
    """Return the `CLIP`-th percentile of |value| over maps, or the largest |value| if that percentile is 0.

    >>> import numpy as np
    >>> colour_limit([np.array([[-2.0, 1.0]]), np.array([[np.nan, 2.0]])])
    2.0
    """
    import numpy as np  # noqa: PLC0415 - as above

    values = np.concatenate([np.abs(tile).ravel() for tile in tiles]) if tiles else np.zeros(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0
    return float(np.percentile(values, CLIP)) or float(values.max())


def _spread(tiles: Float[np.ndarray, "E h w"]) -> Float[np.ndarray, "h w"]:
    """Return the standard deviation over members. It is exactly zero if all are equal, free of rounding errors."""
    import numpy as np  # noqa: PLC0415 - as above

    if len(tiles) < 2:
        return np.full(tiles.shape[1:], np.nan)
    return np.where((tiles == tiles[0]).all(0), 0.0, tiles.std(0, ddof=1))


def _significant(maps: Float[np.ndarray, "E c h w"]) -> Bool[np.ndarray, "c h w"]:
    import numpy as np  # noqa: PLC0415 - as above
    import torch  # noqa: PLC0415 - as above

    from saliencynoise.statistics.pixels import significant_pixels  # noqa: PLC0415 - torch, as above
    from saliencynoise.statistics.signs import with_null  # noqa: PLC0415 - as above

    if np.isfinite(maps).all():
        maps = with_null(torch.from_numpy(np.asarray(maps, dtype=np.float64))).numpy()
    rows = maps.reshape(len(maps), -1)
    finite = np.isfinite(rows).all(0)
    significant = np.zeros(rows.shape[1], dtype=bool)
    if finite.any():
        significant[finite] = significant_pixels(
            torch.from_numpy(rows[:, finite]), rate=FALSE_DISCOVERY_RATE
        ).significant.numpy()
    return significant.reshape(maps.shape[1:])
