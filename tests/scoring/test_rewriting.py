"""Rewritten taps against weights that are really changed: built-in networks, by hand."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import Batch, Network, Noise, Tap
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, Rewriting, RewrittenScorer, Scorer, attribute
from saliencynoise.scoring.rewriting import Change, draw_change

if TYPE_CHECKING:
    from saliencynoise.interfaces import Maps

CHANNELS = 6
METHODS = ["gradcam", "gradcam_plus_plus", "layercam", "eigencam", "scorecam", "ablation_cam", "guided_gradcam"]


def batch() -> Batch:
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([1, 3]), background=x, noise=Noise((1, 2)))


def drawn(kinds: tuple[str, ...], seed: int = 3, channels: int = CHANNELS) -> Change:
    return draw_change(kinds, channels, torch.Generator().manual_seed(seed))


def shuffled(module: nn.Module) -> nn.Module:
    """In float64 and eval mode, with norms as training leaves them."""
    generator = torch.Generator().manual_seed(2)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values, low, high in ((part.weight, 0.5, 1.5), (part.bias, -0.3, 0.3), (part.running_var, 0.3, 1.5)):
                values.data.uniform_(low, high, generator=generator)
            part.running_mean.normal_(0, 0.1, generator=generator)
    return module.double().eval()


class Fixed(Rewriting):
    """The change that was made to the weights."""

    def __init__(self, point: str, change: Change) -> None:
        super().__init__({}, seed=0)
        self.point, self.change = point, change

    def _change(self, point: str, channels: int) -> Change | None:
        return self.change if point == self.point else None


def by_taps(network: Network, method: str, rewriting: Rewriting) -> Maps:
    instance, given = catalogue().method(method).instance, batch()
    scorer = RewrittenScorer(Scorer(Passes(network), given), rewriting)
    if hasattr(instance, "attribute"):
        return instance.attribute(scorer, given)
    taps = scorer.taps(given.x[:, None], *instance.points)
    return instance.from_pass({point: Tap(tap.value[:, 0], tap.grad[:, 0]) for point, tap in taps.items()}, given)


def by_weights(network: Network, method: str) -> Maps:
    result = attribute(Passes(network), catalogue().method(method).instance, batch())
    if isinstance(result, Exception):
        raise result
    return result


def writes(convolution: nn.Module, norm: nn.Module, change: Change) -> None:
    """Let a layer write T a in place of a: another order of its outputs, then a factor for what the norm gives."""
    convolution.weight.data = convolution.weight.data[change.order]
    if convolution.bias is not None:
        convolution.bias.data = convolution.bias.data[change.order]
    for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        values.data = values.data[change.order]
    norm.weight.data *= change.factors
    norm.bias.data *= change.factors


def reads(layer: nn.Module, change: Change) -> None:
    """Let a layer read T a as it read a."""
    factors = change.factors.reshape(-1, *[1] * (layer.weight.ndim - 2))
    layer.weight.data = layer.weight.data[:, change.order] / factors


@torch.no_grad()
def rewritten_resnet(network: Network, change: Change) -> Network:
    """The last stage: two blocks and the shortcut write, the second block and the head read."""
    network = copy.deepcopy(network)
    first, second = network.module.stages[3]
    writes(first.layers[3], first.layers[4], change)
    writes(first.shortcut[-2], first.shortcut[-1], change)
    reads(second.layers[0], change)
    writes(second.layers[3], second.layers[4], change)
    reads(network.module.head.linear, change)
    return network


@torch.no_grad()
def rewritten_vgg(network: Network, change: Change) -> Network:
    """The last layer writes, the head reads."""
    network = copy.deepcopy(network)
    convolution, norm, _ = list(network.module.stages[4])[-3:]
    writes(convolution, norm, change)
    reads(network.module.head.linear, change)
    return network


CASES = {
    "resnet": ("resnet(depth=18,width=4)", rewritten_resnet, 32),
    "vgg": ("vgg(depth=11,width=4)", rewritten_vgg, 32),
}


def built(architecture: str) -> Network:
    name, _, arguments = architecture.partition("(")
    pairs = [pair.split("=") for pair in arguments.rstrip(")").split(",")]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = catalogue().model(name, {key: int(value) for key, value in pairs}).load()
        network = model.build((3, 16, 16), 5)
    shuffled(network.module)
    return network


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", CASES)
def test_rewritten_taps_give_the_maps_of_rewritten_weights(family, method):
    architecture, surgery, channels = CASES[family]
    network = built(architecture)
    change = drawn(network.points["top"].rewrites, channels=channels)
    rewritten = surgery(network, change)
    assert not torch.equal(rewritten.module.head.linear.weight, network.module.head.linear.weight)
    torch.testing.assert_close(rewritten.module(batch().x), network.module(batch().x), rtol=1e-9, atol=1e-9)
    expected = by_weights(rewritten, method).values
    result = by_taps(network, method, Fixed("top", change)).values
    assert float((result - expected).abs().max()) <= 1e-8 * float(expected.abs().max())


def test_the_change_matters_where_it_is_not_declared():
    network = built(CASES["vgg"][0])
    change = drawn(network.points["top"].rewrites, channels=32)
    plain, result = by_weights(network, "ablation_cam").values, by_taps(network, "ablation_cam", Fixed("top", change))
    assert float((result.values - plain).abs().max()) > 0.01 * float(plain.abs().max())


def test_group_norm_forbids_other_orders():
    with torch.random.fork_rng():
        points = catalogue().model("resnet", {"width": 4, "norm": "group"}).load().build((3, 16, 16), 5).points
    assert {point.rewrites for point in points.values()} == {("positive_scale",)}


KINDS = [("permutation",), ("positive_scale",), ("sign",), ("rotation",), ("centred_rotation",)]


@pytest.mark.parametrize("kinds", [*KINDS, ("rotation", "positive_scale"), ("permutation", "sign", "positive_scale")])
def test_a_change_keeps_inner_products_of_values_and_gradients_and_can_be_undone(kinds):
    change = drawn(kinds)
    value, grad = (torch.randn(2, 3, CHANNELS, 4, 5, dtype=torch.float64) for _ in range(2))
    there = change.value(value)
    assert not torch.allclose(there, value)
    torch.testing.assert_close((there * change.gradient(grad)).sum(2), (value * grad).sum(2))
    torch.testing.assert_close(change.undone(there), value)


def test_kinds_are_what_they_say():
    value = torch.randn(CHANNELS, 4, 5, dtype=torch.float64)
    assert torch.equal(drawn(("sign",)).value(value).abs(), value.abs())
    ratio = drawn(("positive_scale",)).value(value) / value
    assert 0.5 <= float(ratio.min()) < float(ratio.max()) <= 2
    assert torch.equal(drawn(("permutation",)).value(value).sort(0).values, value.sort(0).values)
    turned = drawn(("rotation",)).value(value)
    torch.testing.assert_close(turned.square().sum(0), value.square().sum(0))
    assert not torch.allclose(turned.sum(0), value.sum(0))
    kept = drawn(("centred_rotation",)).value(value)
    torch.testing.assert_close(kept.square().sum(0), value.square().sum(0))
    torch.testing.assert_close(kept.sum(0), value.sum(0))
    torch.testing.assert_close(drawn(("centred_rotation",), channels=1).value(value[:1]), value[:1])


def test_the_same_seed_is_the_same_network_and_another_is_another():
    tap = Tap(*torch.randn(2, 1, CHANNELS, 2, 2, dtype=torch.float64))
    kinds = {"top": ("sign", "permutation")}
    first, again, other = (Rewriting(kinds, seed=seed).taps({"top": tap})["top"].value for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_input_and_other_points_stay():
    tap = Tap(*torch.randn(2, 1, CHANNELS, 2, 2))
    taps = {"input": tap, "intermediate": tap}
    assert Rewriting({"top": ("sign",), "input": ("sign",)}, seed=0).taps(taps) == taps
