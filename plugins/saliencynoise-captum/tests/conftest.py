"""Small networks in float64: a convolutional one of modules that captum knows, and timm's; a batch for them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import Batch, CamPoint, Network, Noise

torch.set_num_threads(1)
SIDE, CLASSES = 16, 5


def small(channels: int = 3) -> Network:
    """Two convolutions with pooling that does not overlap, on images that need not be square."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(5)
        module = nn.Sequential(
            nn.Conv2d(channels, 6, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, CLASSES),
        )
        for parameters in module.parameters():
            parameters.mul_(2.5)
    points = {
        "top": CamPoint(module="4", grid=(SIDE // 2, SIDE // 2)),
        "intermediate": CamPoint(module="1", grid=(SIDE, SIDE)),
    }
    return Network(module=frozen(module), points=points)


def timm_network(name: str, *, side: int = 32, **arguments: Any) -> Network:
    """One of timm's, as it is."""
    import timm

    with torch.random.fork_rng():
        torch.manual_seed(11)
        module = timm.create_model(name, num_classes=CLASSES, **arguments)
        torch.nn.init.normal_(module.get_classifier().weight, std=0.3)
    if "vit" in name:
        cells, prefix = side // module.patch_embed.patch_size[0], module.num_prefix_tokens
        points = {
            point: CamPoint(module=f"blocks.{place}", layout="tokens", grid=(cells, cells), prefix_tokens=prefix)
            for point, place in (("top", len(module.blocks) - 2), ("intermediate", 0))
        }
    else:
        points = {
            point: CamPoint(module=info["module"], grid=(-(-side // info["reduction"]),) * 2)
            for point, info in zip(("intermediate", "top"), module.feature_info[-2:], strict=True)
        }
    return Network(module=frozen(module), points=points)


def frozen(module: nn.Module) -> nn.Module:
    return module.double().eval().requires_grad_(requires_grad=False)


def images(count: int = 3, *, channels: int = 3, side: int = SIDE) -> Batch:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(count, channels, side, side, generator=generator, dtype=torch.float64)
    background = torch.randn(4, channels, side, side, generator=generator, dtype=torch.float64)
    target = torch.arange(count) * 2 % CLASSES
    return Batch(x=x, target=target, background=background, noise=Noise(tuple(range(2**62, 2**62 + count))))


@pytest.fixture(scope="session")
def build():
    """Return timm's networks by name; built once."""
    built: dict[str, Network] = {}

    def get(name: str, **arguments: Any) -> Network:
        if name not in built:
            built[name] = timm_network(name, **arguments)
        return built[name]

    return get


@pytest.fixture(scope="session")
def network():
    return small()


@pytest.fixture
def batch():
    return images()


@pytest.fixture(scope="session")
def make_images():
    return images


@pytest.fixture(scope="session")
def make_small():
    return small
