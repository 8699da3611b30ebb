"""The reduction: statistics and marginal maps are computed from the maps of all members, image by image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.engine.failures import BrokenMapError, FailedCellError
from saliencynoise.engine.map_source import MapSource
from saliencynoise.engine.map_statistics import LocalizationAccumulator, MapStatistics, MapStatisticsAccumulator
from saliencynoise.interfaces import one_line
from saliencynoise.interfaces.specs import CENTRED
from saliencynoise.scoring import as_before, described, failure
from saliencynoise.statistics.cell_statistics import CellStatistics, ImageStatistics, image_statistics, summarise
from saliencynoise.statistics.clusters import Clusters, first_members, several_starts
from saliencynoise.statistics.draws import between_draws, own_mean
from saliencynoise.statistics.flips import image_flips
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.nested import population_gram
from saliencynoise.statistics.signs import ONE_SIGNED, SeenSigns, sign_of
from saliencynoise.statistics.views import apply_view, get_view

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from saliencynoise.interfaces import Aggregator
    from saliencynoise.interfaces.specs import Sign
    from saliencynoise.records.study import Layout
    from saliencynoise.statistics.gram import Scale


LARGEST, SMALLEST = 1e38, 1e-45
"""Bounds of the largest value of maps: beyond them float32, in which marginal maps are stored, has infinity or zero."""


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """Statistics of the maps of one architecture and method.

    Attributes:
        figures: figures over all images, by view.
        classes: figures over the images of each class, by view and class index.
        details: further statistics of the maps, by view.
        grams: the members' inner products on each image, by view; "VIEW.crossed": between draws, too.
        marginal: `[B, c, h, w]`, raw: the aggregator's maps, or those of the averaged network.
        diagnostics: the method's diagnostics of its maps, by name, `[D, E, B]`.
        sign: sign of the maps, as `MethodSpec.sign`, from the method's declaration and from all values.
        denormal: number of images on which a map has only denormal values, so that digits are lost.
        clusters: the start of each member, where several share one.
        draws: number of draws.
    """

    figures: Mapping[str, CellStatistics]
    classes: Mapping[str, Mapping[int, CellStatistics]]
    details: Mapping[str, MapStatistics]
    grams: Mapping[str, Tensor]
    marginal: Float[Tensor, "B c h w"]
    diagnostics: Mapping[str, Float[Tensor, "D E B"]]
    sign: Sign
    denormal: int = 0
    clusters: Clusters | None = None
    draws: int = 1

    def single(self, view: str) -> Float[Tensor, "B E E"]:
        """Return the inner products for r of a view; those of a stochastic method are between different draws.

        Where members share some of several starts, they are of networks from different starts.
        """
        crossed, starts = self.grams.get(f"{view}.crossed"), several_starts(self.clusters)
        single = self.grams[view] if crossed is None else between_draws(crossed)
        return single if starts is None else population_gram(single, starts)


class _Views:
    """Statistics of the maps that are gathered image by image, in some views."""

    def __init__(
        self,
        views: Sequence[str],
        *,
        labels: Sequence[int],
        source: MapSource,
        masks: Bool[Tensor, "B H W"] | None,
        seed: int,
        clusters: Clusters | None,
    ) -> None:
        self.statistics: dict[str, list[ImageStatistics]] = {view: [] for view in views}
        self._accumulators = {
            view: MapStatisticsAccumulator(view=view, seed=seed, clusters=clusters, layout=source.layout)
            for view in views
        }
        self._labels, self._masks, self._clusters = labels, masks, clusters
        starts = several_starts(clusters)
        self._independent = list(range(source.members)) if starts is None else first_members(starts)
        count = len(self._independent)
        self._localization = None if masks is None else LocalizationAccumulator(views=views, members=count, seed=seed)

    def add(self, maps: Float[Tensor, "E D c h w"], image: int) -> None:
        """Add the raw maps of one more image."""
        if self._localization is not None and self._masks is not None:
            self._localization.add(own_mean(maps[self._independent]), self._masks[image])
        for view, accumulator in self._accumulators.items():
            viewed = apply_view(maps, view)
            image_figures = image_statistics(viewed.flatten(2), clusters=self._clusters)
            if not get_view(view).signed:
                image_figures = replace(image_figures, flips=image_flips(maps[self._independent, 0], view=view))
            self.statistics[view].append(image_figures)
            accumulator.add(own_mean(viewed), label=self._labels[image])

    def add_again(self, maps: Float[Tensor, "E D c h w"], image: int) -> None:
        """Add an image's maps for the second time, after all were added."""
        for view, accumulator in self._accumulators.items():
            accumulator.add_again(own_mean(apply_view(maps, view)), label=self._labels[image])

    def details(self, grams: Mapping[str, Tensor], sign: Sign, groups: Groups | None) -> dict[str, MapStatistics]:
        """Return the details of all images, by view."""
        located = {} if self._localization is None else self._localization.result(groups=groups)
        return {
            view: accumulator.result(grams[view], located.get(view), sign=sign, groups=groups)
            for view, accumulator in self._accumulators.items()
        }


def reduce_maps(
    source: MapSource,
    *,
    labels: Sequence[int] | None,
    views: Sequence[str],
    marginal: Aggregator | Float[Tensor, "B c h w"],
    masks: Bool[Tensor, "B H W"] | None,
    seed: int,
    sign: Sign = "signed",
    scale: Scale = "unit",
    groups: Groups | None = None,
    clusters: Clusters | None = None,
) -> Reduced:
    """Read the maps image by image and return their figures and their marginal maps.

    Args:
        source: the maps of all members.
        labels: labels of the images; None where they have none. Then there are no figures of classes.
        views: views in which the maps are measured.
        marginal: the marginal maps, or the aggregator of the members' maps, each averaged over its own draws.
        masks: the pixels that cause the images' labels; None where they are unknown.
        seed: seed of the run.
        scale: scale on which the aggregator averages maps; the number of members needed is for this scale.
        sign: sign that the method declares; the sign of all values takes precedence. Maps of one sign are read a
            second time for the view "centred" where it is none of `views`.
        groups: groups of the images, where some belong together.
        clusters: the start of each member, where several share one, as `summarise` takes it. Statistics that need
            independent networks then take the starts' averages, or the first network of each start.

    Raises:
        FailedCellError: if a map holds NaN or infinity, values beyond the range of float32, or too few values; or if
            the members are too few for the aggregator.
    """
    known = [0] * source.items if labels is None else labels
    gathered = [_Views(views, labels=known, source=source, masks=masks, seed=seed, clusters=clusters)]
    signs = SeenSigns()
    marginals: list[Tensor] = []
    denormal = 0
    for image, stored in enumerate(source.maps()):
        denormal += is_denormal(stored)
        maps = _at_least_single(stored)
        _refuse_unusable(maps, image=image, layout=source.layout)
        signs.add(maps)
        gathered[0].add(maps, image)
        if isinstance(marginal, torch.Tensor):
            marginals.append(marginal[image])
        else:
            marginals.append(aggregate(marginal, own_mean(maps)))
    if all(_are_zero(image) for images in gathered[0].statistics.values() for image in images):
        raise FailedCellError("the maps of all members are zero on all images: the method found nothing")
    sign = sign_of(sign, signs.sign)
    if sign in ONE_SIGNED and CENTRED not in views:
        gathered.append(_Views((CENTRED,), labels=known, source=source, masks=masks, seed=seed, clusters=clusters))
        for image, maps in enumerate(source.maps()):
            gathered[1].add(_at_least_single(maps), image)
    for image, maps in enumerate(source.maps()):
        for part in gathered:
            part.add_again(_at_least_single(maps), image)
    statistics = {view: images for part in gathered for view, images in part.statistics.items()}
    grams = _grams(statistics)
    return Reduced(
        figures={
            view: _without_shared_draw(
                summarise(images, view=view, seed=seed, groups=groups, sign=sign, scale=scale, clusters=clusters),
                shared=source.shared_draw,
            )
            for view, images in statistics.items()
        },
        classes={
            view: {}
            if labels is None
            else _by_class(images, labels, view, seed=seed, groups=groups, sign=sign, scale=scale, clusters=clusters)
            for view, images in statistics.items()
        },
        details={view: entry for part in gathered for view, entry in part.details(grams, sign, groups).items()},
        grams=grams,
        marginal=torch.stack(marginals),
        diagnostics=source.diagnostics(),
        sign=sign,
        denormal=denormal,
        clusters=clusters,
        draws=source.draws,
    )


def _without_shared_draw(figures: CellStatistics, *, shared: bool) -> CellStatistics:
    """Return figures without the share of the draws where no draw is shared: it is then part of the residual."""
    if shared or figures.energy is None:
        return figures
    energy = dict(figures.energy)
    energy["residual"] += energy.pop("draw")
    return replace(figures, energy=energy)


def _grams(statistics: Mapping[str, Sequence[ImageStatistics]]) -> dict[str, Tensor]:
    grams = {view: torch.stack([image.gram for image in images]) for view, images in statistics.items()}
    for view, images in statistics.items():
        crossed = [image.crossed for image in images if image.crossed is not None]
        if crossed:
            grams[f"{view}.crossed"] = torch.stack(crossed)
    return grams


def _are_zero(image: ImageStatistics) -> bool:
    """Whether no member's map of an image has any energy."""
    return not bool(image.gram.diagonal().any())


def is_denormal(maps: Float[Tensor, "E D c h w"]) -> bool:
    """Whether a map of an image that is not zero has no value of its number format's full precision.

    In float32, values below 1.2e-38 are multiples of 1.4e-45: one of 1e-42 has three digits.

    >>> is_denormal(torch.full((1, 1, 1, 2, 2), 1e-42)), is_denormal(torch.zeros(1, 1, 1, 2, 2))
    (True, False)
    """
    largest = maps.abs().flatten(2).amax(2)
    return bool(((largest > 0) & (largest < torch.finfo(maps.dtype).tiny)).any())


def _at_least_single(maps: Float[Tensor, "E D c h w"]) -> Float[Tensor, "E D c h w"]:
    """Return maps in float32 or float64: half precision is exact there, and its means are not."""
    return maps.float() if maps.dtype.itemsize < 4 else maps


def _refuse_unusable(maps: Float[Tensor, "E D c h w"], *, image: int, layout: Layout) -> None:
    channels, height, width = maps.shape[-3:]
    if layout == "picture" and min(height, width) < 2:
        raise FailedCellError(
            f"the maps are {height}x{width}: an SNR over so few pixels means nothing; use larger images"
        )
    if channels * height * width < 2:
        raise FailedCellError("the maps have one value each: an SNR needs two values or more")
    broken = (~maps.isfinite()).flatten(1).sum(1)
    for member in broken.nonzero().flatten().tolist():
        raise BrokenMapError(member=member, image=image, count=int(broken[member]))
    largest = float(maps.abs().max())
    if largest > LARGEST or 0 < largest < SMALLEST:
        raise FailedCellError(
            f"the largest value of the maps of image {image} is {largest:.0e}, beyond the range of float32; "
            "multiply all maps by one number, so that their values are near 1"
        )


def aggregate(aggregator: Aggregator, maps: Float[Tensor, "E c h w"]) -> Float[Tensor, "c h w"]:
    """Return the map that an aggregator makes of the members' maps."""
    name = type(aggregator).__name__
    with as_before() as changes:
        try:
            state: Any = aggregator.init(tuple(maps.shape[1:]))
            for values in maps:
                state = aggregator.update(state, values)
            average: object = aggregator.result(state)
        except ValueError as error:
            raise FailedCellError(f"the members' maps cannot be aggregated: {error}") from error
        except BaseException as error:
            raise FailedCellError(f"the aggregator {name} failed: {one_line(failure(error))}") from error
    if changes:
        raise FailedCellError(f"the aggregator {name} {changes[0]}; it must leave torch as it was (it was put back)")
    if not isinstance(average, torch.Tensor) or average.shape != maps.shape[1:] or not average.is_floating_point():
        raise FailedCellError(
            f"the aggregator {name} made {described(average)} of maps {tuple(maps.shape[1:])}; the contract is one "
            "floating-point tensor of their shape"
        )
    return average.detach().float().cpu()


def _by_class(
    images: Sequence[ImageStatistics],
    labels: Sequence[int],
    view: str,
    *,
    seed: int,
    groups: Groups | None,
    sign: Sign,
    scale: Scale,
    clusters: Clusters | None,
) -> dict[int, CellStatistics]:
    figures = {}
    for label in sorted(set(labels)):
        inside = [image_label == label for image_label in labels]
        some = [image for image, is_inside in zip(images, inside, strict=True) if is_inside]
        figures[label] = summarise(
            some,
            view=view,
            seed=seed,
            groups=chosen(groups, inside),
            sign=sign,
            scale=scale,
            clusters=clusters,
        )
    return figures
