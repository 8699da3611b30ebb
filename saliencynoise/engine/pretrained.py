"""Defaults that follow an architecture's own pretrained weights: arguments, image size, normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saliencynoise.data.normalization import normalised
from saliencynoise.engine.starts import is_plugin, pretrained_model
from saliencynoise.interfaces import Dataset, PretrainedWeights, UsageError
from saliencynoise.registry.calling import calling
from saliencynoise.registry.catalogue import catalogue

if TYPE_CHECKING:
    from saliencynoise.engine.config import BenchConfig
    from saliencynoise.registry.bound import BoundModel


CONFIGURED = "timm"
"""The normalization that stands for the mean, the deviation and the image size of timm's data configuration."""

FOLLOWING = frozenset({"auto", CONFIGURED})
"""The normalizations that follow an architecture's pretrained weights."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The settings of a bench whose defaults follow pretrained weights.

    Attributes:
        models: the architectures, with the arguments of the pretrained ones.
        image_size: edge of the images; None for the data set's.
        weights: what is known of the weights; empty for other starts.
    """

    models: Sequence[BoundModel]
    image_size: int | None
    weights: Sequence[PretrainedWeights]


def followed(config: BenchConfig, models: Sequence[BoundModel], sources: Sequence[str]) -> Followed:
    """Return the architectures and the image size; those of the pretrained weights where the user gives none.

    Raises:
        UsageError: if an architecture has no such weights, or several need different image sizes.
    """
    named = [source for source in sources if is_plugin(source)]
    if not named and config.normalization != CONFIGURED:
        return Followed(models=models, image_size=config.image_size, weights=())
    own: list[BoundModel] = []
    weights: list[PretrainedWeights] = []
    if not named:
        own, weights = list(models), [_configured(model) for model in models]
    for text, model in zip(config.archs, models, strict=True) if named else ():
        with calling(f"the architecture '{model.canonical_name}' ({model.distribution})"):
            known = [pretrained_model(source, model).pretrained(source.partition(":")[2] or None) for source in named]
        weights += known
        own.append(catalogue().model(text, {**known[0].arguments, **config.arch_args}))
    sizes = {known.image_size for known in weights}
    if config.image_size is None and len(sizes) > 1:
        several = ", ".join(f"{known.name} {known.image_size}" for known in weights)
        option = "--init" if named else f"--normalization {CONFIGURED}"
        raise UsageError(f"{option}: the weights are for images of different sizes ({several}); give --image-size")
    size = config.image_size if config.image_size is not None else next(iter(sizes))
    return Followed(models=own, image_size=size, weights=weights)


def followed_normalization(config: BenchConfig, dataset: Dataset, weights: Sequence[PretrainedWeights]) -> str:
    """Return the normalization of a bench: the given one, else that of the pretrained weights, else the data set's.

    Raises:
        UsageError: if several weights need different ones.
    """
    if config.normalization not in FOLLOWING:
        return config.normalization
    channels = dataset.train.images.shape[1]
    texts = {_text(known, channels) for known in weights}
    if len(texts) > 1:
        raise UsageError("--init: the weights need different normalisations; give --normalization")
    return next(iter(texts), "dataset")


def with_normalization(config: BenchConfig, dataset: Dataset, text: str) -> tuple[BenchConfig, Dataset]:
    """Return the settings and the data set with this normalization, if the user gave none."""
    if config.normalization not in FOLLOWING:
        return config, dataset
    return replace(config, normalization=text), normalised(dataset, text)


def _configured(model: BoundModel) -> PretrainedWeights:
    """Return what timm's data configuration says of an architecture; nothing is read or downloaded.

    Raises:
        UsageError: if the architecture is not timm's, or timm has no configuration of it.
    """
    try:
        return pretrained_model(CONFIGURED, model).pretrained(None)
    except UsageError as error:
        raise UsageError(
            f"--normalization {CONFIGURED}: timm has no data configuration of '{model.canonical_name}'; give "
            "MEAN/STD and --image-size"
        ) from error


def _text(weights: PretrainedWeights, channels: int) -> str:
    """Return a normalization in the form of the setting; for images of other channels the mean over channels."""
    if not weights.mean:
        return "dataset"
    sides = (weights.mean, weights.std)
    if len(weights.mean) != channels:
        sides = tuple((sum(side) / len(side),) for side in sides)  # type: ignore[assignment]
    return "/".join(",".join(f"{value:.6g}" for value in side) for side in sides)
