"""The data set of a bench: loaded, checked, normalised, and with a limited training split."""

from __future__ import annotations

from dataclasses import replace

from saliencynoise.data.cautions import cautions
from saliencynoise.data.loading import check_dataset
from saliencynoise.data.normalization import normalised
from saliencynoise.data.selection import limit_train
from saliencynoise.engine.config import BenchConfig
from saliencynoise.interfaces import Dataset
from saliencynoise.registry.catalogue import catalogue


def load_dataset(config: BenchConfig) -> tuple[str, Dataset]:
    """Return a bench's data set, checked, normalised and with its training split limited, after its canonical name.

    Raises:
        UsageError: if the name is unknown, or the data are unusable.
    """
    text, dataset = catalogue().dataset(
        config.dataset, image_size=config.image_size, seed=config.seed, data_dir=config.data_dir
    )
    check_dataset(dataset)
    dataset = normalised(_limited(dataset, config), config.normalization)
    return text, replace(dataset, notes=(*dataset.notes, *cautions(dataset)))


def _limited(dataset: Dataset, config: BenchConfig) -> Dataset:
    if config.train_images is None:
        return dataset
    train = limit_train(dataset.train, count=config.train_images, seed=config.seed, num_classes=len(dataset.classes))
    return Dataset(**{**vars(dataset), "train": train})
