"""Networks in float64 for the tests of methods: the scorer's families, a swin, and small ones of every layout."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import nn

from saliencynoise.interfaces import Batch, CamPoint, Maps, Network, Noise
from saliencynoise.scoring import Passes, attribute
from tests.scoring.conftest import SIDE, _build

if TYPE_CHECKING:
    from torch import Tensor

LAYERS = ("top", "intermediate")
HEIGHT, WIDTH, CLASSES = 12, 20, 3


class Permute(nn.Module):
    def __init__(self, *order: int) -> None:
        super().__init__()
        self.order = order

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.order)


class Cut(nn.Module):
    """From `[N, C, h, w]` to tokens, after two others."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([torch.ones(len(x), 2, x.shape[1], dtype=x.dtype), x.flatten(2).mT], 1)


class Join(nn.Module):
    """From tokens back to the grid of 6 x 10."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 2:].mT.unflatten(2, (6, 10))


LAYOUTS = {
    "NCHW": (nn.Identity, nn.Identity),
    "NHWC": (lambda: Permute(0, 2, 3, 1), lambda: Permute(0, 3, 1, 2)),
    "tokens": (Cut, Join),
}


@cache
def family(name: str) -> Network:
    return _build(name)


@cache
def swin() -> Network:
    """A narrow network of the layout NHWC."""
    narrow = {"window_size": 2, "depths": (1, 1, 1, 1), "embed_dim": 8, "num_heads": (1, 1, 1, 1)}
    points = {
        "top": CamPoint(module="layers.2", layout="NHWC", grid=(4, 4)),
        "intermediate": CamPoint(module="layers.1", layout="NHWC", grid=(8, 8)),
    }
    return Network(module=_transformer("swin_tiny_patch4_window7_224", narrow), points=points)


@cache
def vit() -> Network:
    """A narrow network of tokens."""
    points = {
        point: CamPoint(module=path, layout="tokens", grid=(4, 4), prefix_tokens=1)
        for point, path in (("top", "blocks.1"), ("intermediate", "blocks.0"))
    }
    narrow = {"depth": 3, "embed_dim": 16, "num_heads": 2}
    return Network(module=_transformer("vit_tiny_patch16_224", narrow), points=points)


def _transformer(name: str, narrow: dict[str, object]) -> nn.Module:
    import timm

    with torch.random.fork_rng():
        torch.manual_seed(4)
        module: nn.Module = timm.create_model(name, img_size=SIDE, num_classes=7, **narrow)
    return module.double().eval()


def small(layout: str = "NCHW") -> Network:
    """A network on images of 2 x 12 x 20, whose points are a rectified grid (6 x 10) and one that is not."""
    to_layout, to_grid = LAYOUTS[layout]
    with torch.random.fork_rng():
        torch.manual_seed(5)
        module = nn.Sequential(
            nn.Sequential(nn.Conv2d(2, 5, 3, stride=2, padding=1), nn.ReLU(), to_layout()),
            nn.Sequential(to_grid(), nn.Conv2d(5, 6, 3, padding=1), to_layout()),
            nn.Sequential(to_grid(), nn.ReLU(), nn.Conv2d(6, 4, 3, padding=1), nn.ReLU()),
            nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, CLASSES)),
        )
        for parameter in module.parameters():
            nn.init.normal_(parameter, std=0.5)
    module = module.double().eval()
    prefix = 2 if layout == "tokens" else 0
    points = {
        name: CamPoint(module=path, layout=layout, grid=(6, 10), prefix_tokens=prefix)
        for name, path in (("intermediate", "0"), ("top", "1"))
    }
    return Network(module=module, points=points)


def small_batch(count: int = 3) -> Batch:
    x = torch.randn(count, 2, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Batch(
        x=x, target=torch.arange(count) % CLASSES, background=x.flip(0) + 1, noise=Noise(tuple(range(7, 7 + count)))
    )


def maps_of(network: Network, method: object, batch: Batch, *, rows: int = 256) -> Tensor:
    maps = attribute(Passes(network, rows=rows), method, batch)
    if isinstance(maps, Exception):
        raise maps
    assert isinstance(maps, Maps)
    return maps.values


def rows_of(batch: Batch, rows: list[int]) -> Batch:
    noise = Noise(tuple(batch.noise.seeds[row] for row in rows))
    return replace(batch, x=batch.x[rows], target=batch.target[rows], noise=noise)


def assert_equal(maps: Tensor, oracle: Tensor) -> None:
    assert maps.shape == oracle.shape
    assert oracle.abs().amax() > 1e-12
    assert (maps - oracle).abs().amax() <= 1e-10 * oracle.abs().amax()
