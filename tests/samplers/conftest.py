"""A training run that takes no training: each step adds a draw to every parameter, after one pass of the network."""

import hashlib
import zlib

import pytest
import torch
from torch import nn


def tiny(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(zlib.crc32(str(seed).encode()))
        return nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=False),
            nn.ReLU(),
            nn.Conv2d(6, 6, 3, padding=1, groups=6),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(6, 3),
        )


class FakeRun:
    """A `TrainingRun` that remembers how it was used."""

    def __init__(self, index=0, epochs=2, steps=40, make=tiny):
        self.index, self.epochs, self.steps, self.make = index, epochs, steps, make
        self.labels = torch.arange(12) % 3
        self.trainings, self.refreshed = [], 0

    def build(self, *, init=None):
        return self.make(self.index if init is None else init)

    def trained(self):
        module = self.build()
        self.train(module)
        self.trainings.pop()
        return module

    def train(self, module, *, after_step=None, **how):
        self.trainings.append(how)
        generator = self.generator("train", str(how.get("streams")))
        module.train()
        with torch.no_grad():
            for step in range(self.steps):
                module(torch.randn(4, 1, 5, 5, generator=generator))
                for parameter in module.parameters():
                    parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
                if after_step is not None:
                    after_step(step + 1, self.steps)
        module.eval()

    def refresh_batch_norm(self, module):
        self.refreshed += 1
        module[1].running_mean.copy_(module[0].weight.sum((1, 2, 3)))

    def generator(self, *index):
        digest = hashlib.sha256(repr((self.index, *index)).encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


@pytest.fixture
def fake_run():
    return FakeRun
