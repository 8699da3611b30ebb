"""A small data set of two separable classes, and a network with dropout."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import Dataset, Split


@pytest.fixture
def dataset():
    """Bright on the left or bright on the right, with noise: 50 images to train on, 20 to test on."""
    generator = torch.Generator().manual_seed(0)

    def split(count: int) -> Split:
        labels = torch.arange(count) % 2
        images = torch.randint(0, 100, (count, 1, 6, 8), generator=generator)
        images[labels == 0, :, :, :4] += 100
        images[labels == 1, :, :, 4:] += 100
        return Split(images=images.to(torch.uint8), labels=labels, names=tuple(f"x/{index}" for index in range(count)))

    return Dataset(name="sides", classes=("left", "right"), train=split(50), test=split(20), mean=(0.4,), std=(0.25,))


@pytest.fixture
def fresh():
    """Return a new network from a seed."""

    def build(seed: int) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return nn.Sequential(
                nn.Conv2d(1, 8, 3, padding=1),
                nn.BatchNorm2d(8),
                nn.ReLU(inplace=True),
                nn.Dropout(0.2),
                nn.AdaptiveAvgPool2d(2),
                nn.Flatten(),
                nn.Linear(32, 2),
            )

    return build
