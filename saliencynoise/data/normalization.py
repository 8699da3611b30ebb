"""Other normalisations than the data set's own, for networks that were trained elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from saliencynoise.interfaces import Dataset, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = MappingProxyType(
    {
        "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        "none": ((0.0,), (1.0,)),
    }
)
"""Mean and standard deviation per channel of pixels from 0 to 1; a single number is for all channels."""


def normalised(dataset: Dataset, normalization: str) -> Dataset:
    """Return the data set with another mean and standard deviation; "dataset", "auto" and "timm" leave it as it is.

    Args:
        dataset: of any number of channels.
        normalization: "dataset", "imagenet", "none", or "MEAN/STD" with one number, or one for each channel.

    Raises:
        UsageError: naming the value, where it cannot be read or has another number of channels.
    """
    if normalization in {"dataset", "auto", "timm"}:  # the engine follows the architecture's weights with the last two
        return dataset
    mean, std = KNOWN.get(normalization) or _read(normalization)
    channels = dataset.train.images.shape[1]
    if {len(mean), len(std)} - {1, channels} or min(std) <= 0:
        raise UsageError(
            f"--normalization {normalization} does not suit images of {channels} channels; give one number or "
            f"{channels} on each side of the slash, the right ones above 0"
        )
    return replace(dataset, mean=_for_each(mean, channels), std=_for_each(std, channels))


def _for_each(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return values * channels if len(values) == 1 else values


def _read(text: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    number = r"[0-9]*\.?[0-9]+"
    if not re.fullmatch(rf"{number}(,{number})*/{number}(,{number})*", text):
        raise UsageError(
            f"--normalization {text} is unknown; choose dataset, imagenet, none, or MEAN/STD as in 0.5/0.25"
        )
    mean, std = (tuple(float(value) for value in side.split(",")) for side in text.split("/"))
    return mean, std
