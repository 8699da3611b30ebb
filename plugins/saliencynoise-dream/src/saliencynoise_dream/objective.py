"""Objectives that a dream makes large: the logit of a class, or the energy of a layer's activations."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

import torch

from saliencynoise.interfaces import CamPoint, Network, UsageError

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor


class Objective(Protocol):
    """A number for each picture, which the ascent makes larger."""

    def __call__(self, network: Network, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return the objective of each row of `x`, which is as the network sees it; differentiable by `x`."""
        ...

    def rows(self, block: slice) -> Objective:
        """Return the objective of some of the rows, where a batch is split."""
        ...


@dataclass(frozen=True, eq=False)
class ClassLogit:
    """The logit of a class.

    Attributes:
        targets: `[B]`, the class of each picture, an index.
    """

    targets: Int[Tensor, " B"]

    def __call__(self, network: Network, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return each row's logit of its class.

        Raises:
            UsageError: if the network has no such class, or there are not as many targets as pictures.
        """
        logits: Tensor = network.module(x.clone())
        if len(self.targets) != len(x):
            raise UsageError(f"{len(x)} pictures need as many target classes, not {len(self.targets)}")
        if not 0 <= int(self.targets.min()) <= int(self.targets.max()) < logits.shape[1]:
            raise UsageError(f"classes {self.targets.tolist()} are not all in 0 to {logits.shape[1] - 1}; name others")
        return logits.gather(1, self.targets.to(x.device)[:, None])[:, 0]

    def rows(self, block: slice) -> ClassLogit:
        """Return the objective of some of the rows."""
        return ClassLogit(self.targets[block])


@dataclass(frozen=True)
class LayerEnergy:
    """The mean square of a layer's output, over its channels and positions.

    Attributes:
        layer: "top" or "intermediate" (or another point that the network names; class tokens do not count),
            or the path of a module, as in `nn.Module.get_submodule`.
    """

    layer: str

    def __call__(self, network: Network, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return each row's energy: the mean over the runs, where the layer runs more than once in a pass.

        Raises:
            UsageError: if there is no such layer, or it is not run, or gives no tensor with one row per picture.
        """
        point = network.points.get(self.layer)
        energies: list[Tensor] = []

        def hook(_module: Any, _inputs: Any, output: Any) -> Tensor:
            energies.append(self._energy(output, point, rows=len(x)))
            copy: Tensor = output.clone()  # later layers may change it in place
            return copy

        handle = self._module(network, point).register_forward_hook(hook)
        try:
            network.module(x.clone())
        finally:
            handle.remove()
        if not energies:
            raise UsageError(f"the network's forward pass does not run '{self.layer}'; name another layer")
        return torch.stack(energies).mean(0)

    def rows(self, block: slice) -> LayerEnergy:  # noqa: ARG002 - the contract
        """Return itself: each row has the same objective."""
        return self

    def _module(self, network: Network, point: CamPoint | None) -> torch.nn.Module:
        path = point.module if point is not None else self.layer
        paths = [name for name, _ in network.module.named_modules(remove_duplicate=False) if name]
        if path not in paths:
            raise UsageError(f"the network has no layer '{self.layer}'; {_near(self.layer, [*network.points, *paths])}")
        return network.module.get_submodule(path)

    def _energy(self, output: Any, point: CamPoint | None, *, rows: int) -> Tensor:
        if not isinstance(output, torch.Tensor) or output.ndim < 2 or len(output) != rows:
            raise UsageError(f"the layer '{self.layer}' gives no tensor with a row for each picture; name another")
        grid = output if point is None else point.to_grid(output)
        return grid.flatten(1).square().mean(1)


def _near(layer: str, layers: list[str]) -> str:
    """Return the names close to a mistyped one, or else the first names of all."""
    close = get_close_matches(layer, layers, n=3)
    if close:
        return f"did you mean {' or '.join(repr(name) for name in close)}?"
    return "it has " + ", ".join(layers[:12]) + (" ..." if len(layers) > 12 else "")
