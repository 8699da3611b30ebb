"""Template against image-specific signal: how much of what networks agree on is the same for every image?

A method that always lights up the centre of the picture is reproducible, and explains nothing about *this* picture.
Sums over images of each member's maps are enough to tell the two apart, one image at a time: with a_ei member e's map
of image i and G_i its Gram matrix, A_e = sum_i a_ei, Gbar = mean of G_i over the B images, and

    X = (A A' - B Gbar) / (B (B - 1))

is the mean inner product of maps of *different* images: template = off(X), specific = off(Gbar) - off(X).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import diag_mean, gram_matrix, means_without, noise_mean, off_mean
from saliencynoise.statistics.intervals import Interval, Pooled, members_interval

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class TemplateSums:
    """What is kept of the images seen so far, in memory O(E P).

    Attributes:
        total: `[E, P]`, A: the sum over images of each member's maps.
        gram: `[E, E]`, the sum over images of their Gram matrices.
        images: how many, without those on which all maps are zero.
    """

    total: Float64[Tensor, "E P"]
    gram: Float64[Tensor, "E E"]
    images: int


@dataclass(frozen=True, kw_only=True)
class Template:
    """The signal of a set of images, split; energies as shares of a map's.

    Attributes:
        template: energy of the signal that is common to all images; unbiased, so a small one may be negative.
        specific: energy of the signal that depends on the image.
        share: template / (template + specific); NaN where no signal is shown.
        share_interval: for new members; None below 3 members or without a share.
        snr: r of the whole map, (template + specific) / noise: the headline.
        snr_specific: r of the specific part, specific / noise.
        snr_specific_interval: for new members; None below 3 members.
        noise_common: share of the noise that is a member's own template, the same on all images.
        images: B.
    """

    template: float
    specific: float
    share: float
    share_interval: Interval | None
    snr: float
    snr_specific: float
    snr_specific_interval: Interval | None
    noise_common: float
    images: int


def add_image(sums: TemplateSums | None, maps: Float64[Tensor, "E P"]) -> TemplateSums:
    """Return the sums with one more image; `sums` is None before the first.

    Each map is divided by its norm, so that no image and no member dominates; zero maps stay zero, and the others of
    that image are then scaled so that the mean energy is 1, as for the headline. An image of zero maps only is skipped.

    Args:
        sums: of the images so far.
        maps: of the next image, the pixels (channels included) flattened; the same grid and members for all images.

    Raises:
        UsageError: another shape than that of the images so far, or fewer than two members.

    >>> add_image(None, torch.tensor([[3.0, 4.0], [0.0, 2.0]])).gram[0, 1].item()
    0.8
    """
    expected = maps.shape if sums is None else sums.total.shape
    if maps.ndim != 2 or len(maps) < 2 or maps.shape != expected:
        raise UsageError(
            f"maps of shape {list(maps.shape)} after images of {list(expected)}: need [members, pixels], at least 2 "
            "members, and the same members and pixels on every image"
        )
    scaled = _unit_energy(maps.detach().to(device="cpu", dtype=torch.float64))
    seen = TemplateSums(total=scaled, gram=gram_matrix(scaled), images=int(scaled.any()))
    return seen if sums is None else merge(sums, seen)


def merge(left: TemplateSums, right: TemplateSums) -> TemplateSums:
    """Return the sums of two sets of images, of the same members.

    >>> one = add_image(None, torch.eye(2))
    >>> merge(one, one).images
    2
    """
    return TemplateSums(
        total=left.total + right.total, gram=left.gram + right.gram, images=left.images + right.images
    )  # fmt: skip


def template(sums: TemplateSums) -> Template:
    """Return how much of the signal is a template.

    Intervals by the jackknife over members (t with E - 1 degrees of freedom), for these images.

    Raises:
        UsageError: fewer than two images with maps.

    >>> generator = torch.Generator().manual_seed(0)
    >>> common, sums = torch.randn(400, generator=generator), None
    >>> for _ in range(50):    # three quarters of the signal are common
    ...     signal = 3**0.5 * common + torch.randn(400, generator=generator)
    ...     sums = add_image(sums, signal + torch.randn(8, 400, generator=generator))
    >>> round(template(sums).share, 2)
    0.74
    """
    if sums.images < 2:
        raise UsageError(f"{sums.images} images with maps: a template needs at least 2, better 16 or more")
    gram = sums.gram / sums.images
    across = (gram_matrix(sums.total) - sums.gram) / (sums.images * (sums.images - 1))
    signal, common, noise = float(off_mean(gram)), float(off_mean(across)), float(noise_mean(gram))
    _, signal_without, noise_without = means_without(gram)
    common_without = means_without(across)[1]
    specific = _one_image(signal - common, noise, signal_without - common_without, noise_without)
    share = _one_image(common, signal, common_without, signal_without)
    return Template(
        template=common,
        specific=signal - common,
        share=share.value if signal > 0 else torch.nan,
        share_interval=members_interval(share) if signal > 0 else None,
        snr=float(_ratio(signal, noise)),
        snr_specific=specific.value,
        snr_specific_interval=members_interval(specific),
        noise_common=float(_ratio(float(diag_mean(across)) - common, noise)),
        images=sums.images,
    )


def _unit_energy(maps: Tensor) -> Tensor:
    """Return maps of unit norm, over the root of the share of members that have one."""
    norm = maps.norm(dim=-1, keepdim=True)
    live = (norm > 0).double().mean()
    return torch.where(norm > 0, maps / (norm * live.sqrt()), 0.0)


def _one_image(top: float, bottom: float, top_without: Tensor, bottom_without: Tensor) -> Pooled:
    """Return a ratio as the figure of a single "image": only its jackknife over members is asked for."""
    return Pooled(per_image=_ratio(top, bottom)[None], without=(top_without / bottom_without)[None])


def _ratio(top: float, bottom: float) -> Tensor:
    """Return top / bottom, infinite or NaN where the bottom is zero."""
    return torch.tensor(top, dtype=torch.float64) / torch.tensor(bottom, dtype=torch.float64)
