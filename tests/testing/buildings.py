"""Architectures that are wrong in one way each, under the name of the check that is made for it."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from saliencynoise.interfaces import CamPoint, ModelSpec, Network, UsageError
from saliencynoise.testing import ModelSubject


class Right:
    """A small convolutional network; the methods that follow are what a wrong one overrides."""

    points = ("top", "intermediate")

    def build(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        channels, height, width = in_shape
        layers = self.layers(channels, num_classes)
        grid = (height // 2, width // 2)
        points = {
            "top": CamPoint(module="3", grid=self.grid(grid)),
            "intermediate": CamPoint(module="1", grid=grid),
        }
        return Network(module=layers, points={name: points[name] for name in self.points})

    def layers(self, channels: int, classes: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(channels, 4, 3, stride=2, padding=1),
            self.first(),
            nn.Conv2d(4, 4, 3, padding=1),
            self.second(),
            self.before_head(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4, classes),
            self.after_head(),
        )

    def grid(self, grid: tuple[int, int]) -> tuple[int, int]:
        return grid

    def first(self) -> nn.Module:
        return nn.ReLU()

    def second(self) -> nn.Module:
        return nn.ReLU()

    def before_head(self) -> nn.Module:
        return nn.BatchNorm2d(4)

    def after_head(self) -> nn.Module:
        return nn.Identity()


class Apply(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self, x)


class LosesAClass(Right):
    def after_head(self):
        return Apply(lambda _, x: x[:, 1:])


class RefusesOblongRudely(Right):
    def build(self, in_shape, num_classes):
        if in_shape[1] != in_shape[2]:
            raise ValueError("square images only")
        return super().build(in_shape, num_classes)


class RefusesOblong(Right):
    def build(self, in_shape, num_classes):
        if in_shape[1] != in_shape[2]:
            raise UsageError("square images only")
        return super().build(in_shape, num_classes)


class ThreeChannels(Right):
    def build(self, in_shape, num_classes):
        return super().build((3, *in_shape[1:]), num_classes)


class Noisy(Right):
    def after_head(self):
        return Apply(lambda _, x: x * (1 + torch.rand_like(x)))


class BatchStatistics(Right):
    """Batch norm that stays in train mode."""

    def before_head(self):
        return nn.BatchNorm2d(4, track_running_stats=False)


class MixedRows(Right):
    def after_head(self):
        return Apply(lambda _, x: x + x.mean(0))


def clamp(_module, inputs):
    inputs[0].clamp_(-2, 2)


class ChangesTheImage(Right):
    """Normalises in place."""

    def build(self, in_shape, num_classes):
        network = super().build(in_shape, num_classes)
        network.module.register_forward_pre_hook(clamp)
        return network


class CountsCalls(Right):
    def after_head(self):
        def count(module, x):
            module.calls = getattr(module, "calls", 0) + 1
            return x

        return Apply(count)


class OwnSeeds(Right):
    """Takes its weights from the system's entropy."""

    def build(self, in_shape, num_classes):
        with torch.random.fork_rng():
            torch.manual_seed(int.from_bytes(os.urandom(4), "big"))
            return super().build(in_shape, num_classes)


class OneSeed(Right):
    def build(self, in_shape, num_classes):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return super().build(in_shape, num_classes)


class DrawsFromPython(Right):
    def build(self, in_shape, num_classes):
        random.random()  # noqa: S311 - what it must not do
        return super().build(in_shape, num_classes)


class HiddenWeights(Right):
    """A weight that the state_dict does not hold."""

    def after_head(self):
        scale = 1 + torch.rand(1, device="cpu").item()
        return Apply(lambda _, x: scale * x)


class NeedsValues(Right):
    """Looks at its weights while it is built."""

    def build(self, in_shape, num_classes):
        network = super().build(in_shape, num_classes)
        if network.module[0].weight.sum().item() > 1e9:
            raise ValueError("too large")
        return network


class NoPoints(Right):
    points = ()


class NoSuchModule(Right):
    def build(self, in_shape, num_classes):
        network = super().build(in_shape, num_classes)
        return Network(module=network.module, points={**network.points, "top": CamPoint(module="no", grid=(16, 16))})


class RunsTwice(Right):
    """One ReLU in two places."""

    def build(self, in_shape, num_classes):
        network = super().build(in_shape, num_classes)
        network.module[3] = network.module[1]
        points = {name: CamPoint(module="1", grid=point.grid) for name, point in network.points.items()}
        return Network(module=network.module, points=points)


class WrongGrid(Right):
    def grid(self, grid):
        return (grid[0] // 2, grid[1] // 2)


class PutsBackElsewhere(Right):
    def build(self, in_shape, num_classes):
        network = super().build(in_shape, num_classes)
        top = Shifted(module="3", grid=network.points["top"].grid)
        return Network(module=network.module, points={**network.points, "top": top})


class Shifted(CamPoint):
    def from_grid(self, grid, output):
        return grid.roll(1, 3) * 2


class ZeroGradient(Right):
    """Logits that do not depend on the top point."""

    def layers(self, channels, classes):
        return Beside(channels, classes)


class Beside(nn.Module):
    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.body = Right().layers(channels, classes)
        self.add_module("1", nn.ReLU())
        self.add_module("3", nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.get_submodule("1")(self.body[0](x))
        self.get_submodule("3")(inner)
        for layer in list(self.body)[2:]:
            inner = layer(inner)
        return inner


class TurnsSignsOfReLUs(Right):
    """Signs at a point whose values are never negative."""

    kinds: Any = ("permutation", "sign")

    def build(self, in_shape, num_classes):
        network = super().build(in_shape, num_classes)
        top = replace(network.points["top"], rewrites=self.kinds)
        return replace(network, points={**network.points, "top": top})


class NoSuchRewrite(TurnsSignsOfReLUs):
    kinds = ("permutations",)


MODELS: dict[str, list[type]] = {
    "logits": [LosesAClass],
    "oblong_images": [RefusesOblongRudely],
    "grey_images": [ThreeChannels],
    "deterministic": [Noisy],
    "rows": [BatchStatistics, MixedRows],
    "forward_unchanged": [ChangesTheImage, CountsCalls],
    "same_seed": [OwnSeeds],
    "other_seed": [OneSeed],
    "global_state": [DrawsFromPython],
    "state_dict": [HiddenWeights],
    "meta_device": [NeedsValues],
    "points": [NoPoints, NoSuchModule],
    "points_run_once": [RunsTwice],
    "grids": [WrongGrid],
    "grids_put_back": [PutsBackElsewhere],
    "gradients": [ZeroGradient],
    "rewrites": [TurnsSignsOfReLUs, NoSuchRewrite],
}


def subject(wrong: type) -> ModelSubject:
    spec = ModelSpec(name="wrong", summary="wrong", target="tests:Wrong")
    return ModelSubject(name=wrong.__name__, spec=spec, model=wrong())
