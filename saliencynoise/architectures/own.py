"""Networks of the user's own code as an architecture: built, tried on two images, their CAM points found."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from saliencynoise.interfaces import CamPoint, Network, Point, SaliencyNoiseError, UsageError, one_line
from saliencynoise.scoring import described, failure
from saliencynoise.scoring.points import ROWS, find_points

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILLED = ("in_shape", "num_classes", "in_chans")
"""Parameters that the data set fills, where the user's function has them and no argument sets them."""


@dataclass(frozen=True, kw_only=True)
class OwnArchitecture:
    """A function or class of the user's that returns an `nn.Module`, or a `saliencynoise.interfaces.Network`.

    Attributes:
        function: called with the arguments.
        label: its name, for messages.
        arguments: keyword arguments; `FILLED` are added where the function has parameters of these names.
    """

    function: Callable[..., Any]
    label: str
    arguments: Mapping[str, Any]

    def build(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        """Return a new network; its points are found once on one that is built with the seed 0.

        It is built on the CPU and then moved, since few people's code runs on torch's meta device.

        Raises:
            UsageError: if the function fails or returns no module, or the network fails on such images or gives
                another number of outputs than there are classes.
        """
        device = torch.get_default_device()
        points = dict(_points(_Trial(own=self, text=repr(self), in_shape=in_shape, num_classes=num_classes)))
        network = self._built(in_shape, num_classes)
        network.module.to(device)
        return Network(module=network.module, points=points, adaptations=network.adaptations, head=network.head)

    def _built(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        filled = dict(zip(FILLED, (in_shape, num_classes, in_shape[0]), strict=True))
        wanted = {name: filled[name] for name in _parameters(self.function) if name in filled}
        try:
            with torch.device("cpu"):
                built: object = self.function(**{**wanted, **self.arguments})
        except SaliencyNoiseError:
            raise
        except BaseException as error:
            raise UsageError(f"{self.label} failed: {one_line(failure(error))}; {WHERE}") from error
        if isinstance(built, Network):
            return built
        if not isinstance(built, nn.Module):
            raise UsageError(f"{self.label} returned {described(built)}; it must return an nn.Module")
        return Network(module=built, points={})

    def points(self, in_shape: tuple[int, int, int], num_classes: int) -> tuple[tuple[Point, CamPoint], ...]:
        """Return the CAM points of a network that is built for a trial; errors as of `build`."""
        with torch.random.fork_rng(), torch.device("cpu"):
            torch.manual_seed(0)
            network = self._built(in_shape, num_classes)
            self._refuse_shared(network.module, self._built(in_shape, num_classes).module)
            module = network.module.eval()
            for parameter in module.parameters():
                if parameter.is_floating_point() and not parameter.any():
                    nn.init.normal_(parameter.data, std=0.02)  # zeros would hide what the outputs depend on
            images = torch.randn(ROWS, *in_shape)
            self._refuse_outputs(module, images, num_classes)
            try:
                found = network.points or find_points(module, images)
            except RuntimeError as error:
                raise UsageError(f"{self.label} failed on two images: {one_line(error)}; {WHERE}") from error
        return tuple(found.items())

    def _refuse_shared(self, module: nn.Module, other: nn.Module) -> None:
        tensors = {id(tensor) for tensor in (*module.parameters(), *module.buffers())}
        if other is module or any(id(tensor) in tensors for tensor in (*other.parameters(), *other.buffers())):
            raise UsageError(
                f"{self.label} returned the same network twice, or layers of it; each call must build a new one"
            )

    def _refuse_outputs(self, module: nn.Module, images: torch.Tensor, num_classes: int) -> None:
        size = "x".join(map(str, images.shape[1:]))
        try:
            with torch.no_grad():
                outputs: object = module(images.clone())
        except BaseException as error:
            raise UsageError(f"{self.label} failed on images of {size}: {one_line(failure(error))}; {WHERE}") from error
        if not isinstance(outputs, torch.Tensor) or outputs.ndim != 2 or len(outputs) != len(images):
            raise UsageError(
                f"{self.label} gives {described(outputs)} for {len(images)} images; it must give logits "
                f"[{len(images)}, {num_classes}]"
            )
        if not outputs.is_floating_point():
            kind = str(outputs.dtype).removeprefix("torch.")
            raise UsageError(f"{self.label} gives outputs of the type {kind}; it must give real ones, as float32")
        if outputs.shape[1] != num_classes:
            raise UsageError(
                f"{self.label} gives {outputs.shape[1]} outputs, and the data set has {num_classes} classes; give it a "
                "parameter num_classes, which is filled from the data set, or set its own argument, as in "
                f"{self.label}(classes={num_classes})"
            )


WHERE = "'saliencynoise --traceback COMMAND' shows where"


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """What determines the points of a network, as a key of a cache."""

    own: OwnArchitecture = field(compare=False)
    text: str
    in_shape: tuple[int, int, int]
    num_classes: int


@lru_cache(maxsize=64)
def _points(trial: _Trial) -> tuple[tuple[Point, CamPoint], ...]:
    return trial.own.points(trial.in_shape, trial.num_classes)


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's parameters."""
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()
