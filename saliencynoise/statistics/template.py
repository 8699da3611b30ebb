"""Template, class and image: do networks agree in the same way on every image, on a class, or about the image?

A method that always lights up the centre of the picture is reproducible, and explains nothing about *this* picture; one
that draws the same shape on every "7" explains the class. With a_ei member e's map of image i and O_ij the mean of
<a_ei, a_fj> over pairs of different members e, f, in which no noise is left,

    template = mean of O_ij over pairs of images of different classes
    class    = mean of O_ij over pairs of images of one class, less the template
    specific = mean of O_ii, less the mean over pairs of one class

Sums over the images of a class of each member's maps are enough, one image at a time. How much each image has its part
in them, which the intervals for new images need, takes a second look at the maps, when the sums are known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.clusters import Clusters, start_gram
from saliencynoise.statistics.gram import NOISELESS, diag_mean, gram_matrix, means_without, off_mean
from saliencynoise.statistics.groups import Groups, variance_of_mean
from saliencynoise.statistics.intervals import OF_STARTS, Interval, Question, Unit, slopes
from saliencynoise.statistics.jackknife import few_members, jackknife_variance, t_interval

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

ONE_CLASS = "all images are of one class: their common part may belong to the class or to every image"
ONE_IMAGE_A_CLASS = "one image of each class: the part that is not the template may belong to the class or to the image"
THESE_CLASSES = "for these classes"


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassSums:
    """Sums over the images of one class, in memory O(E P).

    Attributes:
        total: `[E, P]`, the sum over images of each member's maps.
        gram: `[E, E]`, the sum over images of their Gram matrices.
        images: how many, without those on which all maps are zero.
    """

    total: Float64[Tensor, "E P"]
    gram: Float64[Tensor, "E E"]
    images: int


TemplateSums = Mapping[int, ClassSums]
"""Sums over the images so far, by class."""


@dataclass(frozen=True, kw_only=True)
class ImagePart:
    """One image's part in the sums, each a mean over pairs of different members.

    Attributes:
        label: its class.
        all_images: its maps with the sums over all images, itself included.
        one_class: its maps with the sums over the images of its class, itself included.
        itself: its maps with each other.
        energy: of its maps.
    """

    label: int
    all_images: float
    one_class: float
    itself: float
    energy: float


@dataclass(frozen=True, kw_only=True)
class Template:
    """The signal of a set of images, split; energies as shares of a map's.

    Attributes:
        template: energy of the signal that is common to all classes; unbiased, so a small one may be negative.
        of_class: energy of the signal that is common to the images of a class, and not to all; NaN where `note` says
            that it cannot be separated from the template or from the image.
        specific: energy of the signal that depends on the image.
        share: template / (template + of_class + specific); NaN where no signal is shown.
        share_interval: None below 3 members or without a share; so all intervals.
        share_class: the same of `of_class`.
        share_class_interval: of it.
        share_specific: the same of `specific`.
        share_specific_interval: of it.
        snr: r of the whole map, all signal over noise: the headline.
        snr_specific: r of the specific part, specific / noise.
        snr_specific_interval: of it.
        noise_common: share of the noise that is a member's own template, the same for all classes (with one class: on
            all its images).
        images: B.
        classes: how many have images.
        note: the parts that these images cannot separate; empty where they separate all.
    """

    template: float
    of_class: float
    specific: float
    share: float
    share_interval: Interval | None
    share_class: float
    share_class_interval: Interval | None
    share_specific: float
    share_specific_interval: Interval | None
    snr: float
    snr_specific: float
    snr_specific_interval: Interval | None
    noise_common: float
    images: int
    classes: int
    note: str = ""


def add_image(sums: TemplateSums | None, maps: Float64[Tensor, "E P"], *, label: int = 0) -> TemplateSums:
    """Return the sums with one more image; `sums` is None before the first.

    Each map is divided by its norm, so that no image and no member dominates; zero maps stay zero, and the others of
    that image are then scaled so that the mean energy is 1, as for the headline. An image of zero maps only is skipped.

    Args:
        sums: of the images so far.
        maps: of the next image, the pixels (channels included) flattened; the same grid and members for all images.
        label: the image's class.

    Raises:
        UsageError: another shape than that of the images so far, or fewer than two members.

    >>> add_image(None, torch.tensor([[3.0, 4.0], [0.0, 2.0]]))[0].gram[0, 1].item()
    0.8
    """
    expected = next(iter(sums.values())).total.shape if sums else maps.shape
    if maps.ndim != 2 or len(maps) < 2 or maps.shape != expected:
        raise UsageError(
            f"maps of shape {list(maps.shape)} after images of {list(expected)}: need [members, pixels], at least 2 "
            "members, and the same members and pixels on every image"
        )
    scaled = _unit_energy(maps)
    seen = {label: ClassSums(total=scaled, gram=gram_matrix(scaled), images=int(scaled.any()))}
    return seen if sums is None else merge(sums, seen)


def merge(left: TemplateSums, right: TemplateSums) -> TemplateSums:
    """Return the sums of two sets of images, of the same members.

    >>> one = add_image(None, torch.eye(2))
    >>> merge(one, one)[0].images
    2
    """
    both = dict(left)
    for label, more in right.items():
        known = both.get(label)
        both[label] = more if known is None else _added(known, more)
    return both


def image_part(
    maps: Float64[Tensor, "E P"],
    label: int,
    *,
    all_images: Float64[Tensor, "E P"],
    one_class: Float64[Tensor, "E P"],
    clusters: Clusters | None = None,
) -> ImagePart | None:
    """Return an image's part in the sums that are known by now; None where all its maps are zero.

    Args:
        maps: of the image, as they were added.
        label: its class.
        all_images: the sum of `ClassSums.total` over classes.
        one_class: that of the image's class.
        clusters: as of `template`.
    """
    scaled = _unit_energy(maps)
    if not bool(scaled.any()):
        return None
    return ImagePart(
        label=label,
        all_images=float(off_mean(_independent(scaled @ all_images.mT, clusters))),
        one_class=float(off_mean(_independent(scaled @ one_class.mT, clusters))),
        itself=float(off_mean(_independent(scaled @ scaled.mT, clusters))),
        energy=float(scaled.square().sum(-1).mean()),
    )


def template(
    sums: TemplateSums,
    parts: Sequence[ImagePart] | None = None,
    *,
    groups: Groups | None = None,
    clusters: Clusters | None = None,
) -> Template:
    """Return how much of the signal is a template, how much the class's, and how much the image's.

    Intervals by the jackknife over members (t with E - 1 degrees of freedom). With `parts` the variance over images is
    added, by the parts' linearised effect on the figure. Then the intervals are for new members and new images of these
    classes, and not for other classes.

    Args:
        sums: of all images.
        parts: of the images that have maps, in any order; None for intervals for these images.
        groups: of the same images, where some belong together.
        clusters: the start of each member, where several share one of several: the signal is then what networks from
            different starts have in common, and starts are left out, not members.

    Raises:
        UsageError: fewer than two images with maps.

    >>> generator = torch.Generator().manual_seed(0)
    >>> common, sums = torch.randn(400, generator=generator), None
    >>> for label in range(50):    # three quarters of the signal are common
    ...     signal = 3**0.5 * common + torch.randn(400, generator=generator)
    ...     sums = add_image(sums, signal + torch.randn(8, 400, generator=generator), label=label % 5)
    >>> result = template(sums)
    >>> round(result.share, 2), round(abs(result.share_class), 2)
    (0.74, 0.0)
    """
    pairs = _pairs(sums, clusters)
    if groups is not None and (parts is None or len(groups) != len(parts)):
        raise UsageError(f"{len(groups)} groups for {0 if parts is None else len(parts)} images: give one for each")
    figures = _figures(pairs.means)
    signal = bool(pairs.means[2] > 0)
    unit: Unit = "members" if clusters is None else "starts"

    def interval(index: int) -> Interval | None:
        members = pairs.without.shape[1]
        if members < 3 or math.isnan(float(figures[index])) or not (signal or index == _R_SPECIFIC):
            return None
        variances: list[tuple[float, float]] = [(jackknife_variance(_figures(pairs.without)[index]), members - 1)]
        if parts is not None:
            (slope,) = slopes(_figures, pairs.means)
            effects = slope[index].nan_to_num() @ _effects(parts, pairs)
            variances.append(variance_of_mean(effects * len(parts), groups))
        note = "; ".join(filter(None, (few_members(members, unit), THESE_CLASSES if parts and not pairs.note else "")))
        question: Question = "members" if parts is None else "both"
        question = question if clusters is None else OF_STARTS[question]
        return t_interval(float(figures[index]), variances, question=question, note=note)

    shares = figures[:3].tolist() if signal else [math.nan] * 3
    return Template(
        template=float(pairs.means[0]),
        of_class=math.nan if pairs.note else float(pairs.means[1] - pairs.means[0]),
        specific=float(pairs.means[2] - pairs.means[1]),
        share=shares[0],
        share_interval=interval(0),
        share_class=math.nan if pairs.note else shares[1],
        share_class_interval=None if pairs.note else interval(1),
        share_specific=shares[2],
        share_specific_interval=interval(2),
        snr=float(figures[4]),
        snr_specific=float(figures[_R_SPECIFIC]),
        snr_specific_interval=interval(_R_SPECIFIC),
        noise_common=float((diag_mean(pairs.across) - pairs.means[0]) / _noise(pairs.means)),
        images=sum(pairs.counts.values()),
        classes=len(pairs.counts),
        note=pairs.note,
    )


def _unit_energy(maps: Float64[Tensor, "E P"]) -> Float64[Tensor, "E P"]:
    """Return maps of unit norm, over the root of the share of members that have one."""
    maps = maps.detach().to(device="cpu", dtype=torch.float64)
    norm = maps.norm(dim=-1, keepdim=True)
    live = (norm > 0).double().mean()
    return torch.where(norm > 0, maps / (norm * live.sqrt()), 0.0)


_R_SPECIFIC = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pairs:
    """Mean inner products over pairs of images.

    Attributes:
        counts: images by class.
        across: `[E, E]`, of images of different classes; of one class where there is one only.
        means: `[4]`, over members: of different classes, of one class, of an image with itself, and the energy.
        without: `[4, E]`, the same with each member left out.
        note: the parts that cannot be separated.
    """

    counts: Mapping[int, int]
    across: Tensor
    means: Tensor
    without: Tensor
    note: str


def _independent(products: Tensor, clusters: Clusters | None) -> Tensor:
    """Return mean inner products of independent networks: of all members, or of networks from different starts."""
    return products if clusters is None else start_gram(products, clusters)


def _pairs(sums: TemplateSums, clusters: Clusters | None) -> _Pairs:
    filled = {label: entry for label, entry in sums.items() if entry.images}
    counts = {label: entry.images for label, entry in filled.items()}
    images = sum(counts.values())
    if images < 2:
        raise UsageError(f"{images} images with maps: a template needs at least 2, better 16 or more")
    itself = _sum([entry.gram for entry in filled.values()])
    within = _sum([gram_matrix(entry.total) for entry in filled.values()])
    different, same = _pair_counts(counts)
    across = (gram_matrix(_sum([entry.total for entry in filled.values()])) - within) / max(different, 1)
    inside = (within - itself) / max(same, 1)
    note = ONE_CLASS if not different else ONE_IMAGE_A_CLASS if not same else ""
    across, inside = (inside if not different else across), (across if not same else inside)
    across, inside, one = (_independent(products, clusters) for products in (across, inside, itself / images))
    diag, off, _ = means_without(one)
    return _Pairs(
        counts=counts,
        across=across,
        means=torch.stack([off_mean(across), off_mean(inside), off_mean(one), diag_mean(one)]),
        without=torch.stack([means_without(across)[1], means_without(inside)[1], off, diag]),
        note=note,
    )


def _pair_counts(counts: Mapping[int, int]) -> tuple[int, int]:
    """Return how many ordered pairs of two images are of different classes, and of one."""
    images, squares = sum(counts.values()), sum(count**2 for count in counts.values())
    return images**2 - squares, squares - images


def _figures(means: Float64[Tensor, "figures=4 *n"]) -> Float64[Tensor, "figures=5 *n"]:
    """Return the three shares, r of the specific part and r, of the means over pairs."""
    common, inside, signal, _ = means
    noise = _noise(means)
    return torch.stack(
        [
            common / signal,
            (inside - common) / signal,
            (signal - inside) / signal,
            (signal - inside) / noise,
            signal / noise,
        ]
    )


def _noise(means: Tensor) -> Tensor:
    noise = means[3] - means[2]
    return torch.where(noise.abs() <= NOISELESS * means[3], 0.0, noise)


def _effects(parts: Sequence[ImagePart], pairs: _Pairs) -> Float64[Tensor, "figures=4 B"]:
    """Return each image's effect on the four means: their derivatives by its weight."""
    different, same = _pair_counts(pairs.counts)
    images = sum(pairs.counts.values())
    sizes = torch.tensor([pairs.counts[part.label] for part in parts], dtype=torch.float64)
    every, inside, itself, energy = (
        torch.tensor([getattr(part, name) for part in parts], dtype=torch.float64)
        for name in ("all_images", "one_class", "itself", "energy")
    )
    across = 2 * (every - inside - pairs.means[0] * (images - sizes)) / max(different, 1)
    within = 2 * (inside - itself - pairs.means[1] * (sizes - 1)) / max(same, 1)
    return torch.stack(
        [
            across if different else within,
            within if same else across,
            (itself - pairs.means[2]) / images,
            (energy - pairs.means[3]) / images,
        ]
    )


def _sum(tensors: Sequence[Tensor]) -> Tensor:
    """Return the sum."""
    return torch.stack(list(tensors)).sum(0)


def _added(left: ClassSums, right: ClassSums) -> ClassSums:
    return ClassSums(
        total=left.total + right.total, gram=left.gram + right.gram, images=left.images + right.images
    )  # fmt: skip
