"""Cautions about the accuracy on a data set: too few test images, or test images that are training images too."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from saliencynoise.data.chance import largest_share, p_by_chance, too_few
from saliencynoise.data.words import count, few

if TYPE_CHECKING:
    from saliencynoise.interfaces import Dataset, Split


def cautions(dataset: Dataset) -> tuple[str, ...]:
    """Return sentences on test images that are too few or are training images as well; often none."""
    return (*_on_number(dataset), *_on_copies(dataset))


def _on_number(dataset: Dataset) -> Iterator[str]:
    labels = dataset.test.labels
    if too_few(labels):
        yield (
            f"too few test images to tell a trained network from chance: {len(labels)} right answers of {len(labels)} "
            f"have p {p_by_chance(len(labels), labels):.2g} where the largest class has {largest_share(labels):.0%} "
            "of them; no network is flagged for its accuracy: add test images"
        )


def _on_copies(dataset: Dataset) -> Iterator[str]:
    names = trained_on(dataset)
    if names:
        images = count(len(dataset.test), "test image")
        are = "is a training image" if len(names) == 1 else "are training images"
        yield (
            f"{len(names)} of {images} {are} too, equal in every pixel: {few(names)}; the accuracy on them says "
            "nothing of new images"
        )


def trained_on(dataset: Dataset) -> list[str]:
    """Return the names of the test images that are training images too, by their pixels as the networks see them."""
    wanted = set(_checksums(dataset.test))
    trained = {
        _content(dataset.train, index)
        for index, checksum in enumerate(_checksums(dataset.train))
        if checksum in wanted  # most images end here, at a gigabyte a second
    }
    return [
        name for index, name in enumerate(dataset.test.names) if trained and _content(dataset.test, index) in trained
    ]


def _checksums(split: Split) -> list[int]:
    return [zlib.crc32(_content(split, index)) for index in range(len(split))]


def _content(split: Split, index: int) -> bytes:
    return split.images[index].cpu().numpy().tobytes()
