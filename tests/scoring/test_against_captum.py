"""Gradient and GradCAM against captum and against autograd image by image, in float64."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from captum.attr import LayerGradCam, Saliency
from torch import nn

from saliencynoise.interfaces import Batch, CamPoint, Maps, Network
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.methods.gradient import Gradient
from saliencynoise.scoring import Passes, attribute_together

if TYPE_CHECKING:
    from torch import Tensor

METHODS = {"gradient": Gradient(), "top": GradCam(), "intermediate": GradCam(layer="intermediate")}
LAYERS = ("top", "intermediate")


def maps_of(network: Network, batch: Batch, *names: str) -> dict[str, Tensor]:
    results = attribute_together(Passes(network), {name: METHODS[name] for name in names or METHODS}, batch)
    assert all(isinstance(maps, Maps) for maps in results.values()), results
    return {name: maps.values for name, maps in results.items()}


def assert_equal(maps: Tensor, oracle: Tensor) -> None:
    assert maps.shape == oracle.shape
    assert oracle.abs().amax() > 1e-12
    assert (maps - oracle).abs().amax() <= 1e-10 * oracle.abs().amax()


class WithGrid(nn.Module):
    """A transformer's block, with the patch tokens passed as a grid `[N, C, h, w]` through `grid`."""

    def __init__(self, block: nn.Module, point: CamPoint) -> None:
        super().__init__()
        self.block, self.point, self.grid = block, point, nn.Identity()

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = self.block(tokens)
        first, patches = tokens[:, : self.point.prefix_tokens], tokens[:, self.point.prefix_tokens :]
        height, width = self.point.grid
        grid = patches.mT.reshape(len(tokens), -1, height, width)
        return torch.cat([first, self.grid(grid).flatten(2).mT], 1)


def by_image(network: Network, batch: Batch, point: str) -> Tensor:
    """GradCAM (or the gradient, at "input") by autograd, image by image, with no code of this project's."""
    maps = []
    for x, target in zip(batch.x, batch.target, strict=True):
        kept = []
        image = x[None].clone().requires_grad_()
        if point != "input":
            cam = network.points[point]
            module = network.module.get_submodule(cam.module)
            handle = module.register_forward_hook(lambda _m, _i, output, kept=kept: kept.append(output))
        logit = network.module(image)[0, target]
        if point == "input":
            maps.append(torch.autograd.grad(logit, image)[0])
            continue
        handle.remove()
        (gradient,) = torch.autograd.grad(logit, kept)
        value = kept[0]
        if cam.layout == "tokens":
            value, gradient = (t[:, cam.prefix_tokens :].mT.unflatten(2, cam.grid) for t in (value, gradient))
        maps.append(torch.einsum("nc,nchw->nhw", gradient.mean((2, 3)), value)[:, None].detach())
    return torch.cat(maps)


def test_the_gradient_is_captums(network, batch):
    oracle = Saliency(network.module).attribute(batch.x.clone().requires_grad_(), target=batch.target, abs=False)
    assert (oracle < 0).any()
    assert_equal(maps_of(network, batch)["gradient"], oracle)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", ["resnet18", "vgg11_bn", "densenet121", "mobilenetv3_small_050"])
def test_gradcam_is_captums(networks, name, layer, batch):
    network = networks(name)
    module = network.module.get_submodule(network.points[layer].module)
    oracle = LayerGradCam(network.module, module).attribute(
        batch.x.clone(), target=batch.target, relu_attributions=False
    )
    maps = maps_of(network, batch)[layer]
    assert maps.shape[1:] == (1, *network.points[layer].grid)
    assert_equal(maps, oracle.detach())


@pytest.mark.parametrize("layer", LAYERS)
def test_gradcam_of_a_transformer_is_captums_on_a_grid(networks, layer, batch):
    network = networks("vit_tiny_patch16_224")
    maps = maps_of(network, batch)[layer]
    blocks, place = network.module.blocks, int(network.points[layer].module.rpartition(".")[2])
    plain = blocks[place]
    wrapped = WithGrid(plain, network.points[layer])
    blocks[place] = wrapped
    try:
        oracle = LayerGradCam(network.module, wrapped.grid).attribute(
            batch.x.clone(), target=batch.target, relu_attributions=False
        )
    finally:
        blocks[place] = plain
    assert maps.shape[1:] == (1, 4, 4)
    assert_equal(maps, oracle.detach())


@pytest.mark.parametrize(("method", "point"), [("gradient", "input"), ("top", "top"), ("intermediate",) * 2])
def test_a_batch_is_what_autograd_gives_image_by_image(network, batch, method, point):
    assert_equal(maps_of(network, batch)[method], by_image(network, batch, point))


def test_splitting_and_permuting_the_batch_changes_nothing(network, batch):
    whole = maps_of(network, batch)
    for rows in ([0], [2, 0], [1, 2]):
        part = maps_of(network, replace(batch, x=batch.x[rows], target=batch.target[rows]))
        for name, maps in part.items():
            assert_equal(maps, whole[name][rows])


def test_methods_together_give_what_each_gives_alone(network, batch):
    """Alone, a CAM's backward pass ends at its layer; together it goes down to the image."""
    together = maps_of(network, batch)
    for name, maps in together.items():
        assert torch.equal(maps, maps_of(network, batch, name)[name]), name
    cams = maps_of(network, batch, *LAYERS)
    assert all(torch.equal(cams[layer], together[layer]) for layer in LAYERS)
