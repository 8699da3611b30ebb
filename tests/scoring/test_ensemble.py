"""An average of networks, explained as one: against averages of attributions, closed forms and libraries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import Batch, ConfigurationError, Maps, NetworkAggregator, Noise
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, attribute, averaged_network, fitting_rows

if TYPE_CHECKING:
    from saliencynoise.interfaces import Network

SIDE, CLASSES, MEMBERS = 12, 4, 3


def convolutional(seed: int) -> nn.Module:
    """A small network with the functions that matter to methods: a ReLU, a pool, a normalisation."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = nn.Sequential(
            nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3),
            nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, CLASSES),
        )  # fmt: skip
        nn.init.normal_(module[-1].weight, std=0.5)
    return module.double().eval()


@pytest.fixture
def members():
    return [convolutional(seed) for seed in range(MEMBERS)]


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(3, 2, SIDE, SIDE, generator=generator, dtype=torch.float64)
    background = torch.randn(6, 2, SIDE, SIDE, generator=generator, dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([2, 0, 3]), background=background, noise=Noise((1, 2, 3)))


def aggregator(name: str) -> NetworkAggregator:
    result = catalogue().aggregator(name)
    assert result.spec.level == "networks"
    assert isinstance(result.instance, NetworkAggregator)
    return result.instance


def maps(network: Network, method: str, batch: Batch, *, rows: int = 256) -> Maps:
    result = attribute(Passes(network, rows=rows), catalogue().method(method).instance, batch)
    if isinstance(result, Exception):
        raise result
    return result


def each(members: list[nn.Module], method: str, batch: Batch) -> torch.Tensor:
    """The maps of each member by itself, `[E, B, c, h, w]`."""
    from saliencynoise.interfaces import Network

    return torch.stack([maps(Network(module=member, points={}), method, batch).values for member in members])


def log_softmax(member: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """A member's log-probability of the targets, `[B]`, and its gradient."""
    x = batch.x.clone().requires_grad_()
    score = member(x).log_softmax(1).gather(1, batch.target[:, None])[:, 0]
    return score.detach(), torch.autograd.grad(score.sum(), x)[0]


@pytest.mark.parametrize(
    "method", ["gradient", "integrated_gradients(steps=8)", "expected_gradients(samples=4)", "smoothgrad(samples=3)",
               "lime(samples=60,grid=4)", "occlusion(window=4,stride=4)", "captum/saliency"],
)  # fmt: skip
def test_of_mean_logits_linear_attributions_are_the_mean_of_attributions(members, batch, method):
    result = maps(averaged_network(members, aggregator("mean_logits")), method, batch).values
    torch.testing.assert_close(result, each(members, method, batch).mean(0), rtol=1e-10, atol=1e-12)


def test_of_mean_probabilities_the_gradient_weighs_members_by_their_probability(members, batch):
    scores, gradients = (torch.stack(parts) for parts in zip(*(log_softmax(m, batch) for m in members), strict=True))
    weights = scores.softmax(0)[..., None, None, None]  # p_e / sum of p_e
    result = maps(averaged_network(members, aggregator("mean_probabilities")), "gradient", batch).values
    torch.testing.assert_close(result, (weights * gradients).sum(0), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["mean_logits", "mean_probabilities"])
def test_logits_are_numpys(members, batch, name):
    with torch.no_grad():
        result = averaged_network(members, aggregator(name)).module(batch.x)
        each_one = torch.stack([member(batch.x) for member in members])
    expected = each_one.mean(0) if name == "mean_logits" else each_one.softmax(-1).mean(0).log()
    torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)


def test_probabilities_that_vanish_keep_their_logarithm():
    logits = torch.tensor([[[0.0, -2000.0]], [[0.0, -1000.0]]])
    result = aggregator("mean_probabilities").combine(logits)
    assert result[0, 1].item() == pytest.approx(-1000 - torch.tensor(2.0).log().item())


@pytest.mark.parametrize("name", ["mean_logits", "mean_probabilities"])
@pytest.mark.parametrize("method", ["deeplift", "deep_shap", "kernel_shap(samples=80,grid=4)"])
def test_complete_methods_are_complete(members, batch, name, method):
    network = averaged_network(members, aggregator(name))
    result = maps(network, method, batch)
    assert float(result.diagnostics["completeness_error"].max()) < 1e-10
    if method == "deeplift":
        with torch.no_grad():
            logits = network.module(batch.x) - network.module(torch.zeros_like(batch.x))
        expected = logits.gather(1, batch.target[:, None])[:, 0]
        torch.testing.assert_close(result.values.sum((1, 2, 3)), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("method", ["captum/integrated_gradients", "captum/deep_lift", "captum/feature_ablation"])
def test_methods_of_libraries_see_a_module(members, batch, method):
    result = maps(averaged_network(members, aggregator("mean_logits")), method, batch).values
    torch.testing.assert_close(result, each(members, method, batch).mean(0), rtol=1e-8, atol=1e-10)


def test_rows_are_independent_and_passes_may_be_small(members, batch):
    network = averaged_network(members, aggregator("mean_probabilities"))
    whole = maps(network, "integrated_gradients(steps=8)", batch).values
    torch.testing.assert_close(maps(network, "integrated_gradients(steps=8)", batch, rows=2).values, whole)
    alone = replace(batch, x=batch.x[1:2], target=batch.target[1:2], noise=Noise(batch.noise.seeds[1:2]))
    torch.testing.assert_close(maps(network, "integrated_gradients(steps=8)", alone).values, whole[1:2])


def test_the_order_of_members_does_not_matter(members, batch):
    for name in ("mean_logits", "mean_probabilities"):
        result = maps(averaged_network(members[::-1], aggregator(name)), "gradient", batch).values
        expected = maps(averaged_network(members, aggregator(name)), "gradient", batch).values
        torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", ["gradcam", "scorecam", "guided_gradcam(layer=intermediate)"])
def test_a_layer_is_refused_with_the_reason(members, batch, method):
    network = averaged_network(members, aggregator("mean_logits"))
    expected = (
        r"has no point '\w+'; it has input only: averages of networks and networks without a grid have no layers$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        maps(network, method, batch)


def test_memory_is_that_of_all_members(members, monkeypatch):
    from saliencynoise.interfaces import Network
    from saliencynoise.scoring import memory

    monkeypatch.setattr(memory, "CPU_BUDGET", 2**20)
    image = torch.zeros(1, 2, SIDE, SIDE, dtype=torch.float64)
    one = fitting_rows(Network(module=members[0], points={}), image)
    all_of_them = fitting_rows(averaged_network(members, aggregator("mean_logits")), image)
    assert all_of_them == pytest.approx(one / MEMBERS, abs=1)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (lambda one: [], "an average needs at least one network"),
        (lambda one: [one, one], "two members have the same module"),
    ],
)
def test_members_that_are_none_are_refused(chosen, message):
    with pytest.raises(ValueError, match=message):
        averaged_network(chosen(convolutional(0)), aggregator("mean_logits"))


def test_an_aggregator_that_returns_other_shapes_is_refused(members, batch):
    class Sums:
        def combine(self, logits: Any) -> Any:
            return logits.sum(-1)

    with pytest.raises(
        ConfigurationError, match=r"Sums.combine made a Tensor of shape \(3, 3\) of the logits \[3, 3, 4\]"
    ):
        averaged_network(members, Sums()).module(batch.x)
