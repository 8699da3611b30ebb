"""Checks of a data set: it keeps the contract of `Dataset`, and each load gives the same data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from saliencynoise.data.loading import check_dataset
from saliencynoise.interfaces import ConfigurationError, UsageError
from saliencynoise.testing.checks import Check, ContractBroken, NotApplicable
from saliencynoise.testing.state import changes, global_state, guarded

if TYPE_CHECKING:
    from torch import Tensor

    from saliencynoise.interfaces import Split
    from saliencynoise.testing.subjects import DatasetSubject

PIXELS = 0.01
"""Largest error of a mean or a standard deviation of pixels in [0, 1]: other authors round, or leave pixels out."""

SIZES = (24, 32)
"""Image sizes to request; the first that differs from the data set's usual size is used."""

TARGET = "A spec's `target` is a callable `(*, path, image_size, seed) -> Dataset`"


def check_contract(subject: DatasetSubject) -> None:
    """Both splits have the right shapes, dtypes and ranges; so do classes, names, masks and groups."""
    try:
        check_dataset(subject.dataset)
    except ConfigurationError as error:
        raise ContractBroken(str(error)) from error


def check_splits(subject: DatasetSubject) -> None:
    """Every class can be learnt, and test images are neither all equal nor training images."""
    dataset = subject.dataset
    train, test = dataset.train, dataset.test
    labels = set(train.labels.tolist())
    unseen = [name for label, name in enumerate(dataset.classes) if label not in labels]
    if unseen:
        raise ContractBroken(f"no training image is of the class {unseen[0]!r}")
    for part, split in (("train", train), ("test", test)):
        if len(split) > 1 and bool((split.images == split.images[:1]).all()):
            raise ContractBroken(f"all {len(split)} images of {part} are the same")
    train_images = _contents(train)
    shared = sum(content in train_images for content in _contents(test))
    if 2 * shared > len(_contents(test)):
        raise ContractBroken(f"{shared} of the {len(_contents(test))} different test images are training images")


def check_statistics(subject: DatasetSubject) -> None:
    """The declared mean and standard deviation of each channel are those of the training images."""
    dataset = subject.dataset
    pixels = dataset.train.images.transpose(0, 1).flatten(1).double() / 255
    for name, declared, measured in (("mean", dataset.mean, pixels.mean(1)), ("std", dataset.std, pixels.std(1))):
        for channel, (stated, actual) in enumerate(zip(declared, measured.tolist(), strict=True)):
            if abs(stated - actual) > PIXELS and not (name == "std" and actual == 0):
                raise ContractBroken(
                    f"the {name} of channel {channel} is {stated:.4g}, that of the training images {actual:.4g}"
                )


def check_repeatable(subject: DatasetSubject) -> None:
    """Two loads with one seed give the same data under different global random states."""
    first, again = subject.dataset, subject.load(random_state=1)
    if (first.name, first.classes, first.mean, first.std) != (again.name, again.classes, again.mean, again.std):
        raise ContractBroken("loaded twice, its name, classes, mean or std differ")
    for part, first_split, second_split in (("train", first.train, again.train), ("test", first.test, again.test)):
        if first_split.names != second_split.names or first_split.groups != second_split.groups:
            raise ContractBroken(f"loaded twice, the names or groups of {part} differ")
        for attribute in ("images", "labels", "masks"):
            if not _same(getattr(first_split, attribute), getattr(second_split, attribute)):
                raise ContractBroken(f"loaded twice, the {attribute} of {part} differ")


def check_global_state(subject: DatasetSubject) -> None:
    """Loading leaves random states and settings as they were."""
    with guarded(3):
        before = global_state()
        subject.load_at_large()
        changed = changes(before, global_state())
    if changed:
        raise ContractBroken(f"changed: {', '.join(changed)}")


def check_image_size(subject: DatasetSubject) -> None:
    """The images have the requested size, or the size is refused."""
    size = next(size for size in SIZES if tuple(subject.dataset.train.images.shape[2:]) != (size, size))
    try:
        resized = subject.load(image_size=size)
    except UsageError as error:
        raise NotApplicable(f"it refuses images of {size}x{size}: {error}") from error
    for part, split in (("train", resized.train), ("test", resized.test)):
        if tuple(split.images.shape[2:]) != (size, size):
            height, width = split.images.shape[2:]
            raise ContractBroken(f"asked for {size}x{size}, the images of {part} have {height}x{width}")


def _contents(split: Split) -> set[bytes]:
    return {image.tobytes() for image in split.images.numpy()}


def _same(first: Tensor | None, second: Tensor | None) -> bool:
    if first is None or second is None:
        return first is second
    return torch.equal(first, second)


def checks() -> Iterator[Check[DatasetSubject]]:
    """Yield the checks of a data set; all others need the first."""
    sound = ("contract",)
    splits = "`train` is what members are trained on, `test` what accuracy is measured on and what is attributed."
    statistics = "`mean` and `std` are per channel, of the training pixels scaled to [0, 1]."
    repeatable = f"{TARGET}, and the data follow from these alone."
    restored = "Loading leaves the global random states as they were."
    size = "`image_size` is the height and width of the images; an impossible size is refused with UsageError."
    yield Check(name="contract", contract=f"{TARGET}.", run=check_contract)
    yield Check(name="splits", contract=splits, run=check_splits, needs=sound)
    yield Check(name="statistics", contract=statistics, run=check_statistics, needs=sound)
    yield Check(name="repeatable", contract=repeatable, run=check_repeatable, needs=sound)
    yield Check(name="global_state", contract=restored, run=check_global_state, needs=sound)
    yield Check(name="image_size", contract=size, run=check_image_size, needs=sound)
