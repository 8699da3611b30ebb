"""Shapes: pictures whose causing pixels are known, so maps can be compared with the truth."""

from __future__ import annotations

import numpy as np
import torch

from saliencynoise.data.outlines import OUTLINES
from saliencynoise.data.scenes import NUMBERS, draw_scenes
from saliencynoise.data.sizes import check_image_size
from saliencynoise.data.tensors import channel_statistics
from saliencynoise.interfaces import Dataset, Split, UsageError, derive_seed

_DEFAULT_SIZE = 32
_SMALLEST = 16  # below, a star is a disc
_TRAIN, _TEST = 3000, 600
_CHUNK = 200  # pictures drawn at a time


def load_shapes(*, path: str | None, image_size: int | None, seed: int) -> Dataset:
    """Return 3,000 pictures to train on and 600 to test, each of one figure, whose outline is the class.

    A disc, square, triangle, cross, ring or star of any position, size, turn, colour and texture is drawn on a ground
    of band-limited noise, over up to three bars and blobs. All six have the same area, and nothing but the outline
    depends on the class. `Split.masks` marks the pixels that the figure covers, wholly or in part: all others are the
    same without it. All classes have equally many pictures. Picture i of a part depends on the seed and on i only.

    Args:
        path: None; the pictures are drawn.
        image_size: height and width in pixels; 32 where None.
        seed: the run's seed: other seeds give other pictures.

    Raises:
        UsageError: if a path is given, or an image size below 16 or above 4096.

    >>> data = load_shapes(path=None, image_size=None, seed=0)
    >>> data.classes[int(data.test.labels[0])], int(data.test.masks[0].sum())
    ('disc', 117)
    """
    if path is not None:
        raise UsageError(f"the data set 'shapes' takes no path, but got {path!r}: write just 'shapes'")
    size = _DEFAULT_SIZE if image_size is None else check_image_size(image_size)
    if size < _SMALLEST:
        raise UsageError(f"image size {size} is too small for the data set 'shapes': choose {_SMALLEST} or more")
    train, test = _split("train", _TRAIN, size, seed), _split("test", _TEST, size, seed)
    mean, std = channel_statistics(train.images)
    return Dataset(
        name="shapes",
        classes=tuple(OUTLINES),
        train=train,
        test=test,
        mean=mean,
        std=std,
        augmentations=frozenset({"shift", "flip"}),
        notes=(
            f"drawn by seed {seed}: {len(train):,} + {len(test):,} pictures of {size}x{size} pixels",
            "the outline of the one figure is the class; nothing else depends on it",
            "the mask of a picture is every pixel that the figure covers, wholly or in part",
        ),
    )


def _split(part: str, count: int, size: int, seed: int) -> Split:
    labels = np.arange(count) % len(OUTLINES)
    # one row per picture, from one stream: earlier rows do not depend on the number of later ones
    numbers = np.random.default_rng(derive_seed(seed, "images", "shapes", part)).random((count, NUMBERS))
    images = np.empty((count, 3, size, size), np.uint8)
    masks = np.empty((count, size, size), bool)
    for start in range(0, count, _CHUNK):
        rows = slice(start, start + _CHUNK)
        images[rows], masks[rows] = draw_scenes(numbers[rows], labels[rows], size)
    return Split(
        images=torch.from_numpy(images),
        labels=torch.from_numpy(labels),
        names=tuple(f"{part}/{index}" for index in range(count)),
        masks=torch.from_numpy(masks),
    )
