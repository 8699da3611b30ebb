"""Methods that are wrong in one way each, under the name of the check that is made for it."""

# ruff: noqa: NPY002, S311 - global generators are what these methods misuse

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from saliencynoise.interfaces import Batch, Maps, MethodSpec, Network, Scorer, Tap
from saliencynoise.testing import MethodSubject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

RELU, TOP = "relu1", "relu2"


def spec(**changed: Any) -> MethodSpec:
    plain = {"name": "wrong", "summary": "wrong", "target": "tests:Wrong", "family": "gradient", "paper": "none"}
    return MethodSpec(**{**plain, **changed})


class Pixels:
    """A pass method on the pixels: `changed` makes it wrong."""

    points = ("input",)

    def from_pass(self, taps: Mapping[str, Tap], batch: Batch) -> Maps:
        return Maps(values=self.changed(taps["input"].grad, batch))

    def changed(self, grad: Tensor, batch: Batch) -> Tensor:
        return grad


class WithModule:
    """A module method that is right but for what `touch` does to the network and the world."""

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        x = batch.x.clone().requires_grad_()
        self.touch(network.module)
        with torch.enable_grad():
            score = network.module(x).gather(1, batch.target[:, None]).sum()
        (grad,) = torch.autograd.grad(score, x)
        self.repair(network.module)
        return Maps(values=grad)

    def touch(self, module: torch.nn.Module) -> None: ...

    def repair(self, module: torch.nn.Module) -> None: ...


@dataclass(frozen=True)
class Transposed(Pixels):
    def changed(self, grad, batch):
        return grad.transpose(2, 3)


@dataclass(frozen=True)
class Squeezed(Pixels):
    """Loses the channel axis of grey images."""

    def changed(self, grad, batch):
        return grad.squeeze(1)


@dataclass(frozen=True)
class Single(Pixels):
    def changed(self, grad, batch):
        return grad.float()


@dataclass(frozen=True)
class Double(Pixels):
    def changed(self, grad, batch):
        return grad.double()


@dataclass(frozen=True)
class Normalised(Pixels):
    """NaN where there is no gradient."""

    def changed(self, grad, batch):
        return grad / grad.abs().amax((1, 2, 3), keepdim=True)


@dataclass(frozen=True)
class NormalisedOverTheBatch(Pixels):
    def changed(self, grad, batch):
        return grad / grad.abs().max().clamp_min(1e-9)


@dataclass(frozen=True)
class MeanOfTheBatch(Pixels):
    """Takes the magnitude of the batch's mean off."""

    def changed(self, grad, batch):
        return grad - grad.mean(0, keepdim=True).abs()


@dataclass(frozen=True)
class FirstImageApart(Pixels):
    def changed(self, grad, batch):
        return torch.cat([2 * grad[:1], grad[1:]])


@dataclass(frozen=True)
class SeededByPlace(Pixels):
    def changed(self, grad, batch):
        noise = [torch.Generator().manual_seed(row) for row in range(len(grad))]
        return grad * torch.stack([torch.rand(grad.shape[1:], generator=own) for own in noise]).to(grad)


@dataclass(frozen=True)
class GlobalNoise(Pixels):
    """Draws from the global generator, behind its own back."""

    def changed(self, grad, batch):
        with torch.random.fork_rng():
            return grad * (1 + torch.rand(1).item())


@dataclass(frozen=True)
class GlobalNumpyNoise(Pixels):
    def changed(self, grad, batch):
        state = np.random.get_state()
        factor = 1 + np.random.rand()
        np.random.set_state(state)
        return grad * factor


@dataclass(frozen=True)
class Draws(Pixels):
    """Advances the global generator for nothing."""

    def changed(self, grad, batch):
        torch.rand(1)
        return grad


@dataclass(frozen=True)
class DrawsFromPython(Pixels):
    def changed(self, grad, batch):
        random.random()
        return grad


@dataclass(frozen=True)
class Reseeds(Pixels):
    def changed(self, grad, batch):
        np.random.seed(0)
        return grad


@dataclass(frozen=True)
class TurnsGradientsOff(Pixels):
    def changed(self, grad, batch):
        torch.set_grad_enabled(False)
        return grad


@dataclass(frozen=True)
class Counting(Pixels):
    """Remembers how often it was called."""

    calls: list[int] = field(default_factory=list, compare=False, init=False)

    def changed(self, grad, batch):
        self.calls.append(1)
        return grad * len(self.calls)


@dataclass(frozen=True)
class ChangesTheImage(Pixels):
    def changed(self, grad, batch):
        batch.x.add_(1)
        return grad


@dataclass(frozen=True)
class ChangesTheBackground(Pixels):
    def changed(self, grad, batch):
        batch.background.clamp_(min=0)
        return grad


@dataclass(frozen=True)
class TracksTheImage(Pixels):
    def changed(self, grad, batch):
        batch.x.requires_grad_()
        return grad


@dataclass(frozen=True)
class ChangesTheTap(Pixels):
    def changed(self, grad, batch):
        return grad.mul_(2)


@dataclass(frozen=True)
class FirstTarget:
    """Explains every image's map by the first image's target."""

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        x = batch.x.clone().requires_grad_()
        with torch.enable_grad():
            score = network.module(x)[:, batch.target[0]].sum()
        return Maps(values=torch.autograd.grad(score, x)[0])


@dataclass(frozen=True)
class IgnoresTheTarget:
    """Explains the largest logit."""

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        x = batch.x.clone().requires_grad_()
        with torch.enable_grad():
            score = network.module(x).amax(1).sum()
        return Maps(values=torch.autograd.grad(score, x)[0])


@dataclass(frozen=True)
class IgnoresTheImage:
    """Always looks at the same picture."""

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        (grad,) = net.gradients([torch.ones_like(batch.x)[:, None]])
        return Maps(values=grad[:, 0])


@dataclass(frozen=True)
class CountsPasses:
    """Divides by the number of passes, which is the engine's business."""

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        passes = []

        def mode():
            passes.append(1)
            return torch.enable_grad()

        grad = net.taps(batch.x[:, None].repeat(1, 2, 1, 1, 1), "input", mode=mode)["input"].grad
        return Maps(values=grad.mean(1) / len(passes))


@dataclass(frozen=True)
class OnlyPlanes:
    """Takes any layer's output for `[N, c, h, w]`, and the mean over it for a map."""

    layer: str = "top"

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        kept = []
        module = network.module.get_submodule(network.points["top"].module)
        handle = module.register_forward_hook(lambda _m, _i, output: kept.append(output))
        try:
            with torch.no_grad():
                logits = network.module(batch.x.clone())
        finally:
            handle.remove()
        score = logits.gather(1, batch.target[:, None])[:, :, None, None]
        values = kept[0].mean(1)
        return Maps(values=score * values.reshape(len(values), -1)[:, :1, None, None].expand(-1, 1, 4, 6))


@dataclass(frozen=True)
class TrainMode(WithModule):
    """Leaves one module in train mode, in which it does the same."""

    def touch(self, module):
        module.get_submodule(RELU).train()


@dataclass(frozen=True)
class Unfreezes(WithModule):
    def touch(self, module):
        module.requires_grad_()


@dataclass(frozen=True)
class LeavesAHook(WithModule):
    def touch(self, module):
        module.get_submodule(TOP).register_forward_hook(lambda *_: None)


@dataclass(frozen=True)
class LeavesABackwardHook(WithModule):
    def touch(self, module):
        module.get_submodule(TOP).register_full_backward_hook(lambda *_: None)


@dataclass(frozen=True)
class LeavesAnAttribute(WithModule):
    """As libraries keep activations."""

    def touch(self, module):
        module.get_submodule(TOP).kept = torch.zeros(1)


@dataclass(frozen=True)
class SwapsAModule(WithModule):
    def touch(self, module):
        module.relu1 = torch.nn.ReLU()


@dataclass(frozen=True)
class KeepsGradients(WithModule):
    """Calls backward on weights that it unfreezes for a moment."""

    def repair(self, module):
        module.head.bias.grad = torch.ones_like(module.head.bias)


@dataclass(frozen=True)
class ChangesWeights(WithModule):
    def repair(self, module):
        module.head.bias.data += 1


@dataclass(frozen=True)
class LeavesAHookOnError(WithModule):
    """Removes its hook, but not in a `finally`."""

    def touch(self, module):
        self.handles.append(module.get_submodule(TOP).register_forward_hook(lambda *_: None))

    def repair(self, module):
        self.handles.pop().remove()

    handles: list[Any] = field(default_factory=list, compare=False, init=False)


@dataclass(frozen=True)
class KeepsTheSeedOnError(WithModule):
    """Sets a seed, and back, but not in a `finally`."""

    states: list[Any] = field(default_factory=list, compare=False, init=False)

    def touch(self, module):
        self.states.append(torch.random.get_rng_state())
        torch.manual_seed(0)

    def repair(self, module):
        torch.random.set_rng_state(self.states.pop())


@dataclass(frozen=True)
class KeepsTheSeedOfACopyOnError(KeepsTheSeedOnError):
    """The same on a copy of the network, as libraries' methods work."""

    def attribute_module(self, network, batch):
        return super().attribute_module(replace(network, module=copy.deepcopy(network.module)), batch)


@dataclass(frozen=True)
class KeepsTheFirstNetwork(Pixels):
    """Looks its maps up by the batch, whatever the network."""

    kept: dict[Any, Any] = field(default_factory=dict, compare=False, init=False)

    def changed(self, grad, batch):
        key = (str(grad.dtype), tuple(batch.x.sum((1, 2, 3)).tolist()), tuple(batch.target.tolist()))
        return self.kept.setdefault(key, grad)


@dataclass(frozen=True)
class Noisy(Pixels):
    """Draws, as it may, from the noise of the batch."""

    def changed(self, grad, batch):
        noise = [
            torch.rand(grad.shape[1:], generator=generator, dtype=torch.float64)
            for generator in batch.noise.generators()
        ]
        return grad * torch.stack(noise).to(grad)


@dataclass(frozen=True)
class Diagnosed(Pixels):
    """Its diagnostics: one figure for the batch, NaN, too large, or none."""

    error: float = 0.0

    def from_pass(self, taps, batch):
        tap = taps["input"]
        figures = torch.full((len(batch.x),), self.error)
        diagnostics = {"completeness_error": figures}
        return Maps(values=tap.grad * tap.value, diagnostics=diagnostics)


@dataclass(frozen=True)
class Incomplete(Diagnosed):
    error: float = 0.2


@dataclass(frozen=True)
class Undefined(Diagnosed):
    error: float = 0.0

    def from_pass(self, taps, batch):
        maps = super().from_pass(taps, batch)
        return Maps(values=maps.values, diagnostics={"spread": batch.x.new_full((len(batch.x),), 0.0) / 0})


@dataclass(frozen=True)
class Right(Pixels):
    """The gradient."""


@dataclass(frozen=True)
class Raising(Pixels):
    def changed(self, grad, batch):
        raise RuntimeError("no such kernel")


@dataclass(frozen=True)
class Squared(Pixels):
    def changed(self, grad, batch):
        return grad.square()


@dataclass(frozen=True)
class NotZero(Pixels):
    def changed(self, grad, batch):
        return grad + batch.x


@dataclass(frozen=True)
class Leaning(Pixels):
    """The positive part is doubled, so that it does not turn with the score."""

    def changed(self, grad, batch):
        return grad + grad.relu()


@dataclass(frozen=True)
class NoSign(Pixels):
    sign = "positive"


@dataclass
class NotFrozen(Pixels):
    pass


@dataclass(frozen=True)
class NotPlain(Pixels):
    """A parameter that no text can give."""

    kernel: object = field(default_factory=object)


@dataclass(frozen=True)
class SumOfChannels:
    """A layer's channels, added: their order does not matter, and their signs and factors do."""

    points = ("top",)

    def from_pass(self, taps: Mapping[str, Tap], batch: Batch) -> Maps:
        tap = taps["top"]
        size = tap.grad.square().sum((1, 2, 3), keepdim=True)
        return Maps(values=tap.value.sum(1, keepdim=True) * size)


@dataclass(frozen=True)
class LayerOfAnotherName:
    """A functional method whose layer the core cannot know before a run."""

    point: str = "top"

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        return Maps(values=net.taps(batch.x[:, None], self.point)[self.point].grad[:, 0].sum(1, keepdim=True))


@dataclass(frozen=True)
class LayerByScores:
    """As before; the samples of the layer are half and double its grid."""

    point: str = "intermediate"

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        grid = net.taps(batch.x[:, None], "input", "intermediate")["intermediate"].value
        scores = net.scores([grid * 2, grid / 2], point=self.point)
        return Maps(values=(grid[:, 0] * (scores[:, 0] - scores[:, 1])[:, None, None, None]).sum(1, keepdim=True))


@dataclass(frozen=True)
class LayerOfTheModule:
    """A module method with maps of a layer's size."""

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        grid = network.module.get_submodule(TOP)
        kept: list[Tensor] = []
        handle = grid.register_forward_hook(lambda module, inputs, output: kept.append(output))
        try:
            with torch.enable_grad():
                score = network.module(batch.x.clone().requires_grad_()).gather(1, batch.target[:, None]).sum()
            (grad,) = torch.autograd.grad(score, kept[0])
        finally:
            handle.remove()
        return Maps(values=grad.sum(1, keepdim=True))


METHODS: dict[str, list[tuple[type, dict[str, Any]]]] = {
    "shapes": [(Transposed, {}), (Squeezed, {})],
    "dtype_and_device": [(Single, {}), (Double, {})],
    "finite": [(Normalised, {})],
    "diagnostics": [(Undefined, {})],
    "parameters": [(NotFrozen, {}), (NotPlain, {})],
    "repeatable": [(Counting, {})],
    "own_randomness": [(GlobalNoise, {}), (GlobalNumpyNoise, {})],
    "stochastic": [(Noisy, {}), (Right, {"stochastic": True})],
    "neighbours": [(NormalisedOverTheBatch, {}), (MeanOfTheBatch, {"sign": "leaning"})],
    "place": [(SeededByPlace, {}), (FirstImageApart, {})],
    "chunks": [(CountsPasses, {"kind": "functional"})],
    "network": [(KeepsTheFirstNetwork, {})],
    "image": [(IgnoresTheImage, {"kind": "functional"})],
    "target": [(IgnoresTheTarget, {"kind": "module", "sign": "leaning"}), (FirstTarget, {"kind": "module"})],
    "layouts": [(OnlyPlanes, {"kind": "module"})],
    "batch_unchanged": [(ChangesTheImage, {}), (ChangesTheBackground, {}), (TracksTheImage, {})],
    "taps_unchanged": [(ChangesTheTap, {})],
    "network_unchanged": [
        (wrong, {"kind": "module"})
        for wrong in (
            TrainMode, Unfreezes, LeavesAHook, LeavesABackwardHook, LeavesAnAttribute, SwapsAModule, KeepsGradients,
            ChangesWeights,
        )
    ],
    "network_unchanged_on_error": [(LeavesAHookOnError, {"kind": "module"})],
    "global_state_unchanged": [(Draws, {}), (DrawsFromPython, {}), (Reseeds, {}), (TurnsGradientsOff, {})],
    "global_state_unchanged_on_error": [
        (KeepsTheSeedOnError, {"kind": "module"}),
        (KeepsTheSeedOfACopyOnError, {"kind": "module"}),
    ],
    "constant": [(NotZero, {"claims": ("constant",), "sign": "leaning"})],
    "linear_weights": [(Squared, {"claims": ("linear_weights",), "sign": "nonnegative"})],
    "linear_contributions": [(Right, {"claims": ("linear_contributions",)})],
    "completeness": [
        (Incomplete, {"claims": ("completeness",)}),
        (Right, {"claims": ("completeness",)}),
        (Diagnosed, {"claims": ("linear_contributions", "completeness")}),
    ],
    "layer": [
        (LayerOfAnotherName, {"kind": "functional"}),
        (LayerByScores, {"kind": "functional"}),
        (LayerOfTheModule, {"kind": "module"}),
    ],
    "invariant_to": [
        (SumOfChannels, {"invariant_to": (kind,), "sign": "nonnegative"})
        for kind in ("positive_scale", "sign", "rotation")
    ],
    "sign": [
        (Right, {"sign": "nonnegative"}),
        (Right, {"sign": "nonpositive"}),
        (Squared, {}),
        (Leaning, {}),
        (NoSign, {}),
    ],
}  # fmt: skip


def subject(wrong: type, changed: dict[str, Any]) -> MethodSubject:
    return MethodSubject(name=wrong.__name__, spec=spec(**changed), method=wrong())
