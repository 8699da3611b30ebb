"""The pass itself: layouts, in-place layers, hooks, frozen parameters, errors."""

from __future__ import annotations

import copy
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import CamPoint, ConfigurationError, Network
from saliencynoise.scoring import Passes

if TYPE_CHECKING:
    from torch import Tensor


class Permute(nn.Module):
    def __init__(self, *order: int) -> None:
        super().__init__()
        self.order = order

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.order)


class Cut(nn.Module):
    """From `[N, C, h, w]` to tokens, after two class tokens."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([torch.ones(len(x), 2, x.shape[1], dtype=x.dtype), x.flatten(2).mT], 1)


class Join(nn.Module):
    """From tokens back to `[N, C, 3, 5]`."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 2:].mT.unflatten(2, (3, 5))


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


class First(nn.Module):
    def forward(self, pair: tuple[Tensor, Tensor]) -> Tensor:
        return pair[0]


class Scale(nn.Module):
    """Change the input in place."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mul_(3)


class Failing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("no such kernel")


def conv(channels: int = 2) -> nn.Module:
    return nn.Conv2d(channels, 4, 3, padding=1)


def head() -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3))


def network(*layers: nn.Module, layout: str = "NCHW", prefix: int = 0, top: str = "1") -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        module = nn.Sequential(*layers).double()
        for parameter in module.parameters():
            nn.init.normal_(parameter)
    point = CamPoint(module=top, layout=layout, grid=(3, 5), prefix_tokens=prefix)
    return Network(module=module, points={"top": point})


@pytest.fixture
def x():
    return torch.randn(2, 2, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


TARGET = torch.tensor([2, 1])


def hooks(module: nn.Module) -> int:
    return sum(len(part._forward_hooks) + len(part._backward_hooks) for part in module.modules())


def test_the_three_layouts_give_one_grid(x):
    torch.manual_seed(0)
    first, last = conv(), head()
    plain = network(first, nn.Identity(), nn.Identity(), last)
    channels_last = network(first, Permute(0, 2, 3, 1), Permute(0, 3, 1, 2), last, layout="NHWC")
    tokens = network(first, Cut(), Join(), last, layout="tokens", prefix=2)
    tap = Passes(plain).taps(x, TARGET, ("top",))["top"]
    assert tap.value.shape == tap.grad.shape == (2, 4, 3, 5)
    assert torch.equal(tap.value, first(x))
    assert tap.grad.abs().amin() > 0
    for other in (channels_last, tokens):
        result = Passes(other).taps(x, TARGET, ("top",))["top"]
        assert torch.equal(result.value, tap.value)
        assert torch.equal(result.grad, tap.grad)


def test_tokens_become_a_grid_row_by_row():
    tokens = torch.arange(2 * 8 * 1.0).reshape(1, 8, 2)
    grid = CamPoint(module="x", layout="tokens", grid=(2, 3), prefix_tokens=2).to_grid(tokens)
    assert grid[0, 0].tolist() == [[4, 6, 8], [10, 12, 14]]
    assert grid[0, 1].tolist() == [[5, 7, 9], [11, 13, 15]]


def test_values_and_gradients_of_a_linear_network(x):
    linear = network(nn.Flatten(), nn.Linear(30, 3))
    tap = Passes(linear).taps(x, TARGET, ("input",))["input"]
    weight = linear.module[1].weight[TARGET].reshape(2, 2, 3, 5)
    assert torch.equal(tap.value, x)
    torch.testing.assert_close(tap.grad, weight, rtol=1e-12, atol=0)


@pytest.mark.parametrize("after", [nn.ReLU(inplace=True), Scale()])
@pytest.mark.parametrize("points", [("top",), ("input", "top")])
def test_a_layer_that_changes_the_tapped_output_in_place(x, after, points):
    sound = {nn.ReLU: nn.ReLU(), Scale: nn.Identity()}[type(after)]
    result = Passes(network(conv(), nn.Identity(), after, head())).taps(x, TARGET, points)
    expected = Passes(network(conv(), nn.Identity(), sound, head())).taps(x, TARGET, points)
    factor = 3 if isinstance(after, Scale) else 1
    assert (result["top"].value < 0).any()
    assert torch.equal(result["top"].value, expected["top"].value)
    for point in points:
        torch.testing.assert_close(result[point].grad, factor * expected[point].grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("points", [("top",), ("input", "top")])
def test_a_network_that_changes_its_input_in_place_leaves_the_batch_alone(x, points):
    before = x.clone()
    scorer = Passes(network(Scale(), conv(), head()))
    taps = scorer.taps(x, TARGET, points)
    assert torch.equal(x, before)
    assert all(torch.equal(taps[point].value, before) for point in points if point == "input")
    assert not x.requires_grad


def test_the_backward_pass_ends_at_the_earliest_point(x):
    reached = []

    class Watch(torch.autograd.Function):
        @staticmethod
        def forward(_context: object, value: Tensor) -> Tensor:
            return value.clone()

        @staticmethod
        def backward(_context: object, gradient: Tensor) -> Tensor:
            reached.append(True)
            return gradient

    class Watched(nn.Module):
        def forward(self, value: Tensor) -> Tensor:
            return Watch.apply(value)

    scorer = Passes(network(Watched(), conv(), head()))
    alone = scorer.taps(x, TARGET, ("top",))["top"]
    assert not reached
    joint = scorer.taps(x, TARGET, ("input", "top"))["top"]
    assert reached
    assert torch.equal(alone.grad, joint.grad)


def test_two_points_at_one_module(x):
    one = network(conv(), nn.ReLU(), head())
    two = Network(module=one.module, points={**one.points, "intermediate": one.points["top"]})
    taps = Passes(two).taps(x, TARGET, ("top", "intermediate"))
    alone = Passes(one).taps(x, TARGET, ("top",))["top"]
    for tap in taps.values():
        assert torch.equal(tap.value, alone.value)
        assert torch.equal(tap.grad, alone.grad)


def test_the_network_is_frozen_and_in_eval_mode_and_grad_mode_is_left_as_found(x):
    net = network(conv(), nn.BatchNorm2d(4), nn.Dropout(0.5), head())
    net.module.train()
    before = {name: value.clone() for name, value in net.module.state_dict().items()}
    scorer = Passes(net)
    with torch.no_grad():
        first = scorer.taps(x, TARGET, ("input", "top"))
        assert not torch.is_grad_enabled()
    second = scorer.taps(x, TARGET, ("input", "top"))
    assert torch.is_grad_enabled()
    assert all(torch.equal(first[point].grad, second[point].grad) for point in first)
    assert not net.module.training
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in net.module.parameters())
    assert all(torch.equal(before[name], value) for name, value in net.module.state_dict().items())
    assert not any(t.requires_grad for tap in first.values() for t in (tap.value, tap.grad))


def test_hooks_are_gone_after_a_pass_and_after_an_error(x):
    sound, failing = network(conv(), nn.ReLU(), head()), network(conv(), nn.ReLU(), Failing())
    Passes(sound).taps(x, TARGET, ("top",))
    assert hooks(sound.module) == 0
    with pytest.raises(RuntimeError, match="no such kernel"):
        Passes(failing).taps(x, TARGET, ("top",))
    assert hooks(failing.module) == 0
    with pytest.raises(ConfigurationError):
        Passes(sound).taps(x, TARGET, ("top", "bottom"))
    assert hooks(sound.module) == 0


def test_an_unknown_point_is_answered_with_those_there_are(x):
    scorer = Passes(network(conv(), nn.ReLU(), head()))
    with pytest.raises(ConfigurationError, match=r"^the network has no point 'middle'; it has input, top$"):
        scorer.taps(x, TARGET, ("middle",))
    with pytest.raises(ConfigurationError, match=r"^the network has no point 'middle'; it has input, top$"):
        scorer.check("middle")


def test_a_point_whose_module_gives_no_tensor(x):
    net = network(conv(), Pair(), First(), head())
    with pytest.raises(ConfigurationError, match=r"^the module at 'top' gives tuple, not a tensor$"):
        Passes(net).taps(x, TARGET, ("top",))
    assert hooks(net.module) == 0


def test_a_point_that_the_pass_does_not_run(x):
    net = network(conv(), nn.ReLU(), head())
    net.module[0].register_module("aside", nn.ReLU())
    aside = Network(module=net.module, points={"top": CamPoint(module="0.aside", grid=(3, 5))})
    with pytest.raises(ConfigurationError, match=r"^the network's forward pass does not run '0\.aside', .*'top'$"):
        Passes(aside).taps(x, TARGET, ("top",))


def single(network: Network) -> Network:
    return replace(network, module=copy.deepcopy(network.module).float())


def test_bfloat16_passes_give_float32_near_the_exact_values(network, batch):
    x, own = batch.x.float(), single(network)
    exact, rough = Passes(own), Passes(own, precision="bfloat16")
    result, expected = rough.logits(x), exact.logits(x)
    assert result.dtype == torch.float32
    assert not torch.equal(result, expected)
    assert (result - expected).norm() < 0.1 * expected.norm()
    points = ("input", "top")
    taps, exact_taps = rough.taps(x, batch.target, points), exact.taps(x, batch.target, points)
    for point in points:
        for values, others in zip((taps[point].value, taps[point].grad), vars(exact_taps[point]).values(), strict=True):
            assert values.dtype == torch.float32
            assert torch.cosine_similarity(values.flatten(), others.flatten(), dim=0) > 0.8


def test_a_pass_in_a_mode_is_exact_in_any_precision(network, batch):
    own = single(network)
    exact, rough = (
        Passes(own, precision=precision).taps(batch.x.float(), batch.target, ("input",), mode=lambda: nullcontext())  # noqa: PLW0108 - nullcontext itself is no mode
        for precision in ("float32", "bfloat16")
    )
    assert torch.equal(exact["input"].grad, rough["input"].grad)
