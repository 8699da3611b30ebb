"""Score-CAM and Ablation-CAM against loops over images and channels, each with a forward pass of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from saliencynoise.interfaces import Batch, CamPoint, FunctionalMethod, Network, Noise
from saliencynoise.methods.ablation_cam import AblationCam
from saliencynoise.methods.scorecam import ScoreCam, unit_range
from tests.methods.families import LAYERS, LAYOUTS, assert_equal, family, maps_of, small, small_batch, swin, vit
from tests.scoring.conftest import SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

REAL = {"swin": swin, "vit": vit, "densenet": lambda: family("densenet121")}


def one_image() -> Batch:
    x = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([5]), background=x, noise=Noise((1,)))


def features_of(network: Network, x: Tensor, layer: str) -> Tensor:
    """The grid `[c, h, w]` of one image."""
    point, kept = network.points[layer], []
    module = network.module.get_submodule(point.module)
    handle = module.register_forward_hook(lambda _m, _i, output: kept.append(output.clone()))
    with torch.no_grad():
        network.module(x[None].clone())
    handle.remove()
    return point.to_grid(kept[0])[0]


def logit(network: Network, x: Tensor, target: Tensor) -> float:
    with torch.no_grad():
        return float(network.module(x[None].clone())[0, target])


def logit_without(network: Network, x: Tensor, target: Tensor, layer: str, channel: int) -> float:
    point = network.points[layer]

    def drop(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        output = output.clone()
        if point.layout == "NCHW":
            output[:, channel] = 0
        elif point.layout == "NHWC":
            output[..., channel] = 0
        else:
            output[:, point.prefix_tokens :, channel] = 0
        return output

    handle = network.module.get_submodule(point.module).register_forward_hook(drop)
    try:
        return logit(network, x, target)
    finally:
        handle.remove()


def interpolation(small_side: int, side: int) -> NDArray[np.float64]:
    """Linear interpolation between the centres of cells, as a matrix `[side, small_side]`."""
    matrix = np.zeros((side, small_side))
    for pixel in range(side):
        place = min(max((pixel + 0.5) * small_side / side - 0.5, 0), small_side - 1)
        left = int(place)
        matrix[pixel, left] += 1 - (place - left)
        if place > left:
            matrix[pixel, left + 1] += place - left
    return matrix


def ablation_loop(network: Network, batch: Batch, layer: str, *, relative: bool) -> Tensor:
    maps = []
    for x, target in zip(batch.x, batch.target, strict=True):
        features = features_of(network, x, layer)
        y = logit(network, x, target)
        falls = [y - logit_without(network, x, target, layer, k) for k in range(len(features))]
        weights = torch.tensor(falls, dtype=x.dtype) / (y if relative else 1)
        maps.append(sum(weight * channel for weight, channel in zip(weights, features, strict=True)))
    return torch.stack(maps)[:, None]


def score_loop(network: Network, batch: Batch, layer: str) -> Tensor:
    maps = []
    for x, target in zip(batch.x, batch.target, strict=True):
        features = features_of(network, x, layer)
        up = [interpolation(small_side, side) for small_side, side in zip(features.shape[1:], x.shape[1:], strict=True)]
        black, rises = logit(network, torch.zeros_like(x), target), []
        for channel in features.numpy():
            large = up[0] @ channel @ up[1].T
            if large.max() == large.min():  # shows nothing: the black image
                rises.append(0.0)
                continue
            mask = (large - large.min()) / (large.max() - large.min())
            rises.append(logit(network, x * torch.from_numpy(mask), target) - black)
        weights = np.exp(rises) / np.exp(rises).sum()
        maps.append(sum(weight * channel for weight, channel in zip(weights, features, strict=True)))
    return torch.stack(maps)[:, None]


@pytest.mark.parametrize("layer", LAYERS)
def test_ablation_cam_is_the_loop(layer):
    network, batch = small(), small_batch()
    for relative in (False, True):
        oracle = ablation_loop(network, batch, layer, relative=relative)
        assert (oracle < 0).any()
        assert_equal(maps_of(network, AblationCam(layer=layer, relative=relative), batch), oracle)


@pytest.mark.parametrize("layer", LAYERS)
def test_scorecam_is_the_loop(layer):
    network, batch = small(), small_batch()
    assert_equal(maps_of(network, ScoreCam(layer=layer), batch), score_loop(network, batch, layer))


@pytest.mark.parametrize("name", REAL)
def test_they_are_the_loops_on_real_networks(name):
    network, batch = REAL[name](), one_image()
    assert_equal(maps_of(network, AblationCam(), batch), ablation_loop(network, batch, "top", relative=False))
    assert_equal(maps_of(network, ScoreCam(), batch), score_loop(network, batch, "top"))


@pytest.mark.parametrize("method", [AblationCam, ScoreCam])
def test_every_layout_gives_one_map(method):
    batch = small_batch()
    for layer in LAYERS:
        plain, *others = (maps_of(small(layout), method(layer=layer), batch) for layout in LAYOUTS)
        assert plain.shape == (3, 1, 6, 10)
        for maps in others:
            assert_equal(maps, plain)


def test_ablation_cam_of_a_linear_head_is_gradcam_times_the_size_of_the_grid():
    """The logit is linear in the features, so a channel's fall is its gradient times its sum."""
    module = nn.Sequential(nn.Conv2d(2, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).double()
    network = Network(module=module, points={"top": CamPoint(module="0", grid=(10, 18))})
    batch = small_batch()
    features = module[0](batch.x).detach()
    weights = module[3].weight.detach()[batch.target] * features.mean((2, 3))
    assert_equal(maps_of(network, AblationCam(), batch), torch.einsum("bk,bkhw->bhw", weights, features)[:, None])


def test_a_logit_of_zero_gives_a_relative_map_of_zero():
    module = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(720, 3)).double()
    nn.init.zeros_(module[2].weight)
    nn.init.zeros_(module[2].bias)
    network = Network(module=module, points={"top": CamPoint(module="0", grid=(10, 18))})
    assert not maps_of(network, AblationCam(relative=True), small_batch()).any()


def test_masks_reach_from_zero_to_one_and_constant_channels_show_nothing():
    channel = torch.tensor(
        [[0, 2, 4], [0.1, 0.1, 0.1], [-1e-9, 0, 0], [7, 7, 7 + 2e-15]],
        dtype=torch.float64,
    )
    assert channel[3].unique().numel() == 2
    masks = unit_range(channel[:, None, None])[:, 0, 0]
    assert masks.tolist() == [[0, 0.5, 1], [0, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_a_dead_channel_is_weighed_by_the_black_image():
    network, batch = small(), small_batch()
    nn.init.zeros_(network.module[1][1].weight[2])
    nn.init.constant_(network.module[1][1].bias[2], 3.0)
    maps = maps_of(network, ScoreCam(), batch)
    assert maps.isfinite().all()
    for x, target, own in zip(batch.x, batch.target, maps, strict=True):
        features = features_of(network, x, "top")
        assert features[2].unique().tolist() == [3.0]
        scores = torch.tensor(
            dtype=torch.float64,
            data=[
                logit(network, x * unit_range(up[None, None])[0], target)
                for up in nn.functional.interpolate(features[None], x.shape[1:], mode="bilinear")[0]
            ],
        )
        assert scores[2] == pytest.approx(logit(network, torch.zeros_like(x), target))
        assert_equal(own[0], torch.einsum("k,khw->hw", scores.softmax(0), features))


@pytest.mark.parametrize("method", [AblationCam(), ScoreCam()])
def test_they_satisfy_the_protocol(method):
    assert isinstance(method, FunctionalMethod)
