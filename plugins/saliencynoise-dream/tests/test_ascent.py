from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from saliencynoise.interfaces import Network, UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise_dream.ascent import dream, mean_gradient, stepped
from saliencynoise_dream.config import DreamConfig
from saliencynoise_dream.objective import ClassLogit, LayerEnergy
from saliencynoise_dream.views import resized, seen, shifted, smoothed, unit_rms
from tests.dream_networks import linear_network

MEAN, STD = (0.4, 0.5), (0.2, 0.3)
TARGETS = torch.tensor([2, 0])
QUICK = DreamConfig(octaves=2, steps=3)


def view(pictures):
    return shifted(seen(resized(pictures, (8, 8)), MEAN, STD), 1, -2)


@pytest.mark.parametrize("objective", [ClassLogit(TARGETS), LayerEnergy("top"), LayerEnergy("2")], ids=str)
def test_the_gradient_equals_finite_differences(smooth, start, objective):
    coarse = resized(start, (6, 5))
    values, gradient = mean_gradient(smooth, objective, coarse, view)
    direction = torch.randn(coarse.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    h = 1e-5
    up, _ = mean_gradient(smooth, objective, coarse + h * direction, view)
    down, _ = mean_gradient(smooth, objective, coarse - h * direction, view)
    torch.testing.assert_close((gradient * direction).sum((1, 2, 3)), (up - down) / (2 * h), rtol=1e-7, atol=1e-10)
    assert values.shape == (2,)


def test_the_mean_gradient_is_that_of_the_mean_objective(smooth, start):
    leaf = start.clone().requires_grad_()
    mean = torch.stack([network.module(view(leaf)) for network in smooth]).mean(0)
    (expected,) = torch.autograd.grad(mean[0, 2] + mean[1, 0], leaf)
    values, gradient = mean_gradient(smooth, ClassLogit(TARGETS), start, view)
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-14)
    torch.testing.assert_close(values, torch.stack([mean[0, 2], mean[1, 0]]))


@pytest.mark.parametrize("gradient", ["mean", "random"])
def test_a_seed_gives_the_same_bits_and_another_seed_others(smooth, start, gradient):
    run = partial(dream, smooth, ClassLogit(TARGETS), start, mean=MEAN, std=STD)
    config = replace(QUICK, gradient=gradient)
    first, again, other = (run(config=replace(config, seed=seed)).pictures for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_global_random_state_does_not_matter_and_is_left(smooth, start):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = dream(smooth, LayerEnergy("top"), start, mean=MEAN, std=STD, config=QUICK).pictures
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(first, dream(smooth, LayerEnergy("top"), start, mean=MEAN, std=STD, config=QUICK).pictures)


def test_an_ensemble_of_one_is_that_network(smooth, start):
    one = smooth[:1]
    run = partial(dream, objective=ClassLogit(TARGETS), start=start, mean=MEAN, std=STD)
    mean, random = (run(one, config=replace(QUICK, gradient=gradient)).pictures for gradient in ("mean", "random"))
    assert torch.equal(mean, random)
    torch.testing.assert_close(run(one * 3, config=QUICK).pictures, mean, rtol=0, atol=1e-12)


def test_the_whole_ascent_equals_a_plain_loop(smooth, start):
    config = DreamConfig(octaves=2, octave_scale=2.0, steps=4, jitter=0, smoothing=0.8, step_size=0.03)
    small = resized(start, (4, 4))
    picture = small
    for size in (4, 8):
        if size == 8:
            picture = (start + resized(picture - small, (8, 8))).clamp(0, 1)
        for _ in range(4):
            leaf = picture.clone().requires_grad_()
            big = resized(leaf, (8, 8))
            x = torch.stack([(big[:, c] - MEAN[c]) / STD[c] for c in range(2)], 1)
            score = sum(net.module(x)[0, 2] + net.module(x)[1, 0] for net in smooth) / 3
            (gradient,) = torch.autograd.grad(score, leaf)
            picture = (picture + 0.03 * unit_rms(smoothed(gradient, 0.8))).clamp(0, 1)
    result = dream(smooth, ClassLogit(TARGETS), start, mean=MEAN, std=STD, config=config)
    torch.testing.assert_close(result.pictures, picture, rtol=1e-9, atol=1e-12)


def test_pictures_of_a_batch_do_not_see_each_other(smooth, start):
    both = dream(smooth, ClassLogit(TARGETS), start, mean=MEAN, std=STD, config=QUICK)
    alone = dream(smooth, ClassLogit(TARGETS[1:]), start[1:], mean=MEAN, std=STD, config=QUICK)
    torch.testing.assert_close(both.pictures[1:], alone.pictures, rtol=0, atol=1e-10)


def test_jitter_does_not_drift():
    """The network wants one bright pixel in the middle: the blob that jitter makes of it stays centred there."""
    weights = torch.zeros(1, 15, 15, dtype=torch.float64)
    weights[0, 7, 7] = 1
    network = linear_network(weights.flatten(1))
    config = DreamConfig(octaves=2, steps=200, jitter=3, smoothing=0.5, step_size=0.001)
    start = torch.zeros(1, 1, 15, 15, dtype=torch.float64)
    picture = dream([network], ClassLogit(torch.tensor([0])), start, mean=(0,), std=(1,), config=config).pictures[0, 0]
    places = torch.arange(15, dtype=torch.float64)
    assert float(picture.max()) > 0.05
    spread = (picture.sum(0) / picture.sum() * (places - 7) ** 2).sum().sqrt()
    assert float(spread) > 1.5  # it did jitter: sd of -3..3 is 2
    for axis in (0, 1):
        centre = float((picture.sum(1 - axis) * places).sum() / picture.sum())
        assert abs(centre - 7) < 4 * 2 / 200**0.5  # four standard errors of the mean shift


def test_pixels_stay_valid_and_the_objective_grows(smooth, start):
    config = DreamConfig(octaves=2, steps=30, step_size=0.1, keep_steps=True)
    result = dream(smooth, ClassLogit(TARGETS), start, mean=MEAN, std=STD, config=config)
    assert float(result.pictures.min()) >= 0
    assert float(result.pictures.max()) <= 1
    assert bool((result.trace[-1] > result.trace[0]).all())
    assert result.trace.shape == (60, 2)
    assert result.steps.shape == (61, 2, 2, 8, 8)
    assert torch.equal(result.steps[-1], result.bytes)
    assert dream(smooth, ClassLogit(TARGETS), start, mean=MEAN, std=STD, config=QUICK).steps is None


def test_the_random_member_is_one_of_the_ensemble_and_all_take_turns(start):
    """Member e raises pixel e only: after many steps all their pixels have been raised."""
    eye = torch.eye(4, dtype=torch.float64)
    members = [linear_network(eye[member : member + 1]) for member in range(4)]
    config = DreamConfig(gradient="random", octaves=1, steps=40, jitter=0, smoothing=0, step_size=0.001)
    picture = dream(
        members, ClassLogit(torch.tensor([0])), torch.zeros(1, 1, 2, 2).double(), mean=(0,), std=(1,), config=config
    ).pictures.flatten()
    turns = picture / 0.002  # a one-hot gradient of 4 pixels has the root mean square 1/2
    torch.testing.assert_close(turns, turns.round(), rtol=0, atol=1e-9)
    assert int(turns.sum()) == 40
    assert bool((turns >= 1).all())


def test_impossible_dreams_are_refused(smooth, start):
    objective = ClassLogit(TARGETS)
    with pytest.raises(UsageError, match="no network"):
        dream([], objective, start, mean=MEAN, std=STD)
    with pytest.raises(UsageError, match=r"not \[2, 8, 8\]"):
        dream(smooth, objective, start[0], mean=MEAN, std=STD)
    with pytest.raises(UsageError, match="--jitter 8 is too large for pictures of 8 pixels; give 7"):
        dream(smooth, objective, start, mean=MEAN, std=STD, config=DreamConfig(jitter=8))
    with pytest.raises(UsageError, match="not finite"):
        stepped(start, start * float("nan"), QUICK)


@pytest.mark.parametrize("name", ["test_resnet", "vit_tiny_patch16_224", "mobilenetv3_small_050"])
@pytest.mark.parametrize("kind", ["class", "top", "intermediate"])
def test_any_architecture_dreams(name, kind):
    arguments = {"depth": 4} if name.startswith("vit") else {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = catalogue().model(name, arguments).load()
        networks = [model.build((3, 32, 32), 5) for _ in range(2)]
    start = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    objective = ClassLogit(torch.tensor([1, 4])) if kind == "class" else LayerEnergy(kind)
    config = DreamConfig(octaves=2, steps=6, jitter=0)
    result = dream(networks, objective, start, mean=(0.5,) * 3, std=(0.25,) * 3, config=config)
    assert bool((result.trace[-1] > result.trace[0]).all())
    assert not any(network.module.training for network in networks)
    assert not any(p.requires_grad for network in networks for p in network.module.parameters())
    assert not any(module._forward_hooks for network in networks for module in network.module.modules())


def test_evaluation_mode_is_set(start):
    """Dropout would make the gradient random, and batch normalisation learn from the dream."""
    norm = torch.nn.BatchNorm2d(2).double()
    network = Network(module=torch.nn.Sequential(norm, torch.nn.Dropout(0.5), torch.nn.Flatten()), points={})
    network.module.train()
    before = norm.running_mean.clone()
    dream([network], ClassLogit(TARGETS), start, mean=MEAN, std=STD, config=QUICK)
    assert torch.equal(norm.running_mean, before)
