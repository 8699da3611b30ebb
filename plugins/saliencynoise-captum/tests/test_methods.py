"""Every method on small networks: shapes, the state that is left, and each image for itself."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from pydoc import locate
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from saliencynoise.interfaces import CamPoint, MethodSpec, ModuleMethod, Network, Noise, UsageError
from saliencynoise_captum.plugin import saliencynoise_methods

if TYPE_CHECKING:
    from saliencynoise.interfaces import Batch

SPECS = {spec.name: spec for spec in saliencynoise_methods()}
# Captum's max-pool after a ReLU loses its multiplier where neither baseline nor image is zero
INSIST = {"deep_lift_shap": {"insist": True}}
# Refused on a transformer, and the words that say why
REFUSED = {
    "guided_backprop": "changes nn.ReLU modules only and this network has none",
    "deconvolution": "changes nn.ReLU modules only",
    "guided_grad_cam": "changes nn.ReLU modules only",
    "deep_lift": r"captum's DeepLift is wrong on this network: on image \d of 3 .* use the built-in deeplift",
    "deep_lift_shap": r"captum's DeepLiftShap is wrong .* insist: captum/deep_lift_shap\(insist=true\)",
    "layer_deep_lift": r"captum's LayerDeepLift is wrong",
    "layer_deep_lift_shap": r"captum's LayerDeepLiftShap is wrong",
    "lrp": "captum's LRP cannot work on this network .*LayerNorm.* use the built-in",
    "layer_lrp": "captum's LayerLRP cannot work on this network .*LayerNorm",
    "layer_gradcam": "takes the mean over the last axes of the layer 'blocks.4', whose layout is tokens; use the built",
    "internal_influence": "says nothing at the layer 'blocks.4': its channels cancel",
    "layer_gradient_x_activation": "says nothing at the layer 'blocks.4': its channels cancel",
}
PIXELS = {
    *("saliency", "input_x_gradient", "integrated_gradients", "gradient_shap", "guided_backprop", "deconvolution"),
    *("guided_grad_cam", "smoothgrad", "smoothgrad_sq", "vargrad", "deep_lift", "deep_lift_shap", "lrp"),
}


def method(name: str, **arguments: Any) -> Any:
    target: Any = locate(SPECS[name].target.replace(":", "."))
    return target(**{**INSIST.get(name, {}), **arguments})


def expected_shape(name: str, batch: Batch, grid: tuple[int, int]) -> tuple[int, ...]:
    if name in PIXELS:
        return tuple(batch.x.shape)
    return (len(batch.x), 1, *(grid if name.startswith("layer") or name == "internal_influence" else batch.x.shape[2:]))


def state(module: nn.Module) -> dict[str, Any]:
    """Everything that hangs on a module: hooks, flags, attributes, and the numbers."""
    result = {}
    for path, part in module.named_modules():
        for name, value in vars(part).items():
            result[path, name] = sorted(map(str, value)) if isinstance(value, dict) else str(value)
    result["grad", ""] = [(p.requires_grad, p.grad is None) for p in module.parameters()]
    result["numbers", ""] = [value.double().sum().item() for value in module.state_dict().values()]
    return result


def drawn() -> tuple[Any, ...]:
    return (torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate())  # noqa: NPY002


@pytest.mark.parametrize("name", SPECS)
def test_it_runs_and_leaves_everything_as_found(name, network, batch):
    explain, before, x = method(name), (state(network.module), drawn()), batch.x.clone()
    maps = explain.attribute_module(network, batch)
    assert isinstance(explain, ModuleMethod)
    assert maps.values.shape == expected_shape(name, batch, network.points["top"].grid)
    assert maps.values.dtype == batch.x.dtype
    assert not maps.values.requires_grad
    assert torch.isfinite(maps.values).all()
    assert maps.values.abs().amax() > 1e-9
    assert all(figure.shape == (3,) for figure in maps.diagnostics.values())
    assert (state(network.module), drawn()) == before
    assert torch.equal(batch.x, x)
    assert not batch.x.requires_grad


@pytest.mark.parametrize("name", SPECS)
def test_each_image_depends_on_its_own_rows_and_seed(name, network, batch):
    whole = method(name).attribute_module(network, batch)
    order = [2, 0]
    part = replace(
        batch,
        x=batch.x[order],
        target=batch.target[order],
        noise=Noise(tuple(batch.noise.seeds[place] for place in order)),
    )
    result = method(name).attribute_module(network, part)
    scale = whole.values.abs().amax()
    assert (result.values - whole.values[order]).abs().amax() <= 1e-10 * scale
    for key, figure in result.diagnostics.items():
        assert torch.allclose(figure, whole.diagnostics[key][order], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", SPECS)
def test_the_seed_matters_where_the_spec_says_so(name, network, batch):
    one = replace(batch, x=batch.x[:1], target=batch.target[:1], noise=Noise((1,)))
    first, again = (method(name).attribute_module(network, one).values for _ in range(2))
    other = method(name).attribute_module(network, replace(one, noise=Noise((2,)))).values
    assert torch.equal(first, again)
    assert torch.equal(first, other) != SPECS[name].stochastic


@pytest.mark.parametrize("name", SPECS)
def test_the_target_is_honoured(name, network, batch):
    first = method(name).attribute_module(network, batch).values
    second = method(name).attribute_module(network, replace(batch, target=(batch.target + 1) % 5)).values
    assert (first - second).abs().amax() > 1e-6 * first.abs().amax()


@pytest.mark.parametrize("name", SPECS)
def test_one_channel_and_pictures_that_are_not_square(name, make_small, make_images):
    network, batch = make_small(1), make_images(1, channels=1)
    batch = replace(batch, x=batch.x[..., :12], background=batch.background[..., :12])
    points = {"top": CamPoint(module="4", grid=(8, 6))}
    maps = method(name).attribute_module(replace(network, points=points), batch)
    assert maps.values.shape == expected_shape(name, batch, (8, 6))


QUICK = {"occlusion": {"window": 16, "strides": 16}, "shapley_value_sampling": {"n_samples": 3}}


@pytest.mark.parametrize("name", SPECS)
def test_a_transformer(name, build, make_images):
    network, batch = build("test_vit", img_size=32, patch_size=8), make_images(side=32)
    explain = locate(SPECS[name].target.replace(":", "."))(**QUICK.get(name, {}))  # type: ignore[operator]
    before = (state(network.module), drawn())
    if name in REFUSED:
        with pytest.raises(UsageError, match=REFUSED[name]):
            explain.attribute_module(network, batch)
    else:
        maps = explain.attribute_module(network, batch)
        assert maps.values.shape == expected_shape(name, batch, (4, 4))
        assert torch.isfinite(maps.values).all()
    assert (state(network.module), drawn()) == before


class Failing(nn.Module):
    """Fails at its third pass, when hooks are set."""

    def __init__(self, network: nn.Module, passes: int) -> None:
        super().__init__()
        self.network, self.end, self.left = network, nn.Identity(), passes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        calls = PASSES.setdefault("count", 0)
        PASSES["count"] += 1
        out: torch.Tensor = self.network(x)
        torch.rand(1)
        if calls >= self.left:
            raise ValueError("the network fails")
        return out


PASSES: dict[str, int] = {}


@pytest.mark.parametrize("passes", [0, 1])
@pytest.mark.parametrize("name", SPECS)
def test_everything_is_left_as_found_when_it_raises(name, passes, network, batch):
    failing = replace(
        network,
        module=Failing(copy.deepcopy(network.module), passes).eval(),
        points={key: replace(point, module=f"network.{point.module}") for key, point in network.points.items()},
    )
    before = (state(failing.module), drawn())
    PASSES.clear()
    # methods that pass all images once fail at the first pass only
    if passes and name in {"saliency", "input_x_gradient", "guided_backprop", "deconvolution", "lrp"}:
        assert method(name).together
        return
    try:
        method(name).attribute_module(failing, batch)
    except ValueError as error:
        assert str(error) == "the network fails"  # noqa: PT017 - methods of one pass do not raise at the second
    else:
        assert passes
    assert (state(failing.module), drawn()) == before


@pytest.mark.parametrize("name", SPECS)
def test_a_constant_network_gives_zero(name, network, batch):
    if "constant" not in SPECS[name].claims:
        assert name in {"lrp", "layer_lrp"}
        return
    module = copy.deepcopy(network.module)
    torch.nn.init.zeros_(module[-1].weight)  # type: ignore[index, arg-type]
    maps = method(name).attribute_module(replace(network, module=module), batch)
    # captum fits in float32 where it fits
    limit = 1e-7 if name == "kernel_shap" else 1e-12
    assert maps.values.abs().amax() < limit
    assert all(figure.amax() < 16 * limit for figure in maps.diagnostics.values())


class Deaf(nn.Module):
    """Does not look at the image."""

    def __init__(self) -> None:
        super().__init__()
        self.top, self.logits = nn.Conv2d(3, 2, 1), nn.Parameter(torch.arange(5.0), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.top(x)
        return self.logits.expand(len(x), -1)


@pytest.mark.parametrize("name", ["saliency", "integrated_gradients", "layer_gradcam", "deep_lift", "smoothgrad"])
def test_a_network_that_does_not_look_gives_zero(name, batch):
    points = {"top": CamPoint(module="top", grid=(16, 16))}
    network = Network(module=Deaf().double().eval().requires_grad_(requires_grad=False), points=points)
    maps = method(name).attribute_module(network, batch)
    assert maps.values.shape == expected_shape(name, batch, (16, 16))
    assert (maps.values == 0).all()


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if "linear" in str(spec.claims)])
def test_a_linear_network(name, batch):
    torch.manual_seed(0)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 5))
    network = Network(module=linear.double().eval().requires_grad_(requires_grad=False), points={})
    weights = linear[1].weight[batch.target].unflatten(1, (3, 16, 16))  # type: ignore[operator, index]
    zero = replace(batch, background=torch.zeros_like(batch.background))
    values = method(name).attribute_module(network, zero).values
    answer = weights if "linear_weights" in SPECS[name].claims else weights * batch.x
    assert (values - answer).abs().amax() < 1e-9


def test_specs():
    assert len(SPECS) == len(saliencynoise_methods()) == 30
    assert {spec.library for spec in SPECS.values()} == {"captum"}
    assert {spec.kind for spec in SPECS.values()} == {"module"}
    assert all(isinstance(spec, MethodSpec) for spec in SPECS.values())
