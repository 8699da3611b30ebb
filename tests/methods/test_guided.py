"""Guided backpropagation and guided GradCAM against captum, and by ReLUs that captum does not see."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import torch
from captum.attr import GuidedBackprop as CaptumGuidedBackprop
from captum.attr import GuidedGradCam as CaptumGuidedGradCam
from torch import nn
from torch.nn import functional as F

from saliencynoise.interfaces import Batch, FunctionalMethod, Network, Noise
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.methods.gradient import Gradient
from saliencynoise.methods.guided_backprop import GuidedBackprop
from saliencynoise.methods.guided_gradcam import GuidedGradCam
from tests.methods.families import LAYERS, LAYOUTS, assert_equal, family, maps_of, small, small_batch, swin, vit
from tests.scoring.conftest import SIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

pytestmark = pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")


def pictures() -> Batch:
    x = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([4, 6]), background=x, noise=Noise((1, 2)))


def network_and_batch(name: str) -> tuple[Network, Batch]:
    return (small(), small_batch()) if name == "small" else (family(name), pictures())


def out_of_place(module: nn.Module) -> nn.Module:
    """A copy that captum's hooks can bear."""
    module = deepcopy(module)
    for part in module.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False
    return module


@pytest.mark.parametrize("name", ["small", "resnet18", "vgg11_bn", "densenet121"])
def test_guided_backprop_is_captums(name):
    network, batch = network_and_batch(name)
    module = out_of_place(network.module)
    oracle = CaptumGuidedBackprop(module).attribute(batch.x.clone().requires_grad_(), target=batch.target)
    maps = maps_of(network, GuidedBackprop(), batch)
    assert_equal(maps, oracle)
    assert (maps - maps_of(network, Gradient(), batch)).abs().amax() > 0.1 * maps.abs().amax()


@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", ["small", "resnet18", "densenet121"])
def test_guided_gradcam_is_captums(name, layer, upsampling):
    network, batch = network_and_batch(name)
    module = out_of_place(network.module)
    oracle = CaptumGuidedGradCam(module, module.get_submodule(network.points[layer].module)).attribute(
        batch.x.clone().requires_grad_(), target=batch.target, interpolate_mode=upsampling
    )
    assert_equal(maps_of(network, GuidedGradCam(layer=layer, upsampling=upsampling), batch), oracle.detach())


@pytest.mark.parametrize("layer", LAYERS)
def test_guided_gradcam_of_every_layout_is_one_map(layer):
    plain, *others = (maps_of(small(layout), GuidedGradCam(layer=layer), small_batch()) for layout in LAYOUTS)
    assert plain.shape == (3, 2, 12, 20)
    for maps in others:
        assert_equal(maps, plain)


@pytest.mark.parametrize("get", [swin, vit])
def test_transformers_have_no_relu_so_it_is_the_gradient_times_the_cam(get):
    network, batch = get(), pictures()
    gradient = maps_of(network, Gradient(), batch)
    assert torch.equal(maps_of(network, GuidedBackprop(), batch), gradient)
    cam = maps_of(network, GradCam(), batch).clamp(min=0)
    large = cam.repeat_interleave(16, 2).repeat_interleave(16, 3)
    assert_equal(maps_of(network, GuidedGradCam(), batch), gradient * large)


class Body(nn.Module):
    """Two convolutions, with `rectify` after each."""

    def __init__(self, rectify: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 6, 3), nn.Conv2d(6, 6, 3)
        self.head = nn.Linear(6, 3)
        self.rectify = rectify

    def forward(self, x: Tensor) -> Tensor:
        x = self.rectify(self.first(x))
        return self.head(self.rectify(self.second(x)).mean((2, 3)))


def body(rectify: Callable[[Tensor], Tensor]) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(6)
        return Network(module=Body(rectify).double().eval(), points={})


def on_a_view(x: Tensor) -> Tensor:
    x[:, :4].relu_()
    x[:, 4:].relu_()
    return x


def unnamed(x: Tensor) -> Tensor:
    torch.relu_(input=x)
    return x


WAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "module": nn.ReLU(),
    "module in place": nn.ReLU(inplace=True),
    "F.relu": F.relu,
    "F.relu in place": lambda x: F.relu(x, inplace=True),
    "F.relu_": F.relu_,
    "torch.relu": torch.relu,
    "torch.relu_": unnamed,
    "Tensor.relu": lambda x: x.relu(),
    "Tensor.relu_": lambda x: x.relu_(),
    "view": on_a_view,
}


class Each(nn.Module):
    """A ReLU module for each call."""

    def __init__(self) -> None:
        super().__init__()
        self.turns, self.relus = 0, nn.ModuleList([nn.ReLU(), nn.ReLU()])

    def forward(self, x: Tensor) -> Tensor:
        self.turns += 1
        return self.relus[(self.turns - 1) % 2](x)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_call_a_relu_is_guided(way):
    """Among them one module twice, on which captum's hooks are right too, but not asked."""
    batch, once = small_batch(), body(Each())
    oracle = CaptumGuidedBackprop(once.module).attribute(batch.x.clone().requires_grad_(), target=batch.target)
    network = body(WAYS[way])
    assert_equal(maps_of(network, GuidedBackprop(), batch), oracle)
    assert torch.equal(network.module(batch.x), once.module(batch.x))


class Guided(torch.autograd.Function):
    """ReLU, cut off at `top`, and the guided rule, written out."""

    @staticmethod
    def forward(context: Any, x: Tensor, top: float) -> Tensor:
        context.save_for_backward(x)
        context.top = top
        return torch.minimum(torch.maximum(x, torch.zeros_like(x)), torch.full_like(x, top))

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (x,) = context.saved_tensors
        return torch.where((x > 0) & (x < context.top) & (gradient > 0), gradient, 0), None


def test_what_goes_beside_a_relu_is_not_guided():
    """Captum's hook is on the ReLU's input, and rectifies what comes back through the shortcut too."""
    batch = small_batch()
    oracle = maps_of(body(lambda x: Guided.apply(x, torch.inf) - x), Gradient(), batch)
    assert_equal(maps_of(body(lambda x: F.relu(x) - x), GuidedBackprop(), batch), oracle)


SIX = (nn.ReLU6(), nn.ReLU6(inplace=True), F.relu6, lambda x: F.relu6(x, inplace=True))


@pytest.mark.parametrize("six", SIX)
def test_relu6_is_guided(six):
    batch = small_batch()
    oracle = maps_of(body(lambda x: Guided.apply(5 * x, 6.0)), Gradient(), batch)
    assert_equal(maps_of(body(lambda x: six(5 * x)), GuidedBackprop(), batch), oracle)
    assert (body(lambda x: six(5 * x)).module.first(batch.x) * 5 > 6).any()


@pytest.mark.parametrize("plain", [F.gelu, F.silu, F.leaky_relu, F.hardtanh, lambda x: x.clamp(min=0)])
def test_other_activations_keep_their_derivative(plain):
    network, batch = body(plain), small_batch()
    assert torch.equal(maps_of(network, GuidedBackprop(), batch), maps_of(network, Gradient(), batch))


def test_the_network_is_plain_again_afterwards_and_after_an_error():
    network, batch = body(nn.ReLU()), small_batch()
    gradient = maps_of(network, Gradient(), batch)
    maps_of(network, GuidedBackprop(), batch)

    def fail(_x: Tensor) -> Tensor:
        raise RuntimeError("no such kernel")

    with pytest.raises(RuntimeError, match="no such kernel"):
        maps_of(body(fail), GuidedBackprop(), batch)
    assert torch.equal(maps_of(network, Gradient(), batch), gradient)
    assert not any(part._forward_hooks or part._backward_hooks for part in network.module.modules())


@pytest.mark.parametrize("method", [GuidedBackprop(), GuidedGradCam()])
def test_they_satisfy_the_protocol(method):
    assert isinstance(method, FunctionalMethod)
