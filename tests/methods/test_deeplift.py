"""DeepLIFT against an answer known by hand, a rule written out, captum, and completeness on twelve families."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from captum.attr import DeepLift as CaptumDeepLift
from torch import nn

from saliencynoise.interfaces import (
    Batch,
    ConfigurationError,
    FunctionalMethod,
    Maps,
    Network,
    Noise,
    completeness_error,
)
from saliencynoise.methods.baselines import baseline_of
from saliencynoise.methods.deeplift import DeepLift
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, attribute

if TYPE_CHECKING:
    from torch import Tensor


def batch_of(count: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float64, classes: int = 4) -> Batch:
    generator = torch.Generator().manual_seed(2)
    x, background = (torch.randn(n, *shape, generator=generator, dtype=torch.float64) for n in (count, 3))
    target = torch.arange(count) % classes
    return Batch(x=x.to(dtype), target=target, background=background.to(dtype), noise=Noise(tuple(range(count))))


def network_of(*layers: nn.Module) -> Network:
    module = nn.Sequential(*layers).double()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in module.parameters():
            scale = 1 / math.sqrt(parameter[0].numel())
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * scale)
    return Network(module=module, points={})


def maps_of(network: Network, batch: Batch, method: FunctionalMethod | None = None, rows: int = 256) -> Maps:
    maps = attribute(Passes(network, rows=rows), method or DeepLift(), batch)
    if isinstance(maps, Exception):
        raise maps
    return maps


def assert_equal(maps: Tensor, oracle: Tensor) -> None:
    assert maps.shape == oracle.shape
    assert oracle.abs().amax() > 1e-6
    assert (maps - oracle).abs().amax() <= 1e-10 * oracle.abs().amax()


@pytest.mark.parametrize("baseline", ["zero", "blur", "mean", "dataset"])
def test_a_linear_network_gives_its_weight_times_the_difference(baseline):
    network, batch = network_of(nn.Flatten(), nn.Linear(2 * 5 * 4, 4)), batch_of(6, (2, 5, 4))
    maps = maps_of(network, batch, DeepLift(baseline))
    weights = network.module[1].weight[batch.target].reshape(batch.x.shape)
    assert_equal(maps.values, weights * (batch.x - baseline_of(baseline, batch)))
    assert maps.diagnostics["completeness_error"].amax() <= 1e-12


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks")
def test_captum_errs_where_a_relu_follows_a_pool_and_here_it_is_complete():
    """Why the pools above are apart from the ReLUs; if this fails, captum was fixed and they need not be."""
    network = network_of(nn.Conv2d(2, 5, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 6, 4))
    batch = batch_of(4, (2, 8, 7))
    maps = maps_of(network, batch)
    assert maps.diagnostics["completeness_error"].amax() <= 1e-12
    theirs = CaptumDeepLift(network.module).attribute(batch.x.clone().requires_grad_(), target=batch.target)
    assert completeness_error(theirs.detach().sum((1, 2, 3)), maps.values.sum((1, 2, 3))).amax() > 0.1


class Constant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.arange(4.0, dtype=x.dtype).expand(len(x), -1)


def test_a_network_that_ignores_the_image_gives_zero():
    maps = maps_of(Network(module=Constant(), points={}), batch_of(3, (1, 4, 4)))
    assert not maps.values.any()
    assert maps.diagnostics["completeness_error"].tolist() == [0, 0, 0]


def test_two_relus_by_hand():
    """relu(x - 1) at 3 and at 0: a difference of 2 for one of 3."""
    network = Network(module=nn.Sequential(nn.Flatten(), nn.Linear(1, 4), nn.ReLU()).double(), points={})
    with torch.no_grad():
        network.module[1].weight.fill_(1.0)
        network.module[1].bias.fill_(-1.0)
    x = torch.full((1, 1, 1, 1), 3.0, dtype=torch.float64)
    batch = Batch(x=x, target=torch.tensor([2]), background=x, noise=Noise((0,)))
    assert maps_of(network, batch).values.item() == pytest.approx(2.0, abs=1e-12)
    batch = replace(batch, x=-x)
    assert maps_of(network, batch).values.item() == 0


# the rule, written out


class Pooled(nn.Module):
    """Convolution, ReLU, overlapping max-pool, convolution, ReLU, linear."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 2, 2)
        self.pool, self.last = nn.MaxPool2d(3, 2, 1), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(torch.relu(self.first(x)))
        return self.last(torch.relu_(self.second(x)).flatten(1))


def convolved(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """`[c, h, w]`, place by place."""
    p, k = conv.padding[0], conv.kernel_size[0]
    padded = torch.zeros(x.shape[0], x.shape[1] + 2 * p, x.shape[2] + 2 * p, dtype=x.dtype)
    padded[:, p : p + x.shape[1], p : p + x.shape[2]] = x
    h, w = padded.shape[1] - k + 1, padded.shape[2] - k + 1
    y = torch.zeros(conv.out_channels, h, w, dtype=x.dtype)
    for o in range(conv.out_channels):
        for i in range(h):
            for j in range(w):
                y[o, i, j] = (conv.weight[o] * padded[:, i : i + k, j : j + k]).sum() + conv.bias[o]
    return y


def back_through_conv(multipliers: Tensor, conv: nn.Conv2d, shape: torch.Size) -> Tensor:
    p, k = conv.padding[0], conv.kernel_size[0]
    back = torch.zeros(shape[0], shape[1] + 2 * p, shape[2] + 2 * p, dtype=multipliers.dtype)
    for o, i, j in torch.cartesian_prod(*(torch.arange(size) for size in multipliers.shape)).tolist():
        back[:, i : i + k, j : j + k] += multipliers[o, i, j] * conv.weight[o]
    return back[:, p : p + shape[1], p : p + shape[2]]


def windows(size: int) -> list[range]:
    """Of a pool of 3, stride 2, padding 1."""
    return [range(max(0, start), min(size, start + 3)) for start in range(-1, size - 1, 2)]


def pooled(x: Tensor) -> Tensor:
    return torch.stack(
        [
            torch.stack([x[:, list(rows)][:, :, list(columns)].amax((1, 2)) for columns in windows(x.shape[2])], 1)
            for rows in windows(x.shape[1])
        ],
        1,
    )


def back_through_pool(multipliers: Tensor, x: Tensor, reference: Tensor) -> Tensor:
    """To the place that holds the larger of the two maxima, in the proportion of the differences."""
    back = torch.zeros_like(x)
    for c in range(x.shape[0]):
        for i, rows in enumerate(windows(x.shape[1])):
            for j, columns in enumerate(windows(x.shape[2])):
                places = [(r, s) for r in rows for s in columns]
                best, other = (max(places, key=lambda at, t=t: t[c, *at]) for t in (x, reference))
                gain = x[c, *best] - reference[c, *other]
                at = best if gain >= 0 else other
                difference = x[c, *at] - reference[c, *at]
                if difference != 0:
                    back[c, *at] += multipliers[c, i, j] * gain / difference
    return back


def rescale(x: Tensor, reference: Tensor) -> Tensor:
    """The multiplier of a ReLU, number by number; its derivative where nothing differs."""
    slopes = [
        (max(a, 0) - max(b, 0)) / (a - b) if a != b else float(a > 0)
        for a, b in zip(x.flatten().tolist(), reference.flatten().tolist(), strict=True)
    ]
    return torch.tensor(slopes, dtype=x.dtype).reshape(x.shape)


def written_out(net: Pooled, x: Tensor, reference: Tensor, target: int) -> Tensor:
    both = [x, reference]
    firsts = [convolved(z, net.first) for z in both]
    rectified = [z.clamp_min(0) for z in firsts]
    pools = [pooled(z) for z in rectified]
    seconds = [convolved(z, net.second) for z in pools]
    multipliers = net.last.weight[target].reshape(seconds[0].shape) * rescale(*seconds)
    multipliers = back_through_conv(multipliers, net.second, pools[0].shape)
    multipliers = back_through_pool(multipliers, *rectified) * rescale(*firsts)
    return back_through_conv(multipliers, net.first, x.shape) * (x - reference)


@torch.no_grad()
@pytest.mark.parametrize("baseline", ["zero", "dataset"])
def test_it_is_the_rule_written_out(baseline):
    network, batch = network_of(Pooled()), batch_of(4, (1, 6, 5))
    references = baseline_of(baseline, batch)
    with torch.enable_grad():
        maps = maps_of(network, batch, DeepLift(baseline))
    net = network.module[0]
    assert net(batch.x).shape == (4, 4)
    rows = zip(batch.x, references, batch.target.tolist(), strict=True)
    assert_equal(maps.values, torch.stack([written_out(net, x, reference, target) for x, reference, target in rows]))


# captum, where it is right


RIGHT = {
    "relu": (nn.Conv2d(2, 5, 3), nn.ReLU(), nn.Conv2d(5, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4)),
    "several": (
        *(nn.Conv2d(2, 5, 3), nn.ELU(), nn.AvgPool2d(2, 1), nn.Conv2d(5, 4, 2), nn.Tanh(), nn.Flatten()),
        *(nn.Linear(4 * 4 * 3, 9), nn.Sigmoid(), nn.Linear(9, 9), nn.Softplus(), nn.Linear(9, 4)),
    ),
    "batch norm": (nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5), nn.LeakyReLU(0.1), nn.Flatten(), nn.Linear(5 * 30, 4)),
    # a pool that neither overlaps nor touches an activation: captum errs at the others, without an error
    "pool": (
        *(nn.Conv2d(2, 5, 3), nn.MaxPool2d(2), nn.Conv2d(5, 4, 2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(8, 4)),
    ),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks")
@pytest.mark.parametrize("baseline", ["zero", "dataset"])
def test_it_is_captums_where_captum_is_right(name, baseline):
    network, batch = network_of(*RIGHT[name]), batch_of(4, (2, 8, 7))
    maps = maps_of(network, batch, DeepLift(baseline))
    oracle = CaptumDeepLift(network.module, eps=1e-14).attribute(
        batch.x.clone().requires_grad_(), baselines=baseline_of(baseline, batch).contiguous(), target=batch.target
    )
    assert_equal(maps.values, oracle.detach())


# every family


def family(name: str, dtype: torch.dtype = torch.float64) -> Network:
    """An adapted network that has seen some images, with every scale moved off its start (some begin at zero)."""
    torch.manual_seed(0)
    network: Network = catalogue().model(name, {}).load().build((3, 32, 32), 10)
    generator = torch.Generator().manual_seed(1)
    module = network.module
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.02)
        norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
        for part in norms:
            part.momentum = None  # the mean over all that it sees
        module.train(bool(norms))(torch.randn(8, 3, 32, 32, generator=generator))
    module.to(dtype).eval()
    return network


FAMILIES = (
    *("resnet18", "vgg11", "vgg11_bn", "mobilenetv3_small_050", "vit_tiny_patch16_224", "regnetx_002"),
    *("test_convnext", "test_convnext2", "test_efficientnet", "test_maxvit", "test_nfnet", "test_resnet", "test_vit3"),
)
HEAVY = ("densenet121", "efficientnet_b0", "convnext_atto", "swin_tiny_patch4_window7_224", "mixer_s16_224")
OTHERS = (
    *("test_byobnet", "test_coatnet", "test_convnext3", "test_efficientnet_evos", "test_efficientnet_gn"),
    *("test_efficientnet_ln", "test_mambaout", "test_vit", "test_vit2", "test_vit4", "test_vit_relpos"),
)
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in (*HEAVY, *OTHERS)]


@pytest.mark.parametrize("name", [*FAMILIES, *SLOW])
def test_it_is_complete_on_every_family(name, monkeypatch):
    """For the class whose score differs most: in float32 rounding is of the contributions' size, not of their sum's.

    Zero gives some layer norms nothing to normalise, where contributions cancel; so the mean image is the baseline.
    """
    network = family(name)
    batch = batch_of(4, (3, 32, 32))
    with torch.no_grad():
        differences = network.module(batch.x) - network.module(baseline_of("dataset", batch))
    batch = replace(batch, target=differences.abs().argmax(1))
    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "float", lambda x: x)  # some norms and attentions compute in float32 of their own
        maps = maps_of(network, batch, DeepLift("dataset"))
    assert maps.values.abs().amax((1, 2, 3)).amin() > 0
    assert maps.diagnostics["completeness_error"].amax() <= 1e-10

    network.module.float()
    batch = replace(batch, x=batch.x.float(), background=batch.background.float())
    single = maps_of(network, batch, DeepLift("dataset"))
    assert single.diagnostics["completeness_error"].amax() <= 1e-5
    assert (single.values - maps.values).abs().amax() <= 1e-2 * maps.values.abs().amax()


# the batch and the pass


def test_the_division_into_passes_and_the_order_of_images_change_nothing():
    network, batch = network_of(*RIGHT["several"]), batch_of(5, (2, 8, 7))
    whole = maps_of(network, batch, DeepLift("blur")).values
    assert_equal(maps_of(network, batch, DeepLift("blur"), rows=2).values, whole)
    order = torch.tensor([3, 0, 4])
    part = replace(batch, x=batch.x[order], target=batch.target[order], noise=Noise((3, 0, 4)))
    assert_equal(maps_of(network, part, DeepLift("blur"), rows=4).values, whole[order])


def test_an_activation_by_any_name_is_the_same():
    """Of one module that is used twice, in place, or functions; captum is wrong here without an error."""

    class Twice(nn.Module):
        def __init__(self, act: Any) -> None:
            super().__init__()
            self.act = act
            self.first, self.second = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
            self.last = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = self.act(self.first(x))
            y = self.act(self.second(x))
            y += x
            return self.last(self.act(y).mean((2, 3)))

    batch = batch_of(3, (2, 6, 5))
    acts = [nn.ReLU(), nn.ReLU(inplace=True), torch.relu, torch.relu_, nn.functional.relu, lambda x: x.clamp(min=0)]
    first, *others = [maps_of(network_of(Twice(act)), batch) for act in acts]
    assert first.diagnostics["completeness_error"].amax() <= 1e-12
    for other in others:
        assert_equal(other.values, first.values)


class Strange(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.prod(1, keepdim=True)


def test_an_unknown_function_is_an_error_that_names_it():
    network = network_of(nn.Conv2d(2, 3, 3), Strange(), nn.Flatten(), nn.Linear(30, 4))
    with pytest.raises(ConfigurationError, match="no rule for 'prod'"):
        maps_of(network, batch_of(2, (2, 8, 7)))
    assert torch.overrides._get_current_function_mode_stack() == []
    assert maps_of(network_of(*RIGHT["relu"]), batch_of(2, (2, 8, 7))).values.any()


def test_they_are_functional_methods():
    assert isinstance(DeepLift(), FunctionalMethod)
