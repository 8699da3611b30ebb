"""Training from a start: which parts of a network train, at which rate, and which keep the start's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean

if TYPE_CHECKING:
    from saliencynoise.training.recipes import Recipe

ALL, HEAD = "all", "head"


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The parts of a network that train.

    Attributes:
        head: path of the classifier, which always trains.
        tuned: ("all",), ("head",), or paths of the modules that train beside the head.
    """

    head: str
    tuned: tuple[str, ...]

    def trains(self, path: str) -> bool:
        """Return whether the module or parameter of a path trains."""
        return self.tuned == (ALL,) or any(_is_in(path, part) for part in (self.head, *self._layers))

    def check(self, module: nn.Module) -> None:
        """Refuse names that are no module of the network.

        Raises:
            UsageError: naming the part, and those that there are.
        """
        paths = [path for path, _ in module.named_modules() if path]
        for part in self._layers:
            if part not in paths:
                top = ", ".join(path for path in paths if "." not in path)
                hint = did_you_mean(part, paths, otherwise=f"at the top it has {top}")
                raise UsageError(f"--tune {part}: the network has no such module; {hint}")

    def groups(self, module: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
        """Return the parameters for an optimiser, the head first; the others have the recipe's rate of the backbone."""
        named = [(name, value) for name, value in module.named_parameters() if self.trains(name)]
        head = [value for name, value in named if _is_in(name, self.head)]
        others = [value for name, value in named if not _is_in(name, self.head)]
        backbone = {"params": others, "lr": recipe.learning_rate * recipe.backbone_rate}
        return [{"params": head, "lr": recipe.learning_rate}, *([backbone] if others else [])]

    @contextmanager
    def frozen(self, module: nn.Module, *, norms: bool) -> Iterator[None]:
        """Keep the other parts as they are within the context: no gradient, and eval mode.

        Args:
            module: the network, in training mode.
            norms: whether the batch norms of trained parts keep their statistics, too; their scale and shift train.
        """
        parameters = [
            value for name, value in module.named_parameters() if not self.trains(name) and value.requires_grad
        ]
        for parameter in parameters:
            parameter.requires_grad_(False)  # noqa: FBT003 - torch takes it by place
        for path, part in module.named_modules():
            trains = self.trains(path) or any(_is_in(own, path) for own in (self.head, *self._layers))
            if not trains or (norms and isinstance(part, torch.nn.modules.batchnorm._BatchNorm)):  # noqa: SLF001 - the one base of all of them
                part.eval()
        try:
            yield
        finally:
            for parameter in parameters:
                parameter.requires_grad_(True)  # noqa: FBT003 - as above

    @property
    def _layers(self) -> tuple[str, ...]:
        return () if self.tuned in {(ALL,), (HEAD,)} else self.tuned


def find_head(module: nn.Module, classes: int, *, given: str | None, name: str) -> str:
    """Return the path of a network's classifier: the given one, else the last layer with an output for each class.

    Args:
        module: the network.
        classes: number of classes.
        given: as `saliencynoise.interfaces.Network.head`.
        name: the architecture, for errors.

    Raises:
        UsageError: if there is none.
    """
    layers = dict(module.named_modules())
    if given is not None:
        return given
    heads: list[str] = [path for path, layer in layers.items() if _outputs(layer) == classes and path]
    if not heads:
        raise UsageError(
            f"{name} has no linear or convolutional layer with {classes} outputs, one for each class, so that no new "
            "head can be put on a start; its plugin can name the head in Network(head=...)"
        )
    return heads[-1]


def without_head(weights: Mapping[str, torch.Tensor], head: str) -> dict[str, torch.Tensor]:
    """Return weights without those of the head."""
    return {name: value for name, value in weights.items() if not _is_in(name, head)}


def _outputs(layer: nn.Module) -> int | None:
    if isinstance(layer, nn.Linear):
        return layer.out_features
    return layer.out_channels if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d) else None


def _is_in(path: str, part: str) -> bool:
    return not part or path == part or path.startswith(f"{part}.")


def written(tuned: Sequence[str]) -> str:
    """Return what was tuned, in words.

    >>> written(("all",)), written(("head",)), written(("layer4",))
    ('all layers', 'the head', 'layer4 and the head')
    """
    named = {ALL: "all layers", HEAD: "the head"}
    return named.get(tuned[0]) or f"{', '.join(tuned)} and the head"
