"""One trained network, asked for scores and for what it computes on the way."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import ConfigurationError, Network, Point, Tap
from saliencynoise.scoring.layouts import to_grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jaxtyping import Float, Int
    from torch import Tensor, nn

INPUT: Point = "input"


class Scorer:
    """A network in eval mode with frozen parameters; the score of an image is the raw logit of its target."""

    def __init__(self, network: Network) -> None:
        self._network = network
        network.module.eval().requires_grad_(requires_grad=False)

    def check(self, point: Point) -> None:
        """Refuse a point that the network does not have.

        Raises:
            ConfigurationError: naming those that it has.
        """
        if point != INPUT and point not in self._network.points:
            known = ", ".join([INPUT, *self._network.points])
            raise ConfigurationError(f"the network has no point '{point}'; it has {known}")

    def taps(
        self, x: Float[Tensor, "B C H W"], target: Int[Tensor, " B"], points: tuple[Point, ...]
    ) -> Mapping[Point, Tap]:
        """Return values and gradients of the targets' logits at `points`, from one pass.

        Where the image itself is no point, the backward pass ends at the earliest point: its output goes on
        as a leaf (on resnet18 this halves the time and changes no bit of the layers' gradients).

        Raises:
            ConfigurationError: if the network has no such point, or the point's module gives no tensor or is
                not run.
        """
        x = x.detach().requires_grad_(INPUT in points)
        captured: dict[Point, Tensor] = {INPUT: x}
        with torch.enable_grad(), self._capture(points, captured):
            logits: Tensor = self._network.module(x.clone())
            score = logits.gather(1, target[:, None]).sum()
        for point in points:
            if point not in captured:
                module = self._network.points[point].module
                raise ConfigurationError(f"the network's forward pass does not run '{module}', its point '{point}'")
        gradients = torch.autograd.grad(score, [captured[point] for point in points])
        return {
            point: Tap(self._grid(captured[point].detach(), point), self._grid(gradient, point))
            for point, gradient in zip(points, gradients, strict=True)
        }

    def _grid(self, value: Tensor, point: Point) -> Tensor:
        return value if point == INPUT else to_grid(value, self._network.points[point])

    @contextmanager
    def _capture(self, points: tuple[Point, ...], captured: dict[Point, Tensor]) -> Iterator[None]:
        handles = []
        try:
            for point in points:
                if point != INPUT:
                    hook = partial(_keep, point=point, captured=captured)
                    handles.append(self._module_at(point).register_forward_hook(hook))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _module_at(self, point: Point) -> nn.Module:
        self.check(point)
        return self._network.module.get_submodule(self._network.points[point].module)


def _keep(
    _module: nn.Module, _inputs: object, output: object, *, point: Point, captured: dict[Point, Tensor]
) -> Tensor:
    """Keep a module's output; hand on a copy, since what follows may change it in place."""
    if not isinstance(output, torch.Tensor):
        raise ConfigurationError(f"the module at '{point}' gives {type(output).__name__}, not a tensor")
    captured[point] = output if output.requires_grad else output.detach().requires_grad_()
    return captured[point].clone()
