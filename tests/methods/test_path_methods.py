"""Integrated gradients, SmoothGrad and expected gradients: closed forms, captum, shap, loops over autograd."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from torch import nn

from saliencynoise.data.digits import load_digits
from saliencynoise.data.tensors import to_float
from saliencynoise.interfaces import Batch, Maps, Network, Noise, seeded
from saliencynoise.methods.baselines import baseline_of
from saliencynoise.methods.expected_gradients import ExpectedGradients, expected_gradients
from saliencynoise.methods.gradient_x_input import GradientXInput
from saliencynoise.methods.integrated_gradients import IntegratedGradients, quadrature
from saliencynoise.methods.smoothgrad import SmoothGrad
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, Scorer, attribute
from saliencynoise.training.loop import Seeds, train
from saliencynoise.training.recipes import recipe_for

if TYPE_CHECKING:
    from torch import Tensor

SHAPE = (3, 5, 7)


def convolutional() -> Network:
    with seeded(4):
        layers = [nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 5)]
        return Network(module=nn.Sequential(*layers).double(), points={})


def linear() -> Network:
    with seeded(5):
        return Network(module=nn.Sequential(nn.Flatten(), nn.Linear(105, 5)).double(), points={})


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(4, *SHAPE, generator=generator, dtype=torch.float64)
    background = torch.randn(6, *SHAPE, generator=generator, dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([4, 0, 2, 2]), background=background, noise=Noise((7, 8, 9, 10)))


def maps_of(network: Network, method: object, batch: Batch, *, rows: int = 256) -> Maps:
    maps = attribute(Passes(network, rows=rows), method, batch)
    assert isinstance(maps, Maps), maps
    return maps


def assert_equal(values: Tensor, oracle: Tensor) -> None:
    assert values.shape == oracle.shape
    assert oracle.abs().max() > 1e-6
    assert (values - oracle).abs().max() <= 1e-10 * oracle.abs().max()


def gradient_at(network: Network, samples: Tensor, target: Tensor) -> Tensor:
    samples = samples.clone().requires_grad_()
    score = network.module(samples).gather(1, target[:, None]).sum()
    return torch.autograd.grad(score, samples)[0]


METHODS = [
    IntegratedGradients(steps=5),
    IntegratedGradients(steps=5, baseline="blur", rule="trapezoid"),
    SmoothGrad(samples=5),
    SmoothGrad(samples=5, statistic="variance"),
    ExpectedGradients(samples=9),
    GradientXInput(),
]


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_neither_chunks_nor_the_batch_change_a_map(method, batch):
    network = convolutional()
    whole = maps_of(network, method, batch).values
    for rows in (1, 2, 7):
        assert_equal(maps_of(network, method, batch, rows=rows).values, whole)
    for order in ([2], [3, 1], [1, 0, 2, 3]):
        noise = Noise(tuple(batch.noise.seeds[place] for place in order))
        part = replace(batch, x=batch.x[order], target=batch.target[order], noise=noise)
        assert_equal(maps_of(network, method, part).values, whole[order])


# Linear networks -----------------------------------------------------------------------------------------------------


def weights(network: Network, batch: Batch) -> Tensor:
    return network.module[1].weight[batch.target].reshape(batch.x.shape)


@pytest.mark.parametrize("baseline", ["zero", "blur", "mean", "dataset"])
@pytest.mark.parametrize("rule", ["gauss_legendre", "trapezoid", "left", "right", "middle"])
def test_integrated_gradients_of_a_linear_network(batch, baseline, rule):
    network = linear()
    maps = maps_of(network, IntegratedGradients(steps=3, baseline=baseline, rule=rule), batch)
    assert_equal(maps.values, weights(network, batch) * (batch.x - baseline_of(baseline, batch)))
    assert maps.diagnostics["completeness_error"].max() < 1e-12


def test_smoothgrad_of_a_linear_network_is_its_gradient_whatever_the_noise(batch):
    network = linear()
    assert_equal(maps_of(network, SmoothGrad(sigma=0.5), batch).values, weights(network, batch))
    squared = maps_of(network, SmoothGrad(statistic="square"), batch).values
    assert_equal(squared, weights(network, batch).square())
    assert maps_of(network, SmoothGrad(statistic="variance"), batch).values.abs().max() < 1e-24


def test_expected_gradients_of_a_linear_network_are_its_shap_values(batch):
    """With as many samples as background images each is drawn once, so the mean is exact."""
    network = linear()
    maps = maps_of(network, ExpectedGradients(samples=6), batch)
    assert_equal(maps.values, weights(network, batch) * (batch.x - batch.background.mean(0)))
    assert maps.diagnostics["completeness_error"].max() < 1e-12


# Other implementations -----------------------------------------------------------------------------------------------

CAPTUM_RULES = {
    "gauss_legendre": "gausslegendre",
    "left": "riemann_left",
    "right": "riemann_right",
    "middle": "riemann_middle",
}


@pytest.mark.parametrize("rule", CAPTUM_RULES)
@pytest.mark.parametrize("baseline", ["zero", "blur"])
def test_integrated_gradients_are_captums(batch, rule, baseline):
    network = convolutional()
    maps = maps_of(network, IntegratedGradients(steps=8, rule=rule, baseline=baseline), batch)
    oracle, delta = CaptumIntegratedGradients(network.module).attribute(
        batch.x,
        baseline_of(baseline, batch),
        target=batch.target,
        n_steps=8,
        method=CAPTUM_RULES[rule],
        return_convergence_delta=True,
    )
    if rule == "gauss_legendre":  # captum rounds the weights to float32; those of 8 equal steps are exact there
        assert (maps.values - oracle).abs().max() <= 1e-7 * oracle.abs().max()
    else:
        assert_equal(maps.values, oracle)
    ends = torch.stack([network.module(baseline_of(baseline, batch)), network.module(batch.x)])
    start, end = ends.gather(2, batch.target.expand(2, -1)[..., None])[..., 0]
    torch.testing.assert_close(
        maps.diagnostics["completeness_error"], (delta / (end - start)).abs(), rtol=1e-4, atol=1e-9
    )


def test_the_trapezoid_by_hand(batch):
    network = convolutional()
    places = np.linspace(0, 1, 4)
    gradients = [gradient_at(network, place * batch.x, batch.target) for place in places]
    mean = sum((gradients[i] + gradients[i + 1]) / 2 for i in range(3)) / 3
    assert_equal(
        maps_of(network, IntegratedGradients(steps=4, rule="trapezoid"), batch).values, (batch.x * mean).detach()
    )


def test_gauss_legendre_is_exact_for_polynomials():
    places, share = quadrature("gauss_legendre", 4)
    for power in range(8):
        assert share @ places**power == pytest.approx(1 / (power + 1), rel=1e-13)


def test_gradient_x_input_is_captums(batch):
    network = convolutional()
    oracle = InputXGradient(network.module).attribute(batch.x.clone().requires_grad_(), target=batch.target)
    assert_equal(maps_of(network, GradientXInput(), batch).values, oracle.detach())


def test_smoothgrad_by_a_loop_over_the_same_noise(batch):
    network = convolutional()
    for image in range(4):
        generator = torch.Generator().manual_seed(batch.noise.seeds[image])
        x, target = batch.x[image : image + 1], batch.target[image : image + 1]
        copies = [x + 0.3 * (x.max() - x.min()) * torch.randn(SHAPE, generator=generator).double() for _ in range(6)]
        gradients = torch.stack([gradient_at(network, copy, target) for copy in copies])
        oracles = {
            "mean": gradients.mean(0),
            "square": gradients.square().mean(0),
            "variance": gradients.var(0, unbiased=True),
        }
        for statistic, oracle in oracles.items():
            maps = maps_of(network, SmoothGrad(samples=6, sigma=0.3, statistic=statistic), batch)
            assert_equal(maps.values[image : image + 1], oracle)


def test_expected_gradients_are_shaps_at_the_same_draws(batch):
    shap = pytest.importorskip("shap")
    network, samples = convolutional(), 13
    network.module.float()  # shap knows no other type
    batch = replace(batch, x=batch.x.float(), background=batch.background.float())
    explainer = shap.GradientExplainer(network.module, batch.background)
    for image in range(2):
        x = batch.x[image : image + 1]
        with seeded(0):
            oracle = explainer.shap_values(x, nsamples=samples, rseed=11)
            np.random.seed(11)  # noqa: NPY002 - shap's generator
            drawn = []
            for _ in range(samples):
                index = np.random.choice(len(batch.background))  # noqa: NPY002 - as above
                drawn.append((index, np.random.uniform()))  # noqa: NPY002 - as above
        own = replace(batch, x=x, target=batch.target[image : image + 1], noise=Noise((1,)))
        values = expected_gradients(
            Scorer(Passes(network), own),
            own,
            indices=torch.tensor([[index for index, _ in drawn]]),
            places=torch.tensor([[place for _, place in drawn]]),
        )
        expected = torch.as_tensor(oracle)[0, ..., int(own.target)]
        assert (values[0] - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_expected_gradients_approach_completeness(batch):
    network = convolutional()
    few, many = (maps_of(network, ExpectedGradients(samples=n), batch).diagnostics for n in (6, 600))
    assert many["completeness_error"].mean() < few["completeness_error"].mean() / 5
    assert many["completeness_error"].median() < 0.05


# Trained networks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arch", ["test_resnet", "mobilenetv3_small_050"])
def test_completeness_of_64_steps_on_a_trained_network(arch):
    digits = load_digits(path=None, image_size=None, seed=0)
    part = replace(digits.train, **{k: getattr(digits.train, k)[:256] for k in ("images", "labels", "names")})
    digits = replace(digits, train=part)
    with seeded(0):
        network = catalogue().model(arch, {}).load().build((1, 16, 16), 10)
        recipe = recipe_for(digits, architecture=arch, device="cpu", overrides={"epochs": 1})
        train(network.module, digits, recipe, Seeds.of_member(0, 0), device="cpu", progress=lambda *_: None)
    x = to_float(digits.test.images[:8], digits.mean, digits.std)
    batch = Batch(x=x, target=digits.test.labels[:8], background=x, noise=Noise(tuple(range(8))))
    errors = maps_of(network, IntegratedGradients(steps=64), batch).diagnostics["completeness_error"]
    coarse = maps_of(network, IntegratedGradients(steps=4), batch).diagnostics["completeness_error"]
    assert errors.median() < 0.02
    assert errors.median() < coarse.median()


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        (IntegratedGradients, {"steps": 0}, "steps=0 is not possible; give 1 or more"),
        (IntegratedGradients, {"steps": 1, "rule": "trapezoid"}, "steps=1 is not possible; give 2 or more"),
        (SmoothGrad, {"samples": 1, "statistic": "variance"}, "samples=1 is not possible; give 2 or more"),
        (SmoothGrad, {"sigma": 0.0}, "sigma=0.0 is not possible; give a positive share of the image's range"),
        (ExpectedGradients, {"samples": 0}, "samples=0 is not possible; give 1 or more"),
    ],
)
def test_impossible_parameters(kind, values, text):
    with pytest.raises(ValueError, match=text):
        kind(**values)
