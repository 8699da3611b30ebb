"""Passes of one trained network: logits, and values and gradients at its points, for independent rows `[N, ...]`."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import torch

from saliencynoise.interfaces import INPUT, ConfigurationError, Network, Point, Tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jaxtyping import Float, Int
    from torch import Tensor, nn

Precision: TypeAlias = Literal["float32", "bfloat16"]

ROWS = 256
"""Rows of one pass at most: enough to fill a GPU. On a CPU, passes of 8 rows take no longer in all
(`tests/benchmarks/rows_of_a_pass.py`)."""


class Passes:
    """A network in eval mode with frozen parameters.

    Attributes:
        network: the network.
        rows: the largest number of rows of a pass; the caller divides its rows accordingly.
        precision: "float32", or "bfloat16": the network computes under autocast, and its results become float32.
            A pass in the context of a mode is always in float32: differences of two activations, as in DeepLIFT,
            have no digits left in bfloat16.
    """

    def __init__(self, network: Network, *, rows: int = ROWS, precision: Precision = "float32") -> None:
        self.network = network
        self.rows = rows
        self.precision = precision
        network.module.eval().requires_grad_(requires_grad=False)

    def check(self, point: Point) -> None:
        """Refuse a point that the network does not have.

        Raises:
            ConfigurationError: the message names the points that it has.
        """
        if point != INPUT and point not in self.network.points:
            known = ", ".join([INPUT, *self.network.points])
            why = (
                "" if self.network.points else " only: averages of networks and networks without a grid have no layers"
            )
            raise ConfigurationError(f"the network has no point '{point}'; it has {known}{why}")

    def logits(
        self, x: Float[Tensor, "N C H W"], *, replaced: Mapping[Point, Float[Tensor, "N c h w"]] | None = None
    ) -> Float[Tensor, "N K"]:
        """Return the logits, without gradients; `replaced` grids replace the values of `x` at their points.

        Raises:
            ConfigurationError: if the network has no such point.
        """
        handles = []
        try:
            for point, grid in (replaced or {}).items():
                hook = partial(_replace, passes=self, point=point, grid=grid)
                handles.append(self._module_at(point).register_forward_hook(hook))
            with torch.no_grad(), self._autocast(x):
                logits: Tensor = self.network.module(x.clone())
        finally:
            for handle in handles:
                handle.remove()
        return _single(logits)

    def taps(
        self,
        x: Float[Tensor, "N C H W"],
        target: Int[Tensor, " N"],
        points: tuple[Point, ...],
        *,
        mode: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> Mapping[Point, Tap]:
        """Return values and gradients of the targets' logits at `points`, from one pass in the context of `mode`.

        Where the image itself is no point, the backward pass ends at the earliest point, whose output is a leaf. On
        resnet18 this halves the time and changes no bit of the layers' gradients.

        Raises:
            ConfigurationError: if the network has no such point, or the point's module gives no tensor or is
                not run.
        """
        x = x.detach().requires_grad_(INPUT in points)
        captured: dict[Point, Tensor] = {INPUT: x}
        autocast = self._autocast(x) if mode is nullcontext else nullcontext()
        with torch.enable_grad(), mode():
            with self._capture(points, captured), autocast:
                logits: Tensor = self.network.module(x.clone())
            score = logits.gather(1, target[:, None]).sum()
            for point in points:
                if point not in captured:
                    module = self.network.points[point].module
                    raise ConfigurationError(f"the network's forward pass does not run '{module}', its point '{point}'")
            gradients = self._gradients(score, [captured[point] for point in points])
        return {
            point: Tap(self._grid(_single(captured[point].detach()), point), self._grid(_single(gradient), point))
            for point, gradient in zip(points, gradients, strict=True)
        }

    def _autocast(self, x: Tensor) -> AbstractContextManager[object]:
        return torch.autocast(x.device.type, torch.bfloat16) if self.precision == "bfloat16" else nullcontext()

    def _gradients(self, score: Tensor, leaves: list[Tensor]) -> list[Tensor]:
        """Return the derivatives; zeros where the score does not depend on a leaf."""
        if not score.requires_grad:
            return [torch.zeros_like(leaf) for leaf in leaves]
        gradients = torch.autograd.grad(score, leaves, allow_unused=True)
        return [
            torch.zeros_like(leaf) if gradient is None else gradient
            for leaf, gradient in zip(leaves, gradients, strict=True)
        ]

    def _grid(self, value: Tensor, point: Point) -> Tensor:
        return value if point == INPUT else self.network.points[point].to_grid(value)

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
        return self.network.module.get_submodule(self.network.points[point].module)


def _single(values: Tensor) -> Tensor:
    """Convert bfloat16 values, which autocast leaves, to float32; float64 stays."""
    return values.float() if values.dtype == torch.bfloat16 else values


def _keep(
    _module: nn.Module, _inputs: object, output: object, *, point: Point, captured: dict[Point, Tensor]
) -> Tensor:
    """Keep a module's output and return a copy, since later modules may change it in place."""
    tensor = _tensor(output, point)
    captured[point] = tensor if tensor.requires_grad else tensor.detach().requires_grad_()
    return captured[point].clone()


def _replace(
    _module: nn.Module, _inputs: object, output: object, *, passes: Passes, point: Point, grid: Tensor
) -> Tensor:
    """Return another grid in place of a module's output; a copy, as above."""
    return passes.network.points[point].from_grid(grid, _tensor(output, point)).clone()


def _tensor(output: object, point: Point) -> Tensor:
    if not isinstance(output, torch.Tensor):
        raise ConfigurationError(f"the module at '{point}' gives {type(output).__name__}, not a tensor")
    return output
