"""Values against autograd written out, against captum called directly, and captum's DeepLIFT where it is wrong."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

import captum.attr as ca
import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnLasso
from numpy.polynomial.legendre import leggauss

from saliencynoise.interfaces import Maps, Network, UsageError, seeded
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.methods.gradient import Gradient
from saliencynoise.scoring import Passes, attribute
from saliencynoise_captum import deeplift, gradients, layers, noise, perturbations, relevance

if TYPE_CHECKING:
    from torch import Tensor

    from saliencynoise.interfaces import Batch


def maps_of(explain: Any, network: Network, batch: Batch) -> Tensor:
    values: Tensor = explain.attribute_module(network, batch).values
    return values


def assert_equal(values: Tensor, oracle: Tensor, limit: float = 1e-10) -> None:
    assert values.shape == oracle.shape
    assert oracle.abs().amax() > 1e-12
    assert (values - oracle).abs().amax() <= limit * oracle.abs().amax()


def gradient(network: Network, x: Tensor, target: Tensor) -> Tensor:
    leaf = x.detach().clone().requires_grad_()
    network.module(leaf).gather(1, target[:, None]).sum().backward()
    assert leaf.grad is not None
    return leaf.grad


def score(network: Network, x: Tensor, target: Tensor) -> Tensor:
    with torch.no_grad():
        out: Tensor = network.module(x).gather(1, target[:, None])[:, 0]
    return out


def test_saliency_and_input_x_gradient(network, batch):
    grad = gradient(network, batch.x, batch.target)
    assert (grad < 0).any()
    assert_equal(maps_of(gradients.Saliency(), network, batch), grad)
    assert_equal(maps_of(gradients.InputXGradient(), network, batch), grad * batch.x)


def test_ours_are_equal(network, batch):
    for ours, theirs in (
        (Gradient(), gradients.Saliency()),
        (GradCam(), layers.LayerGradCam()),
        (GradCam(layer="intermediate"), layers.LayerGradCam(layer="intermediate")),
    ):
        maps = attribute(Passes(network), ours, batch)
        assert isinstance(maps, Maps)
        assert_equal(maps_of(theirs, network, batch), maps.values)


@pytest.mark.parametrize("baselines", [0.0, -0.7, "mean"])
def test_integrated_gradients(network, batch, baselines):
    base = batch.background.mean(0) if baselines == "mean" else torch.full_like(batch.x[0], baselines)
    nodes, weights = leggauss(20)
    exact, oracle = torch.zeros_like(batch.x), torch.zeros_like(batch.x)
    for node, weight in zip(nodes, weights / 2, strict=True):
        place = base + (1 + node) / 2 * (batch.x - base)
        product = gradient(network, place, batch.target) * (batch.x - base)
        exact += float(weight) * product
        oracle += float(np.float32(weight)) * product  # captum rounds the weights, whatever the type of the images
    explain = gradients.IntegratedGradients(n_steps=20, baselines=baselines, internal_batch_size=7)
    maps = explain.attribute_module(network, batch)
    assert_equal(maps.values, oracle)
    assert_equal(maps.values, exact, 1e-7)
    difference = score(network, batch.x, batch.target) - score(network, base.expand_as(batch.x), batch.target)
    error = ((oracle.sum((1, 2, 3)) - difference) / difference).abs()
    assert torch.allclose(maps.diagnostics["completeness_error"], error, rtol=1e-6)


def test_layer_gradcam(network, batch):
    kept = []
    handle = network.module[4].register_forward_hook(lambda _m, _i, out: kept.append(out))  # type: ignore[operator, index]
    try:
        out = network.module(batch.x.clone().requires_grad_()).gather(1, batch.target[:, None]).sum()
    finally:
        handle.remove()
    (grad,) = torch.autograd.grad(out, kept)
    oracle = (grad.mean((2, 3), keepdim=True) * kept[0]).sum(1, keepdim=True).detach()
    assert (oracle < 0).any()
    assert_equal(maps_of(layers.LayerGradCam(), network, batch), oracle)
    product = (grad * kept[0]).sum(1, keepdim=True).detach()
    assert_equal(maps_of(layers.LayerGradientXActivation(), network, batch), product)


def test_smoothgrad_uses_the_seed_of_each_image(network, batch):
    values = maps_of(noise.SmoothGrad(nt_samples=3, stdevs=0.2), network, batch)
    for place, seed in enumerate(batch.noise.seeds):
        x, target = batch.x[place : place + 1], int(batch.target[place])
        with seeded(seed):
            tunnel = ca.NoiseTunnel(ca.Saliency(network.module))
            oracle = tunnel.attribute(x.clone(), target=target, nt_samples=3, stdevs=0.2, abs=False)
        assert_equal(values[place : place + 1], oracle.detach())


def test_ablation_by_hand(network, batch):
    values = maps_of(perturbations.FeatureAblation(grid=2, baselines=0.3), network, batch)
    for rows in (slice(0, 8), slice(8, 16)):
        for columns in (slice(0, 8), slice(8, 16)):
            hidden = batch.x.clone()
            hidden[:, :, rows, columns] = 0.3
            loss = score(network, batch.x, batch.target) - score(network, hidden, batch.target)
            assert_equal(values[:, 0, rows, columns], loss[:, None, None].expand(-1, 8, 8))


def test_permutation_draws_from_the_background(network, batch):
    one = replace(batch, background=batch.background[:1])
    values = maps_of(perturbations.FeaturePermutation(grid=2, samples=2), network, one)
    other = batch.x.clone()
    other[:, :, :8, 8:] = batch.background[0, :, :8, 8:]
    loss = score(network, batch.x, batch.target) - score(network, other, batch.target)
    assert_equal(values[:, 0, :8, 8:], loss[:, None, None].expand(-1, 8, 8))


def test_shapley_values_by_enumeration(network, batch):
    cells = perturbations.cells(2, batch.x)
    oracle = torch.zeros(len(batch.x), 4, dtype=torch.float64)
    for order in permutations(range(4)):
        shown = torch.zeros_like(batch.x)
        before = score(network, shown, batch.target)
        for cell in order:
            shown = torch.where(cells == cell, batch.x, shown)
            after = score(network, shown, batch.target)
            oracle[:, cell] += (after - before) / 24
            before = after
    oracle = oracle[:, cells[0, 0]][:, None]
    # captum adds up in float32
    assert_equal(maps_of(perturbations.ShapleyValues(), network, batch), oracle, 1e-6)
    assert_equal(maps_of(perturbations.KernelShap(grid=2), network, batch), oracle, 0.05)  # from 200 random sets
    sampled = maps_of(perturbations.ShapleyValueSampling(grid=2, n_samples=200), network, batch)
    assert_equal(sampled, oracle, 0.1)  # from 200 random orders
    assert (sampled - oracle).abs().amax() > 1e-6


def test_lime_and_occlusion_are_captums_called_directly(network, batch):
    one = replace(batch, x=batch.x[:1], target=batch.target[:1], noise=replace(batch.noise, seeds=(9,)))
    mask = perturbations.cells(4, one.x)
    with seeded(9):
        lime = ca.Lime(network.module, interpretable_model=SkLearnLasso(alpha=0.001))
        oracle = lime.attribute(one.x, target=one.target, feature_mask=mask, n_samples=60, baselines=0.0)[:, :1]
    assert_equal(maps_of(perturbations.Lime(n_samples=60, alpha=0.001), network, one), oracle.double())
    direct = ca.Occlusion(network.module).attribute(one.x, (3, 4, 4), target=one.target, strides=(3, 2, 2))
    assert_equal(maps_of(perturbations.Occlusion(), network, one), direct[:, :1])


def test_layer_methods_by_rows_of_tokens(build, make_images):
    """A place of a transformer's layer: its token, class token left out."""
    network, batch = build("test_vit", img_size=32, patch_size=8), make_images(side=32)
    values = maps_of(layers.LayerFeatureAblation(), network, batch)
    block = network.module.get_submodule(network.points["top"].module)
    for row, column in ((0, 0), (1, 3), (3, 2)):

        def hide(_module: Any, _inputs: Any, out: Tensor, place: int = 1 + 4 * row + column) -> Tensor:
            out = out.clone()
            out[:, place] = 0
            return out

        handle = block.register_forward_hook(hide)
        try:
            hidden = score(network, batch.x, batch.target)
        finally:
            handle.remove()
        assert_equal(values[:, 0, row, column], score(network, batch.x, batch.target) - hidden)


WRONG = {
    "resnet18": "a max-pool whose windows overlap, fed by a ReLU",
    "convnext_atto": "GELU, layer norm",
    "efficientnet_b0": "SiLU, gates",
}


@pytest.mark.parametrize("name", WRONG)
def test_captums_deeplift_fails_its_check_and_says_so(name, build, make_images):
    network, batch = build(name), make_images(2, side=32)
    with pytest.raises(UsageError, match=r"captum's DeepLift is wrong on this network: on image \d of 2 .* by [\d.e+]"):
        deeplift.DeepLift(baselines="mean").attribute_module(network, batch)
    maps = deeplift.DeepLift(baselines="mean", insist=True).attribute_module(network, batch)
    direct = ca.DeepLift(network.module).attribute(
        batch.x.clone().requires_grad_(), batch.background.mean(0, keepdim=True), target=batch.target
    )
    assert_equal(maps.values, direct.detach())
    base = batch.background.mean(0, keepdim=True).expand_as(batch.x)
    difference = score(network, batch.x, batch.target) - score(network, base, batch.target)
    error = ((direct.detach().sum((1, 2, 3)) - difference) / difference).abs()
    assert torch.allclose(maps.diagnostics["completeness_error"], error)
    assert error.amax() > 1e-2


def test_captums_deeplift_where_it_is_right(network, batch):
    maps = deeplift.DeepLift().attribute_module(network, batch)
    assert maps.diagnostics["completeness_error"].amax() < 1e-12
    layer = layers.LayerDeepLiftShap().attribute_module(network, batch)
    assert layer.diagnostics["completeness_error"].amax() < 1e-12
    assert layer.values.shape == (3, 1, 8, 8)


def test_rounding_is_no_incompleteness(network, batch):
    """In float32, where the baseline is the image up to a hair, the difference of the logits is rounding."""
    single = replace(network, module=copy.deepcopy(network.module).float())
    x = batch.x.float()
    near = replace(batch, x=x, background=x[:1] + 1e-6)
    same = replace(near, x=x[:1], target=batch.target[:1])
    maps = deeplift.DeepLift(baselines="mean").attribute_module(single, same)
    assert maps.values.abs().amax() < 1e-5


def test_a_missing_layer_is_named(network, batch):
    without = replace(network, points={"top": network.points["top"]})
    with pytest.raises(UsageError, match="the network has no point 'intermediate'; it has top"):
        layers.LayerConductance(layer="intermediate").attribute_module(without, batch)


def test_a_grid_finer_than_the_image_is_named(network, batch):
    with pytest.raises(UsageError, match="grid=17 has more cells than the images of 16x16"):
        perturbations.FeatureAblation(grid=17).attribute_module(network, batch)
    with pytest.raises(UsageError, match="window=17 is larger than the images of 16x16"):
        perturbations.Occlusion(window=17).attribute_module(network, batch)


@pytest.mark.parametrize(
    "explain", [layers.LayerIntegratedGradients(), layers.LayerGradCam(), deeplift.DeepLift(), relevance.Lrp()]
)
def test_activations_in_place_change_nothing(explain, network, batch):
    """At a layer, too, whose output the next module overwrites: captum's integrals stop there by themselves."""
    before = replace(network, points={"top": replace(network.points["top"], module="3")})
    module = copy.deepcopy(network.module)
    for part in module.modules():
        if isinstance(part, torch.nn.ReLU):
            part.inplace = True
    inplace = replace(before, module=module)
    assert_equal(maps_of(explain, inplace, batch), maps_of(explain, before, batch))
    assert all(part.inplace for part in module.modules() if isinstance(part, torch.nn.ReLU))


def test_relevance_is_conserved_without_biases(network, batch):
    """And a layer's is what captum gives at the input of the next layer that it knows."""
    module = copy.deepcopy(network.module)
    for part in module.modules():
        if getattr(part, "bias", None) is not None:
            torch.nn.init.zeros_(part.bias)  # type: ignore[arg-type]
    plain = replace(network, module=module)
    for explain in (relevance.Lrp(), relevance.LayerLrp(), relevance.LayerLrp(layer="intermediate")):
        maps = explain.attribute_module(plain, batch)
        assert maps.diagnostics["conservation_error"].amax() < 1e-6
    passable = relevance.passable(copy.deepcopy(network.module))
    result = ca.LayerLRP(passable, passable[5]).attribute(  # type: ignore[index]
        batch.x.clone().requires_grad_(), target=batch.target, attribute_to_layer_input=True
    )
    assert_equal(maps_of(relevance.LayerLrp(), network, batch), result.sum(1, keepdim=True).detach())
