"""A training run for samplers under test: a small network and 24 noisy images, trained by the engine's loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from saliencynoise.interfaces import Dataset, Split, derive_seed
from saliencynoise.testing.state import guarded
from saliencynoise.training.loop import Seeds, refresh_batch_norm, train
from saliencynoise.training.recipes import Recipe

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Generator, Tensor

    from saliencynoise.interfaces.sampling import Schedule

IMAGES, CLASSES, SIDE = 24, 3, 6
WIDTH = 32
"""Features before the head: dropout of a fifth of them repeats a mask once in 10^5."""

RECIPE = Recipe(epochs=8, batch_size=8, shift=1, flip=True)
SEED = 0


def noisy_images() -> Dataset:
    """Return 24 grey images of noise to train on, in three classes, with the same as a test split."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (IMAGES, 1, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    split = Split(images=images, labels=torch.arange(IMAGES) % CLASSES, names=tuple(map(str, range(IMAGES))))
    return Dataset(
        name="noise", classes=("one", "two", "three"), train=split, test=split, mean=(0.5,), std=(0.3,)
    )  # fmt: skip


class KitRun:
    """A `saliencynoise.interfaces.TrainingRun` that needs no pool, and remembers whether anything was trained.

    Attributes:
        index: of the run.
        epochs: of the recipe.
        labels: of the training images.
        trained_any: whether `train` or `trained` was called.
    """

    def __init__(self, index: int = 0) -> None:
        self.index = index
        self.epochs = RECIPE.epochs
        self.trained_any = False
        self._dataset = noisy_images()
        self.labels: Int[Tensor, " N"] = self._dataset.train.labels

    def build(self, *, init: int | str | None = None) -> nn.Module:
        """As `TrainingRun.build`: convolutions with batch norm, and dropout before a linear layer."""
        with guarded(derive_seed(SEED, "init", self.index if init is None else init)):
            return nn.Sequential(
                nn.Conv2d(1, 4, 3, padding=1),
                nn.BatchNorm2d(4),
                nn.ReLU(),
                nn.Conv2d(4, WIDTH, 3, padding=1),
                nn.ReLU(),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Dropout(0.2),
                nn.Linear(WIDTH, CLASSES),
            )

    def trained(self) -> nn.Module:
        """As `TrainingRun.trained`."""
        reference = KitRun(self.index)
        module = reference.build()
        reference.train(module)
        self.trained_any = True
        return module

    def train(
        self,
        module: nn.Module,
        *,
        epochs: int | None = None,
        learning_rate: float | None = None,
        schedule: Schedule = "one_cycle",
        labels: Int[Tensor, " N"] | None = None,
        streams: Mapping[str, int | str] | None = None,
        after_step: Callable[[int, int], None] | None = None,
    ) -> None:
        """As `TrainingRun.train`."""
        self.trained_any = True
        rate = RECIPE.learning_rate * (1.0 if learning_rate is None else learning_rate)
        used_labels = self._dataset.train.labels if labels is None else labels
        with guarded(0):
            train(
                module,
                replace(self._dataset, train=replace(self._dataset.train, labels=used_labels)),
                replace(RECIPE, epochs=epochs or RECIPE.epochs, learning_rate=rate),
                Seeds.of_member(SEED, self.index, streams=streams or {}),
                device="cpu",
                progress=after_step or (lambda _done, _steps: None),
                schedule=schedule,
            )

    def refresh_batch_norm(self, module: nn.Module) -> None:
        """As `TrainingRun.refresh_batch_norm`."""
        refresh_batch_norm(module, self._dataset, device="cpu")

    def generator(self, *index: int | str) -> Generator:
        """As `TrainingRun.generator`."""
        return torch.Generator().manual_seed(derive_seed(SEED, "sampler", self.index, *index))
