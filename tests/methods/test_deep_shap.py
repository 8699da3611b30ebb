"""DeepSHAP against its definition, Shapley values by enumeration, and shap where shap is right."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb

import pytest
import torch
from torch import Tensor, nn

from saliencynoise.interfaces import Batch, FunctionalMethod, Maps, Network, Noise
from saliencynoise.methods.deep_shap import DeepShap
from saliencynoise.methods.deeplift import DeepLift
from saliencynoise.scoring import Passes, attribute


def network(*layers: nn.Module) -> Network:
    module = nn.Sequential(*layers).double()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 3)
    return Network(module=module, points={})


def convolutional() -> Network:
    return network(nn.Conv2d(2, 5, 3), nn.ReLU(), nn.Conv2d(5, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(24, 4))


def batch(count: int = 4, references: int = 5, shape: tuple[int, ...] = (2, 7, 6)) -> Batch:
    generator = torch.Generator().manual_seed(2)
    x, background = (torch.randn(n, *shape, generator=generator, dtype=torch.float64) for n in (count, references))
    return Batch(x=x, target=torch.arange(count) % 4, background=background, noise=Noise(tuple(range(count))))


def maps_of(net: Network, given: Batch, method: FunctionalMethod, rows: int = 256) -> Maps:
    maps = attribute(Passes(net, rows=rows), method, given)
    assert isinstance(maps, Maps), maps
    return maps


def assert_equal(maps: Tensor, oracle: Tensor) -> None:
    assert maps.shape == oracle.shape
    assert oracle.abs().amax() > 1e-3
    assert (maps - oracle).abs().amax() <= 1e-10 * oracle.abs().amax()


@pytest.mark.parametrize("count", [1, 3, 5, 16])
def test_it_is_the_mean_of_deeplift_over_the_first_references(count):
    net, given = convolutional(), batch()
    maps = maps_of(net, given, DeepShap(references=count))
    each = [
        maps_of(net, replace(given, background=reference[None]), DeepLift("dataset")).values
        for reference in given.background[:count]
    ]
    assert len(each) == min(count, 5)
    assert_equal(maps.values, torch.stack(each).mean(0))


def test_it_sums_to_the_score_less_the_mean_score_of_the_references():
    net, given = convolutional(), batch()
    maps = maps_of(net, given, DeepShap(references=3))
    with torch.no_grad():
        scores = net.module(given.x)[torch.arange(4), given.target]
        others = net.module(given.background[:3])[:, given.target].mean(0)
    difference = scores - others
    assert difference.abs().amin() > 1e-3
    assert ((maps.values.flatten(1).sum(1) - difference) / difference).abs().amax() <= 1e-10
    assert maps.diagnostics["completeness_error"].amax() <= 1e-10


def test_a_linear_network_gives_its_weight_times_the_difference_from_the_mean_reference():
    net, given = network(nn.Flatten(), nn.Linear(84, 4)), batch()
    weights = net.module[1].weight[given.target].reshape(given.x.shape)
    assert_equal(maps_of(net, given, DeepShap()).values, weights * (given.x - given.background.mean(0)))


class Product(nn.Module):
    """A sum of products of pairs of pixels: the rule's midpoint is the Shapley value."""

    def forward(self, x: Tensor) -> Tensor:
        a, b, c, d = x.flatten(1).unbind(1)
        return torch.stack([a * b, b * c + a, c * d * 2, d * a - b], 1)


def test_products_get_their_exact_shapley_values():
    given = batch(4, 3, (1, 2, 2))
    net = Network(module=Product(), points={})
    exact = torch.zeros(4, 4, dtype=torch.float64)
    for row, (x, target) in enumerate(zip(given.x.flatten(1), given.target, strict=True)):
        for reference in given.background.flatten(1):
            for player in range(4):
                others = [other for other in range(4) if other != player]
                for size in range(4):
                    for coalition in combinations(others, size):
                        without = reference.clone()
                        without[list(coalition)] = x[list(coalition)]
                        within = without.clone()
                        within[player] = x[player]
                        gain = net.module(torch.stack([within, without]))[:, target].diff().neg().squeeze()
                        exact[row, player] += gain / (4 * comb(3, size)) / 3
    assert_equal(maps_of(net, given, DeepShap()).values.flatten(1), exact)


def test_it_is_shaps_where_shap_is_right():
    shap = pytest.importorskip("shap")
    net, given = convolutional(), batch()
    maps = maps_of(net, given, DeepShap())
    explainer = shap.DeepExplainer(net.module, given.background)
    theirs = torch.from_numpy(explainer.shap_values(given.x.clone(), check_additivity=False))  # [B, C, H, W, K]
    oracle = theirs[torch.arange(4), ..., given.target]
    # shap takes the derivative where inputs are closer than 1e-6, we below 2e-15: none of these are
    assert_equal(maps.values, oracle.to(torch.float64))


def test_the_division_into_passes_and_the_order_of_images_change_nothing():
    net, given = convolutional(), batch()
    whole = maps_of(net, given, DeepShap()).values
    assert_equal(maps_of(net, given, DeepShap(), rows=2).values, whole)
    order = torch.tensor([2, 0])
    part = replace(given, x=given.x[order], target=given.target[order], noise=Noise((2, 0)))
    assert_equal(maps_of(net, part, DeepShap()).values, whole[order])


def test_no_references_are_refused():
    with pytest.raises(ValueError, match="references=0 is not possible; it is a number of images, at least 1"):
        DeepShap(references=0)
    assert isinstance(DeepShap(), FunctionalMethod)
