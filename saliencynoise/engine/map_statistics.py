"""Statistics of the maps beside the SNR: significant pixels, similarity, modes, template, spectrum.

They are gathered image by image. Memory grows with the number of images only by one or two Gram matrices each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import derive_seed
from saliencynoise.records import cell as records
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.records.writing import record_of
from saliencynoise.statistics.averages import plan_averages
from saliencynoise.statistics.clusters import Clusters, several_starts, start_means
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.localization_curve import (
    ImageLocalization,
    Localization,
    localize,
    summarise_localization,
)
from saliencynoise.statistics.modes import Modes, mode_test, modes_of_starts
from saliencynoise.statistics.pixels import SignificantPixels, significant_pixels
from saliencynoise.statistics.signs import why_no_null
from saliencynoise.statistics.similarity import Measures, Similarity, similarity, spearman_matrix
from saliencynoise.statistics.spectrum import Spectrum, band_grams, spectrum
from saliencynoise.statistics.stability import coefficient_of_variation, spearman_distance, stability
from saliencynoise.statistics.template import ImagePart, Template, TemplateSums, add_image, image_part, template
from saliencynoise.statistics.views import get_view

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from saliencynoise.interfaces.specs import Sign
    from saliencynoise.records.study import Layout

SIMILAR_IMAGES = 64
"""Number of images, the first ones, for which SSIM and rank correlations are computed: these cost most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MapStatistics:
    """Statistics of the maps of all images of one architecture, method and view.

    Maps of a stochastic method are averaged over own draws.

    Attributes:
        pixels: significant pixels of each image; None in views without sign and for maps of one sign, whose noise has a
            mean.
        similarities: similarity of the maps of the first images.
        spearman: `[b, E, E]`, rank correlations of those images' maps.
        variation: `[B]`, the coefficient of variation.
        modes: modes of the maps scaled by member.
        template: None with a single image.
        spectrum: None where all maps are zero, or are lists of values.
        localization: comparison with the true masks; None where there are none.
    """

    pixels: tuple[SignificantPixels, ...] | None
    similarities: tuple[Similarity, ...]
    spearman: Float[Tensor, "b E E"]
    variation: Float[Tensor, " B"]
    modes: Modes
    template: Template | None
    spectrum: Spectrum | None
    localization: Localization | None

    def per_image(self) -> Mapping[str, list[float]]:
        """Return the columns of `snr.parquet`; NaN for images without such statistics."""
        blank = [float("nan")] * (len(self.variation) - len(self.similarities))
        columns = {"ssim": [entry.pairwise.ssim for entry in self.similarities] + blank}
        if self.pixels is not None:
            columns["significant_pixels"] = [entry.share for entry in self.pixels]
        if self.localization is not None:
            columns |= self.localization.per_image
        return columns

    def record(self, correct: Bool[Tensor, "B E"] | None) -> records.Details:
        """Return the entry of `result.json`: means over images, with intervals if there are any.

        Args:
            correct: whether a member classifies an image correctly; None where that is not known.
        """
        return records.Details(
            pixels=None if self.pixels is None else _pixels(self.pixels),
            similarity=self._similarity(correct),
            modes=records.Modes(
                words=self.modes.words,
                share=self.modes.share,
                representative=self.modes.representative,
                images=tuple(record_of(image, records.ImageModes) for image in self.modes.found),
            ),
            template=None if self.template is None else record_of(self.template, records.Template),
            spectrum=None if self.spectrum is None else _spectrum(self.spectrum),
            localization=None if self.localization is None else record_of(self.localization, records.Localization),
        )

    def _similarity(self, correct: Bool[Tensor, "B E"] | None) -> records.Similarity:
        images = len(self.similarities)
        stable = None if correct is None else stability(spearman_distance(self.spearman), correct[:images])
        return records.Similarity(
            images=images,
            pairwise=_mean_measures([entry.pairwise for entry in self.similarities]),
            to_mean=_mean_measures([entry.to_mean for entry in self.similarities]),
            coefficient_of_variation=_mean(self.variation.tolist()),
            mege=stable.mege if stable else math.nan,
            reco=stable.reco if stable else math.nan,
        )


def _pixels(images: Sequence[SignificantPixels]) -> records.Pixels:
    return records.Pixels(
        rate=FALSE_DISCOVERY_RATE,
        share=_mean([image.share for image in images]),
        agreement=_mean([image.agreement for image in images]),
        agreement_all=_mean([image.agreement_all for image in images]),
        skewness=_mean([image.skewness for image in images]),
    )


def _mean_measures(images: Sequence[Measures]) -> records.SimilarityMeasures:
    names = records.SimilarityMeasures.__struct_fields__
    return records.SimilarityMeasures(**{name: _mean([getattr(image, name) for image in images]) for name in names})


def _spectrum(result: Spectrum) -> records.Spectrum:
    return records.Spectrum(
        bands=tuple(record_of(band, records.Band) for band in result.bands),
        images=result.images,
        resolution=result.resolution(),
        words=result.words(),
    )


@dataclass
class MapStatisticsAccumulator:
    """Accumulates the statistics of the images of one architecture, method and view.

    Where members share some of several starts, pixels and modes are those of the starts' average maps, template and
    spectrum those of networks from different starts; similarity is that of all members.
    """

    view: str
    seed: int
    clusters: Clusters | None = None
    layout: Layout = "picture"
    _pixels: list[SignificantPixels] = field(default_factory=list)
    _similarities: list[Similarity] = field(default_factory=list)
    _spearman: list[Tensor] = field(default_factory=list)
    _variation: list[float] = field(default_factory=list)
    _bands: list[Tensor] = field(default_factory=list)
    _sums: TemplateSums | None = None
    _total: Tensor | None = None
    _parts: list[ImagePart] = field(default_factory=list)
    _size: tuple[int, int] = (0, 0)

    def add(self, maps: Float[Tensor, "E c h w"], *, label: int = 0) -> None:
        """Add the maps of one more image, in the view, and its class."""
        maps = maps.double()
        rows = maps.flatten(1)
        if get_view(self.view).signed:
            independent = rows if self._starts is None else start_means(rows, self._starts)
            self._pixels.append(significant_pixels(independent, rate=FALSE_DISCOVERY_RATE))
        if len(self._similarities) < SIMILAR_IMAGES:
            seed = derive_seed(self.seed, "bootstrap", 2, len(self._similarities))
            self._similarities.append(similarity(maps, seed=seed))
            self._spearman.append(spearman_matrix(rows))
        self._variation.append(coefficient_of_variation(rows))
        if self.layout == "picture":
            self._bands.append(band_grams(maps))
        self._sums = add_image(self._sums, rows, label=label)
        self._size = (maps.shape[-2], maps.shape[-1])

    def add_again(self, maps: Float[Tensor, "E c h w"], *, label: int = 0) -> None:
        """Add an image's maps for the second time, after all were added: the part that images share is then known."""
        sums = self._sums or {}
        if self._total is None:
            self._total = torch.stack([entry.total for entry in sums.values()]).sum(0)
        one_class = sums[label].total
        part = image_part(maps.flatten(1), label, all_images=self._total, one_class=one_class, clusters=self._starts)
        if part is not None:
            self._parts.append(part)

    @property
    def _starts(self) -> Clusters | None:
        return several_starts(self.clusters)

    def result(
        self,
        gram: Float[Tensor, "B E E"],
        localization: Localization | None = None,
        *,
        groups: Groups | None = None,
        sign: Sign = "signed",
    ) -> MapStatistics:
        """Return the details of all images that were added, whose Gram matrices are `gram`; `sign` is the maps'."""
        height, width = self._size
        alive = bool(gram.any()) and bool(self._bands)
        return MapStatistics(
            pixels=None if not self._pixels or why_no_null(self.view, sign) else tuple(self._pixels),
            similarities=tuple(self._similarities),
            spearman=torch.stack(self._spearman),
            variation=torch.tensor(self._variation),
            modes=mode_test(gram, seed=derive_seed(self.seed, "bootstrap", 3))
            if self._starts is None
            else modes_of_starts(gram, self._starts, seed=derive_seed(self.seed, "bootstrap", 3)),
            template=self._template(chosen(groups, gram.flatten(1).any(1))),
            spectrum=spectrum(
                torch.stack(self._bands),
                height=height,
                width=width,
                seed=self.seed,
                groups=groups,
                clusters=self._starts,
            )
            if alive
            else None,
            localization=localization,
        )

    def _template(self, groups: Groups | None) -> Template | None:
        sums = self._sums or {}
        if sum(entry.images for entry in sums.values()) < 2:
            return None
        return template(sums, self._parts or None, groups=groups if self._parts else None, clusters=self._starts)


class LocalizationAccumulator:
    """Compares raw maps of one architecture and method with the true masks, image by image."""

    def __init__(self, *, views: Sequence[str], members: int, seed: int) -> None:
        self._averages = plan_averages(members, seed=derive_seed(seed, "bootstrap", 4))
        self._found: dict[str, list[ImageLocalization]] = {view: [] for view in views}
        self._seed = derive_seed(seed, "bootstrap", 5)

    def add(self, maps: Float[Tensor, "E c h w"], mask: Bool[Tensor, "H W"]) -> None:
        """Add the raw maps of one more image, because the view of an average is not the average of views."""
        for view, images in self._found.items():
            images.append(localize(maps, mask, self._averages, view=view))

    def result(self, *, groups: Groups | None = None) -> dict[str, Localization]:
        """Return the localisation over all images that were added, by view."""
        return {
            view: summarise_localization(images, self._averages, seed=self._seed, groups=groups)
            for view, images in self._found.items()
        }


def _mean(values: list[float]) -> float:
    return float(torch.tensor(values, dtype=torch.float64).nanmean())
