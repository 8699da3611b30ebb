"""scikit-learn's handwritten digits: the data set that needs no download."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from saliencynoise.data.sizes import check_image_size
from saliencynoise.data.stratify import split_indices
from saliencynoise.data.tensors import channel_statistics
from saliencynoise.interfaces import Dataset, Split, UsageError, derive_seed

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from torch import Tensor

_DEFAULT_SIZE = 16
_TEST_PERCENT = 20
_CHUNK = 256  # images scaled at a time: the arithmetic is in float64


def load_digits(*, path: str | None, image_size: int | None, seed: int) -> Dataset:  # noqa: ARG001 - see below
    """Return 1,797 digits, 8x8 pixels of 17 levels, scaled bilinearly: 1,437 to train on, 360 to test.

    One channel, uint8. The split is fixed and stratified by class: `seed` is accepted, as by every data set,
    and changes nothing. The 13 people who wrote the digits appear in both parts, so the test accuracy is that
    on known hands. A mirrored digit is another sign: the one augmentation is "shift".

    E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI 1998, doi:10.24432/C50P49 (its test
    part, as scikit-learn ships it).

    Args:
        path: None; the digits come with scikit-learn.
        image_size: height and width in pixels; 16 where None.
        seed: the run's seed.

    Raises:
        UsageError: if a path is given, or an image size below 4 or above 4096.

    >>> len(load_digits(path=None, image_size=None, seed=0).test)
    360
    """
    if path is not None:
        raise UsageError(f"the data set 'digits' takes no path, but got {path!r}: write just 'digits'")
    size = _DEFAULT_SIZE if image_size is None else check_image_size(image_size)
    rows = _rows()
    labels = torch.from_numpy(rows[:, -1].astype(np.int64))
    images = _scale(torch.from_numpy(rows[:, :-1].reshape(-1, 8, 8)), size)
    names = tuple(f"digits/{index}" for index in range(len(labels)))
    parts = split_indices(labels.tolist(), names, num_classes=10, percent=_TEST_PERCENT, seed=derive_seed(0, "split"))
    train, test = (
        Split(images=images[part], labels=labels[part], names=tuple(names[index] for index in part)) for part in parts
    )
    mean, std = channel_statistics(train.images)
    return Dataset(
        name="digits",
        classes=tuple("0123456789"),
        train=train,
        test=test,
        mean=mean,
        std=std,
        augmentations=frozenset({"shift"}),
        notes=(
            f"digits of 8x8 pixels, scaled to {size}x{size}",
            f"fixed split, {len(train)} to train on and {len(test)} to test; the same writers in both",
        ),
    )


def _rows() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return scikit-learn's table: 64 pixels and the digit in each row.

    From its file, since importing scikit-learn takes longer than all else in a bench that finds its members in
    the pool; by scikit-learn itself where the file is not where it has always been.
    """
    spec = find_spec("sklearn")
    path = Path(spec.origin or "").with_name("datasets") / "data" / "digits.csv.gz" if spec else Path()
    if path.is_file():
        return np.loadtxt(path, delimiter=",")
    from sklearn.datasets import load_digits as load  # noqa: PLC0415 - see above

    bunch = load()
    return np.column_stack([bunch.data, bunch.target])


def _scale(levels: Float[Tensor, "N 8 8"], size: int) -> UInt8[Tensor, "N 1 size size"]:
    """Return the levels 0..16 as bytes, scaled bilinearly (antialiased where that shrinks them)."""
    chunks = -(-len(levels) // _CHUNK)
    scaled = [
        F.interpolate(chunk[:, None], size=(size, size), mode="bilinear", antialias=size < 8)
        .mul(255 / 16)
        .round()
        .clamp(0, 255)
        .to(torch.uint8)
        for chunk in levels.to(torch.float64).tensor_split(chunks)
    ]
    return torch.cat(scaled)
