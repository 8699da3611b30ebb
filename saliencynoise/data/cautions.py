"""Cautions about the accuracy on a data set: few test images, unequal classes, test images that are training images."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING

from saliencynoise.data.chance import is_imbalanced, largest_share, p_by_chance, too_few
from saliencynoise.data.near_copies import near_copies
from saliencynoise.data.words import count, few

if TYPE_CHECKING:
    from saliencynoise.interfaces import Dataset, Split


def cautions(dataset: Dataset) -> tuple[str, ...]:
    """Return sentences about too few test images, unequal classes, and test images that are training images, too."""
    copies = trained_on(dataset)
    return (
        *_on_number(dataset),
        *_on_balance(dataset),
        *_on_copies(dataset, copies),
        *_on_near_copies(dataset, frozenset(copies)),
    )


def _on_number(dataset: Dataset) -> Iterator[str]:
    labels = dataset.test.labels
    if too_few(labels):
        yield (
            f"too few test images to distinguish a trained network from chance: {len(labels)} right answers of "
            f"{len(labels)} have p {p_by_chance(len(labels), labels):.2g} where the largest class has "
            f"{largest_share(labels):.0%} of them; no network is flagged for its accuracy: add test images"
        )


def _on_balance(dataset: Dataset) -> Iterator[str]:
    for part, split in (("test", dataset.test), ("training", dataset.train)):
        if not is_imbalanced(split.labels):
            continue
        counts = split.labels.bincount(minlength=len(dataset.classes)).tolist()
        present = [number for number in counts if number]
        largest, smallest = (dataset.classes[counts.index(of(present))] for of in (max, min))
        chance = (
            f": naming {largest!r} always has an accuracy of {largest_share(split.labels):.1%} and a balanced accuracy "
            f"of {1 / len(present):.1%}; members are judged by the balanced one, the mean over classes"
            if part == "test"
            else ""
        )
        yield (
            f"classes of unequal size: {max(present)} {part} images of {largest!r} and {min(present)} of "
            f"{smallest!r}{chance}"
        )


def _on_copies(dataset: Dataset, names: Sequence[str]) -> Iterator[str]:
    if names:
        images = count(len(dataset.test), "test image")
        are = "is a training image" if len(names) == 1 else "are training images"
        yield (
            f"{len(names)} of {images} {are} as well, equal in every pixel: {few(names)}; the accuracy on them says "
            "nothing about new images"
        )


def _on_near_copies(dataset: Dataset, copies: Set[str]) -> Iterator[str]:
    names = dataset.test.names
    pairs = [(test, train) for test, train in near_copies(dataset) if names[test] not in copies]
    if pairs:
        test, train = pairs[0]
        are = "is a near duplicate" if len(pairs) == 1 else "are near duplicates"
        yield (
            f"{len(pairs)} of {count(len(names), 'test image')} {are} of training images (such as {names[test]} of "
            f"{dataset.train.names[train]}); the accuracy on them says little about new images"
        )


def trained_on(dataset: Dataset) -> list[str]:
    """Return the names of the test images that are also training images, by their pixels as the networks see them."""
    wanted = set(_checksums(dataset.test))
    trained = {
        _content(dataset.train, index)
        for index, checksum in enumerate(_checksums(dataset.train))
        if checksum in wanted  # most images end here, at a gigabyte per second
    }
    return [
        name for index, name in enumerate(dataset.test.names) if trained and _content(dataset.test, index) in trained
    ]


def _checksums(split: Split) -> list[int]:
    return [zlib.crc32(_content(split, index)) for index in range(len(split))]


def _content(split: Split, index: int) -> bytes:
    return split.images[index].cpu().numpy().tobytes()
