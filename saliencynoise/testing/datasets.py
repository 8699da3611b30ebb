"""Checks of a data set: that what it loads keeps the contract of `Dataset`, each time alike."""

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
"""Image sizes to ask for; the first that the data set does not have anyhow."""

TARGET = "A spec's `target` is a callable `(*, path, image_size, seed) -> Dataset`"


def check_contract(subject: DatasetSubject) -> None:
    """Shapes, dtypes and ranges of both splits; classes, names, masks and groups."""
    try:
        check_dataset(subject.dataset)
    except ConfigurationError as error:
        raise ContractBroken(str(error)) from error


def check_splits(subject: DatasetSubject) -> None:
    """Every class can be learnt, and test images are neither all one image nor those of training."""
    dataset = subject.dataset
    train, test = dataset.train, dataset.test
    seen = set(train.labels.tolist())
    unseen = [name for label, name in enumerate(dataset.classes) if label not in seen]
    if unseen:
        raise ContractBroken(f"no training image is of the class {unseen[0]!r}")
    for part, split in (("train", train), ("test", test)):
        if len(split) > 1 and bool((split.images == split.images[:1]).all()):
            raise ContractBroken(f"all {len(split)} images of {part} are the same")
    known = _contents(train)
    shared = sum(content in known for content in _contents(test))
    if 2 * shared > len(_contents(test)):
        raise ContractBroken(f"{shared} of the {len(_contents(test))} different test images are training images")


def check_statistics(subject: DatasetSubject) -> None:
    """The mean and standard deviation of each channel, against the training images'."""
    dataset = subject.dataset
    pixels = dataset.train.images.transpose(0, 1).flatten(1).double() / 255
    for name, said, found in (("mean", dataset.mean, pixels.mean(1)), ("std", dataset.std, pixels.std(1))):
        for channel, (one, due) in enumerate(zip(said, found.tolist(), strict=True)):
            if abs(one - due) > PIXELS and not (name == "std" and due == 0):
                raise ContractBroken(
                    f"the {name} of channel {channel} is {one:.4g}, that of the training images {due:.4g}"
                )


def check_repeatable(subject: DatasetSubject) -> None:
    """Two loads of one seed, under other global random states."""
    first, again = subject.dataset, subject.load(random_state=1)
    if (first.name, first.classes, first.mean, first.std) != (again.name, again.classes, again.mean, again.std):
        raise ContractBroken("loaded twice, its name, classes, mean or std differ")
    for part, one, two in (("train", first.train, again.train), ("test", first.test, again.test)):
        if one.names != two.names or one.groups != two.groups:
            raise ContractBroken(f"loaded twice, the names or groups of {part} differ")
        for what in ("images", "labels", "masks"):
            if not _same(getattr(one, what), getattr(two, what)):
                raise ContractBroken(f"loaded twice, the {what} of {part} differ")


def check_global_state(subject: DatasetSubject) -> None:
    """Random states and settings after the data set was loaded."""
    with guarded(3):
        before = global_state()
        subject.load_at_large()
        found = changes(before, global_state())
    if found:
        raise ContractBroken(f"changed: {', '.join(found)}")


def check_image_size(subject: DatasetSubject) -> None:
    """Images of the size that is asked for, or a refusal."""
    size = next(size for size in SIZES if tuple(subject.dataset.train.images.shape[2:]) != (size, size))
    try:
        found = subject.load(image_size=size)
    except UsageError as error:
        raise NotApplicable(f"it refuses images of {size}x{size}: {error}") from error
    for part, split in (("train", found.train), ("test", found.test)):
        if tuple(split.images.shape[2:]) != (size, size):
            height, width = split.images.shape[2:]
            raise ContractBroken(f"asked for {size}x{size}, the images of {part} have {height}x{width}")


def _contents(split: Split) -> set[bytes]:
    return {image.tobytes() for image in split.images.numpy()}


def _same(one: Tensor | None, two: Tensor | None) -> bool:
    if one is None or two is None:
        return one is two
    return torch.equal(one, two)


def checks() -> Iterator[Check[DatasetSubject]]:
    """Yield the checks of a data set, that first without which none means anything."""
    sound = ("contract",)
    splits = "`train` is what members are trained on, `test` what accuracy is measured on and what is attributed."
    statistics = "`mean` and `std` are per channel, of the training pixels scaled to [0, 1]."
    repeatable = f"{TARGET}, and the data follow from these alone."
    left = "Loading leaves the global random states as they were."
    size = "`image_size` is the height and width of the images; what cannot be had is refused with UsageError."
    yield Check(name="contract", contract=f"{TARGET}.", run=check_contract)
    yield Check(name="splits", contract=splits, run=check_splits, needs=sound)
    yield Check(name="statistics", contract=statistics, run=check_statistics, needs=sound)
    yield Check(name="repeatable", contract=repeatable, run=check_repeatable, needs=sound)
    yield Check(name="global_state", contract=left, run=check_global_state, needs=sound)
    yield Check(name="image_size", contract=size, run=check_image_size, needs=sound)
