"""Spectral SNR: which details of a map can be trusted, by radial frequency.

As the spectral SNR and the Fourier ring correlation of cryo-electron microscopy (Penczek, "Resolution measures in
molecular electron microscopy", Methods in Enzymology 2010, doi:10.1016/S0076-6879(10)82003-8; Unser, Trus and Steven,
Ultramicroscopy 1987), with many members in place of two half data sets: the Gram matrix of each frequency band, in an
orthonormal Fourier transform, gives c per band, and SSNR = c / (1 - c).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.clusters import Clusters, start_gram
from saliencynoise.statistics.gram import NOISELESS, diag_mean, means_without, off_mean
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.intervals import Interval, Unit, claim_interval
from saliencynoise.statistics.jackknife import ratio_of_means
from saliencynoise.statistics.snr import snr_from_cosine

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

MOST_BANDS = 16


@dataclass(frozen=True, kw_only=True)
class Band:
    """One ring of frequencies.

    Attributes:
        frequency: mean over its frequencies of their radius, in cycles per pixel; 0 for the map's mean alone.
        energy: share of a map's energy; the bands' sum to 1.
        cosine: c: the mean pairwise cosine of members within the band; NaN without energy.
        ssnr: c / (1 - c); NaN without energy.
        interval: of `ssnr`, for new members and new images; None below 3 members or without energy.
    """

    frequency: float
    energy: float
    cosine: float
    ssnr: float
    interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """The spectral SNR of a set of images.

    Attributes:
        bands: from coarse to fine.
        images: B, without those on which all maps are zero.
    """

    bands: tuple[Band, ...]
    images: int

    def resolution(self, members: int = 1) -> float:
        """Return the period in pixels below which details cannot be trusted, from an average of `members` networks.

        Where the SSNR of the average, members * SSNR, last falls below 1 (by then half of a band's energy is noise),
        c interpolated between the bands' frequencies. Infinite where it reaches 1 in no band; 0 where the finest band
        has it, and the grid itself is the limit.

        Raises:
            UsageError: fewer than one member.

        >>> def band(frequency, cosine):
        ...     return Band(frequency=frequency, energy=0.5, cosine=cosine, ssnr=0.0, interval=None)
        >>> spectrum = Spectrum(bands=(band(0.1, 0.75), band(0.3, 0.25)), images=1)
        >>> spectrum.resolution()
        5.0
        """
        if members < 1:
            raise UsageError(f"an average of {members} networks: choose at least 1")
        needed = 1 / (members + 1)  # members * c / (1 - c) = 1
        known = [band for band in self.bands if not math.isnan(band.cosine)]
        trusted = [index for index, band in enumerate(known) if band.cosine >= needed]
        if not trusted:
            return math.inf
        if trusted[-1] == len(known) - 1:
            return 0.0
        below, above = known[trusted[-1]], known[trusted[-1] + 1]
        step = (below.cosine - needed) / (below.cosine - above.cosine)
        frequency = below.frequency + step * (above.frequency - below.frequency)
        return 1 / frequency if frequency > 0 else math.inf

    def words(self, members: int = 1) -> str:
        """Return the meaning of `resolution` as a sentence.

        >>> Spectrum(bands=(), images=1).words(8)
        'nothing in the map can be trusted from the average of 8 networks'
        """
        pixels = self.resolution(members)
        source = "one network" if members == 1 else f"the average of {members} networks"
        if math.isinf(pixels):
            return f"nothing in the map can be trusted from {source}"
        if pixels == 0:
            return f"details of every size that the map can hold can be trusted from {source}"
        return f"details finer than {pixels:.3g} pixels cannot be trusted from {source}"


def band_of(height: int, width: int, *, most_bands: int = MOST_BANDS) -> Int[Tensor, "h w"]:
    """Return the band of every frequency of `torch.fft.fft2`, from 0.

    Rings of the smaller side n: ring k has radii of (k - 1/2)/n to (k + 1/2)/n cycles per pixel, so that ring 0 is the
    mean alone, up to Nyquist's 1/2; the corners beyond are in the last ring. More rings than `most_bands` are put
    together into that many bands of nearly equal width.

    >>> band_of(2, 3).tolist()
    [[0, 1, 1], [1, 1, 1]]
    """
    side = min(height, width)
    rings = side // 2 + 1
    ring = (_radius(height, width) * side).round().long().clamp(max=rings - 1)
    return ring * min(most_bands, rings) // rings


def band_grams(maps: Float[Tensor, "E C h w"], *, most_bands: int = MOST_BANDS) -> Float[Tensor, "K E E"]:
    """Return the Gram matrix of one image's maps in each frequency band; they sum to the plain Gram matrix.

    Args:
        maps: raw or in a view, any floating dtype.
        most_bands: see `band_of`.

    Raises:
        UsageError: maps of another shape, or fewer than two members.

    >>> stripes = torch.tensor([1.0, -1.0]).repeat(4, 2)      # all energy at Nyquist, the last of the bands 0, 1, 2
    >>> band_grams(stripes.expand(2, 1, 4, 4))[:, 0, 1].tolist()
    [0.0, 0.0, 16.0]
    """
    if maps.ndim != 4 or len(maps) < 2:
        raise UsageError(f"maps of shape {list(maps.shape)}: need [members, channels, h, w] with at least 2 members")
    band = band_of(maps.shape[-2], maps.shape[-1], most_bands=most_bands).flatten()
    spectra = torch.fft.fft2(maps.detach().to(device="cpu", dtype=torch.float64), norm="ortho").flatten(2)
    grams = []
    for k in range(int(band.max()) + 1):
        rows = torch.view_as_real(spectra[..., band == k]).flatten(1)  # the real part of <F_e, F_f>
        grams.append(rows @ rows.mT)
    return torch.stack(grams)


def spectrum(
    grams: Float[Tensor, "B K E E"],
    *,
    height: int,
    width: int,
    seed: int,
    groups: Groups | None = None,
    clusters: Clusters | None = None,
) -> Spectrum:
    """Return the spectral SNR pooled over images.

    Each map is divided by its norm (over all bands) and each image by its mean energy, as for the headline: the sum
    over bands of energy * cosine is the headline's c.

    Args:
        grams: `band_grams` of each image, all with the default number of bands or all with another.
        height: of the maps.
        width: of the maps.
        seed: of the bootstrap over images.
        groups: the group of each image, where some belong together; the groups vary, not the images.
        clusters: the start of each member, where several share one of several; the SSNR is then of networks from
            different starts.

    Raises:
        UsageError: the number of bands is not that of maps of this size, or all maps are zero.

    >>> generator = torch.Generator().manual_seed(0)
    >>> maps = 3 * torch.ones(16, 1, 1, 8, 8) + torch.randn(16, 8, 1, 8, 8, generator=generator)
    >>> result = spectrum(torch.stack([band_grams(image) for image in maps]), height=8, width=8, seed=0)
    >>> [round(band.cosine, 1) + 0.0 for band in result.bands]     # only the mean is common
    [1.0, 0.0, 0.0, 0.0, 0.0]
    """
    band = band_of(height, width, most_bands=grams.shape[1])
    scaled = _scaled(grams) if clusters is None else start_gram(_scaled(grams), clusters)
    if int(band.max()) + 1 != grams.shape[1] or not len(scaled):
        raise UsageError(
            f"{grams.shape[1]} bands of {len(scaled)} images with maps: need the bands of {height} x {width} maps, and "
            "an image whose maps are not all zero"
        )
    radius = _radius(height, width)
    groups = chosen(groups, grams.flatten(1).any(1))
    return Spectrum(
        bands=tuple(
            _band(
                scaled[:, k],
                frequency=float(radius[band == k].mean()),
                seed=seed,
                groups=groups,
                unit="members" if clusters is None else "starts",
            )
            for k in range(grams.shape[1])
        ),
        images=len(scaled),
    )


def _band(gram: Float[Tensor, "B E E"], *, frequency: float, seed: int, groups: Groups | None, unit: Unit) -> Band:
    diag, off = diag_mean(gram), off_mean(gram)
    energy = float(diag.mean())
    if energy <= NOISELESS:  # rounding of the transform
        return Band(frequency=frequency, energy=0.0, cosine=math.nan, ssnr=math.nan, interval=None)
    diag_without, off_without, _ = means_without(gram)
    figure = ratio_of_means(
        (off, off_without), (diag, diag_without), link=snr_from_cosine, lowest=-1 / gram.shape[-1]
    )  # fmt: skip
    return Band(
        frequency=frequency,
        energy=energy,
        cosine=float(off.mean()) / energy,
        ssnr=figure.value,
        interval=claim_interval(replace(figure, groups=groups, unit=unit), seed=seed),
    )


def _scaled(grams: Float[Tensor, "B K E E"]) -> Tensor:
    """Return the Gram matrices of maps of unit norm over the image's mean energy; images of zero maps left out."""
    norms = grams.sum(1).diagonal(dim1=-2, dim2=-1)
    factor = torch.where(norms > 0, norms.rsqrt(), 0.0)[:, None]
    live = (norms > 0).double().mean(-1)
    unit = grams * factor[..., :, None] * factor[..., None, :]
    return unit[live > 0] / live[live > 0][:, None, None, None]


def _radius(height: int, width: int) -> Float[Tensor, "h w"]:
    """Return each frequency's radius in cycles per pixel."""
    rows = torch.fft.fftfreq(height, dtype=torch.float64)
    columns = torch.fft.fftfreq(width, dtype=torch.float64)
    return torch.hypot(rows[:, None], columns)
