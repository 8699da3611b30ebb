"""The reduce step: maps of all members, image by image, become figures and the marginal map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.interfaces import SaliencyNoiseError
from saliencynoise.statistics.figures import Figures, ImageStatistics, image_statistics, summarise
from saliencynoise.statistics.views import apply_view

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces import Aggregator
    from saliencynoise.store.maps import Chunk, MapStore


class FailedCellError(SaliencyNoiseError):
    """The maps of one architecture and method give no figures; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """What the maps of one architecture and method come to.

    Attributes:
        figures: over all images, by view.
        classes: the same over the images of each class, by view and class index.
        marginal: `[B, c, h, w]`, the aggregated raw maps.
    """

    figures: Mapping[str, Figures]
    classes: Mapping[str, Mapping[int, Figures]]
    marginal: Float[Tensor, "B c h w"]


def reduce_maps(
    store: MapStore,
    *,
    members: int,
    chunks: Sequence[Chunk],
    labels: Sequence[int],
    views: Sequence[str],
    aggregator: Aggregator,
    seed: int,
) -> Reduced:
    """Read the maps image by image and return their figures and their marginal maps.

    Raises:
        FailedCellError: if a map holds NaN or infinity, or is too small for an SNR.
    """
    statistics: dict[str, list[ImageStatistics]] = {view: [] for view in views}
    marginal: list[Tensor] = []
    for maps in _images(store, members, chunks):
        _refuse_unusable(maps, image=len(marginal))
        marginal.append(_aggregate(aggregator, maps))
        for view in views:
            statistics[view].append(image_statistics(apply_view(maps, view).flatten(1)))
    return Reduced(
        figures={view: summarise(images, view=view, seed=seed) for view, images in statistics.items()},
        classes={view: _by_class(images, labels, view, seed) for view, images in statistics.items()},
        marginal=torch.stack(marginal),
    )


def _images(store: MapStore, members: int, chunks: Sequence[Chunk]) -> Iterator[Float[Tensor, "E c h w"]]:
    for chunk in chunks:
        with store.reading(range(members), chunk) as read:
            for place in range(len(chunk.rows)):
                yield read(place)


def _refuse_unusable(maps: Float[Tensor, "E c h w"], *, image: int) -> None:
    height, width = maps.shape[-2:]
    if min(height, width) < 2:
        raise FailedCellError(
            f"the maps are {height}x{width}: an SNR over so few pixels means nothing; use larger images"
        )
    broken = (~maps.isfinite()).flatten(1).sum(1)
    for member in broken.nonzero().flatten().tolist():
        raise FailedCellError(
            f"member {member} has {int(broken[member])} values of NaN or infinity in the map of image {image}"
        )


def _aggregate(aggregator: Aggregator, maps: Float[Tensor, "E c h w"]) -> Float[Tensor, "c h w"]:
    state: Any = aggregator.init(tuple(maps.shape[1:]))
    for values in maps:
        state = aggregator.update(state, values)
    return aggregator.result(state)


def _by_class(images: Sequence[ImageStatistics], labels: Sequence[int], view: str, seed: int) -> dict[int, Figures]:
    return {
        label: summarise(
            [image for image, own in zip(images, labels, strict=True) if own == label], view=view, seed=seed
        )
        for label in sorted(set(labels))
    }
