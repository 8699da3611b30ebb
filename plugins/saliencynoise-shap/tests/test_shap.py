"""shap's explainers: values, the state that is left, each image for itself, and DeepExplainer where it is wrong."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from saliencynoise.interfaces import Batch, ModuleMethod, Network, Noise, UsageError
from saliencynoise_shap.deep import DeepExplainer
from saliencynoise_shap.gradient import GradientExplainer
from saliencynoise_shap.kernel import KernelExplainer, grid_cells
from saliencynoise_shap.partition import PartitionExplainer
from saliencynoise_shap.plugin import saliencynoise_methods

torch.set_num_threads(1)
SEEDS = (2**62 + 5, 7, 2**32 + 9)
SPECS = {spec.name: spec for spec in saliencynoise_methods()}
QUICK: dict[str, Any] = {
    "gradient_explainer": GradientExplainer(samples=12, batch_size=5),
    "deep_explainer": DeepExplainer(),
    "partition_explainer": PartitionExplainer(max_evals=60),
    "kernel_explainer": KernelExplainer(grid=4, samples=80),
}


def small(channels: int = 3, *, inplace: bool = False) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        module = nn.Sequential(
            nn.Conv2d(channels, 6, 3, padding=1),
            nn.ReLU(inplace=inplace),
            nn.Conv2d(6, 6, 3, padding=1, stride=2),
            nn.ReLU(inplace=inplace),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(6, 5),
        )
    module = module.double().eval().requires_grad_(requires_grad=False)
    for parameters in module.parameters():
        parameters.mul_(2.5)
    return Network(module=module, points={})


def images(channels: int = 3, side: int = 8, width: int | None = None) -> Batch:
    generator = torch.Generator().manual_seed(3)
    size = (channels, side, width or side)
    x = torch.randn(3, *size, generator=generator, dtype=torch.float64)
    background = torch.randn(4, *size, generator=generator, dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([4, 0, 2]), background=background, noise=Noise(SEEDS))


def score(network: Network, x: Tensor, target: Tensor) -> Tensor:
    with torch.no_grad():
        out: Tensor = network.module(x).gather(1, target[:, None])[:, 0]
    return out


def state(module: nn.Module) -> tuple[Any, ...]:
    """Everything that hangs on a module, and the global random state."""
    parts = [(path, {name: str(value) for name, value in vars(part).items()}) for path, part in module.named_modules()]
    flags = [(parameter.requires_grad, parameter.grad is None) for parameter in module.parameters()]
    draws = (torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate())  # noqa: NPY002
    return parts, flags, draws, torch.get_default_dtype()


def test_gradient_explainer_is_shap_called_directly():
    """Without our single output: all classes, of which the target's is taken."""
    import shap

    network, batch = small(), images()
    single = copy.deepcopy(network.module).float()
    one = replace(batch, x=batch.x.float(), background=batch.background.float())
    maps = QUICK["gradient_explainer"].attribute_module(replace(network, module=single), one)
    for place, seed in enumerate(SEEDS):
        explainer = shap.GradientExplainer(single, one.background, batch_size=5)
        state_before = np.random.get_state()  # noqa: NPY002
        oracle = explainer.shap_values(one.x[place : place + 1], nsamples=12, rseed=seed % 2**32)
        np.random.set_state(state_before)  # noqa: NPY002
        result, expected = maps.values[place].numpy(), oracle[0, ..., int(batch.target[place])]
        assert np.abs(expected).max() > 1e-4
        assert np.abs(result - expected).max() <= 1e-6 * np.abs(expected).max()


def test_gradient_explainer_is_its_arithmetic_written_out():
    network, batch = small(), images()
    values = QUICK["gradient_explainer"].attribute_module(network, batch).values
    for x, target, seed, result in zip(batch.x, batch.target, SEEDS, values, strict=True):
        draw, total = np.random.RandomState(seed % 2**32), torch.zeros_like(x)
        for _ in range(12):
            other, t = batch.background[draw.choice(4)], draw.uniform()
            place = (t * x + (1 - t) * other)[None].requires_grad_()
            (gradient,) = torch.autograd.grad(network.module(place)[0, target], place)
            total += gradient[0] * (x - other) / 12
        assert (result - total).abs().amax() <= 1e-10


def test_deep_explainer_is_the_rescale_rule_written_out():
    """Two ReLUs: multipliers by hand, difference quotients in the place of derivatives."""
    network, batch = small(), images()
    maps = DeepExplainer().attribute_module(network, batch)
    first, _, second, _, pool, flat, head = network.module  # type: ignore[misc]
    oracle = torch.zeros_like(batch.x)
    with torch.enable_grad():
        for other in batch.background:
            x, base = batch.x.clone().requires_grad_(), other[None]
            a, a0 = first(x), first(base)
            leaf = (a.relu()).detach().requires_grad_()
            b, b0 = second(leaf), second(a0.relu())
            top = b.relu().detach().requires_grad_()
            out = head(flat(pool(top))).gather(1, batch.target[:, None]).sum()
            (m,) = torch.autograd.grad(out, top)
            m = m * (b.relu() - b0.relu()) / (b - b0)
            (m,) = torch.autograd.grad(b, leaf, m.detach())
            m = m * (a.relu() - a0.relu()) / (a - a0)
            (m,) = torch.autograd.grad(a, x, m.detach())
            oracle += (m * (batch.x - base)).detach() / 4
    assert (maps.values - oracle).abs().amax() <= 1e-10
    assert maps.diagnostics["completeness_error"].amax() < 1e-10


def timm_network(name: str, **arguments: Any) -> Network:
    import timm

    with torch.random.fork_rng():
        torch.manual_seed(11)
        module = timm.create_model(name, num_classes=5, **arguments)
        torch.nn.init.normal_(module.get_classifier().weight, std=0.3)
    for part in module.modules():
        if getattr(part, "inplace", False) is True:
            part.inplace = False
    return Network(module=module.double().eval().requires_grad_(requires_grad=False), points={})


@pytest.mark.parametrize(
    ("name", "arguments"), [("test_vit", {"img_size": 32, "patch_size": 8}), ("convnext_atto", {})]
)
def test_deep_explainer_fails_its_check_and_says_so(name, arguments):
    network, batch = timm_network(name, **arguments), images(side=32)
    batch = replace(batch, x=batch.x[:2], target=batch.target[:2], noise=Noise(SEEDS[:2]))
    message = r"shap's DeepExplainer is wrong on this network: on image \d of 2 .*; use the built-in deep_shap, or"
    before = state(network.module)
    with pytest.raises(UsageError, match=message):
        DeepExplainer().attribute_module(network, batch)
    maps = DeepExplainer(insist=True).attribute_module(network, batch)
    difference = score(network, batch.x, batch.target)
    with torch.no_grad():
        difference = difference - network.module(batch.background).mean(0)[batch.target]
    error = ((maps.values.sum((1, 2, 3)) - difference) / difference).abs()
    assert torch.allclose(maps.diagnostics["completeness_error"], error)
    assert error.amax() > 1e-2
    assert state(network.module) == before


def test_deep_explainer_says_that_it_stops_at_operations_in_place():
    network = small(inplace=True)
    before = state(network.module)
    with pytest.raises(UsageError, match=r"cannot work on this network .* operations in place.* built-in deep_shap"):
        DeepExplainer().attribute_module(network, images())
    assert state(network.module) == before


def test_kernel_explainer_gives_shapley_values():
    """All sets of four cells: exact."""
    network, batch = small(), images()
    maps = KernelExplainer(grid=2, samples=64, mask_value="mean").attribute_module(network, batch)
    hidden, cells = batch.background.mean(0, keepdim=True), grid_cells(2, 8, 8)
    oracle = torch.zeros(3, 4, dtype=torch.float64)
    for order in permutations(range(4)):
        shown = hidden.expand_as(batch.x)
        before = score(network, shown, batch.target)
        for cell in order:
            shown = torch.where(cells == cell, batch.x, shown)
            after = score(network, shown, batch.target)
            oracle[:, cell] += (after - before) / 24
            before = after
    assert (maps.values - oracle[:, cells][:, None]).abs().amax() <= 1e-8
    assert maps.diagnostics["completeness_error"].amax() < 1e-10


def test_partition_explainer_divides_until_every_value_is_a_shapley_value_of_a_linear_network():
    linear = nn.Sequential(nn.Flatten(), nn.Linear(2 * 2 * 3, 5)).double().eval().requires_grad_(requires_grad=False)
    batch = images(side=2)
    maps = PartitionExplainer(max_evals=500, mask_value=0.25).attribute_module(Network(module=linear, points={}), batch)
    weights = linear[1].weight[batch.target].unflatten(1, (3, 2, 2))  # type: ignore[operator, index]
    assert (maps.values - weights * (batch.x - 0.25)).abs().amax() <= 1e-10
    assert maps.diagnostics["completeness_error"].amax() < 1e-10


@pytest.mark.parametrize("mask_value", [0.5, "mean"])
def test_partition_explainer_is_shap_called_directly(mask_value):
    import shap

    network, batch = small(), images()
    values = PartitionExplainer(max_evals=60, mask_value=mask_value).attribute_module(network, batch).values
    hidden = batch.background.mean(0) if mask_value == "mean" else torch.full_like(batch.x[0], mask_value)
    masker = shap.maskers.Image(hidden.permute(1, 2, 0).numpy())
    explainer = shap.PartitionExplainer(
        lambda pictures: network.module(torch.from_numpy(pictures).permute(0, 3, 1, 2)).numpy(), masker
    )
    before = np.random.get_state()  # noqa: NPY002
    oracle = explainer(batch.x.permute(0, 2, 3, 1).numpy()[:1], max_evals=60, batch_size=10, silent=True, outputs=[4])
    np.random.set_state(before)  # noqa: NPY002
    expected = torch.from_numpy(oracle.values[..., 0]).permute(0, 3, 1, 2)
    assert (values[:1] - expected).abs().amax() <= 1e-10


@pytest.mark.parametrize("name", SPECS)
def test_it_runs_and_leaves_everything_as_found(name):
    network, batch = small(), images()
    before, x = state(network.module), batch.x.clone()
    maps = QUICK[name].attribute_module(network, batch)
    assert isinstance(QUICK[name], ModuleMethod)
    assert maps.values.shape == ((3, 1, 8, 8) if name == "kernel_explainer" else (3, 3, 8, 8))
    assert maps.values.dtype == torch.float64
    assert torch.isfinite(maps.values).all()
    assert maps.values.abs().amax() > 1e-6
    assert all(figure.amax() < 1e-9 for figure in maps.diagnostics.values())
    assert state(network.module) == before
    assert torch.equal(batch.x, x)
    assert not batch.x.requires_grad


@pytest.mark.parametrize("name", SPECS)
def test_each_image_depends_on_its_own_rows_and_seed(name):
    network, batch = small(), images()
    whole = QUICK[name].attribute_module(network, batch).values
    part = replace(batch, x=batch.x[[2, 0]], target=batch.target[[2, 0]], noise=Noise((SEEDS[2], SEEDS[0])))
    result = QUICK[name].attribute_module(network, part).values
    assert (result - whole[[2, 0]]).abs().amax() <= 1e-10
    other = QUICK[name].attribute_module(network, replace(batch, noise=Noise((1, 2, 3)))).values
    assert torch.equal(other, whole) != SPECS[name].stochastic


@pytest.mark.parametrize("name", SPECS)
def test_a_constant_network_gives_zero(name):
    network = small()
    torch.nn.init.zeros_(network.module[-1].weight)  # type: ignore[operator, index, arg-type]
    maps = QUICK[name].attribute_module(network, images())
    assert maps.values.abs().amax() < 1e-12


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if "linear_contributions" in spec.claims])
def test_a_linear_network(name):
    linear = nn.Sequential(nn.Flatten(), nn.Linear(8 * 8 * 3, 5)).double().eval().requires_grad_(requires_grad=False)
    batch = images()
    batch = replace(batch, background=torch.zeros_like(batch.background))
    values = QUICK[name].attribute_module(Network(module=linear, points={}), batch).values
    weights = linear[1].weight[batch.target].unflatten(1, (3, 8, 8))  # type: ignore[operator, index]
    assert (values - weights * batch.x).abs().amax() < 1e-9


@pytest.mark.parametrize("name", SPECS)
def test_one_channel_and_pictures_that_are_not_square(name):
    network, batch = small(1), images(1, width=6)
    assert QUICK[name].attribute_module(network, batch).values.shape == (3, 1, 8, 6)


class Failing(nn.Module):
    """Fails at its second pass, when hooks are set and numbers were drawn."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        PASSES.append(len(x))
        torch.rand(1)
        out: Tensor = self.network(x)
        if len(PASSES) > 1:
            raise ValueError("the network fails")
        return out


PASSES: list[int] = []


@pytest.mark.parametrize("name", SPECS)
def test_everything_is_left_as_found_when_it_raises(name):
    network = small()
    failing = replace(network, module=Failing(network.module).eval())
    PASSES.clear()
    before = state(failing.module)
    with pytest.raises(ValueError, match="the network fails"):
        QUICK[name].attribute_module(failing, images())
    assert state(failing.module) == before


@pytest.mark.parametrize(
    ("explainer", "arguments", "text"),
    [
        (GradientExplainer, {"samples": 0}, "samples=0 is not possible; choose 1 or more"),
        (GradientExplainer, {"local_smoothing": -1.0}, "local_smoothing=-1.0 is not possible; choose 0 or more"),
        (PartitionExplainer, {"mask_value": "blur"}, "mask_value=blur is not possible; choose a number or mean"),
        (PartitionExplainer, {"max_evals": 1}, "max_evals=1 is not possible; choose 4 or more"),
        (KernelExplainer, {"samples": 20}, "samples=20 is not possible; choose 32 or more"),
        (KernelExplainer, {"grid": 1}, "grid=1 is not possible; choose 2 or more"),
    ],
)
def test_impossible_values_are_refused(explainer, arguments, text):
    with pytest.raises(ValueError, match=text):
        explainer(**arguments)


def test_a_grid_finer_than_the_image_is_refused():
    with pytest.raises(UsageError, match="grid=9 has more cells than the images of 8x8"):
        KernelExplainer(grid=9).attribute_module(small(), images())


def test_specs():
    assert set(SPECS) == {"gradient_explainer", "deep_explainer", "partition_explainer", "kernel_explainer"}
    assert {(spec.kind, spec.library) for spec in SPECS.values()} == {("module", "shap")}
    code = (
        "import sys, saliencynoise_shap.plugin as p; p.saliencynoise_methods(); "
        "print({'torch', 'shap', 'numpy', 'numba'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("name", SPECS)
def test_the_registry_builds_it_and_reads_back_what_it_writes(name):
    from saliencynoise.registry.catalogue import catalogue

    bound = catalogue().method(f"shap/{name}")
    assert catalogue().method(bound.canonical_name).instance == bound.instance
    assert "with shap " in bound.distribution
