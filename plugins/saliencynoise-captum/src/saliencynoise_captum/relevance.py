"""Captum's layer-wise relevance propagation, which knows few layers."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn

from saliencynoise.interfaces import Batch, Network, completeness_error
from saliencynoise_captum.adapter import CaptumMethod, point_of, scores
from saliencynoise_captum.layers import LayerMethod

if TYPE_CHECKING:
    from torch import Tensor


class Reshaped(nn.Module):
    """`nn.Flatten` in a form that captum can pass: it has no rule for it, but one for dropout, which does nothing."""

    def __init__(self, flatten: nn.Flatten) -> None:
        super().__init__()
        self.start, self.end = flatten.start_dim, flatten.end_dim
        self.nothing = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the flattened tensor."""
        flat: Tensor = self.nothing(x.flatten(self.start, self.end))
        return flat


def passable(module: nn.Module) -> nn.Module:
    """Return a module with the parts that only hand on or reshape in forms that captum can pass.

    The module itself is changed.
    """
    for name, child in list(module.named_children()):
        if type(child) is nn.Identity:
            setattr(module, name, nn.Dropout(0.0))
        elif type(child) is nn.Flatten:
            setattr(module, name, Reshaped(child))
        else:
            passable(child)
    return module.eval()


@dataclass(frozen=True)
class RelevanceMethod(CaptumMethod):
    """Base of both variants, with captum's default rules (epsilon for weights, identity elsewhere).

    Captum raises an error at a module that it does not know (other activations than ReLU and tanh, layer norm,
    attention, timm's own batch norm) or that is used twice. It does not see functions: shortcuts that are added to are
    passed the relevance twice, which "conservation_error" shows.
    """

    together: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "; it knows linear and convolutional layers, batch norm, max- and average-pools, ReLU, tanh and dropout; use "
        "the built-in deeplift or gradient_x_input"
    )

    def explain(self, network: Network, part: Batch) -> Tensor:
        """Call captum on a form of the network that it can pass."""
        return super().explain(replace(network, module=passable(network.module)), part)

    def diagnostics(self, network: Network, part: Batch, attributions: Tensor) -> dict[str, Tensor]:
        """Return how far the relevance is from the logit, relative to it."""
        error = completeness_error(attributions.flatten(1).sum(1), scores(network, part.x, part.target))
        return {"conservation_error": error}


@dataclass(frozen=True)
class Lrp(RelevanceMethod):
    """The logit, passed back from layer to layer in shares: maps `[B, C, H, W]`.

    Source: Bach et al., *On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance
    Propagation*, 2015, doi:10.1371/journal.pone.0130140.
    """

    explainer = "LRP"


@dataclass(frozen=True)
class LayerLrp(RelevanceMethod, LayerMethod):
    """The logit, passed back in shares down to a layer: maps `[B, 1, h, w]`.

    Source: as `Lrp`.
    """

    explainer = "LayerLRP"

    def explain(self, network: Network, part: Batch) -> Tensor:
        """Put a module with captum's rule of identity behind the layer, which may be a whole stage without a rule."""
        path = point_of(network, self.layer).module
        marked = replace(network, module=copy.deepcopy(network.module))
        marked.module.set_submodule(path, nn.Sequential(marked.module.get_submodule(path), _mark()))
        return super().explain(marked, part)

    def construction(self, network: Network, part: Batch) -> dict[str, Any]:
        """Return the module behind the layer."""
        behind: Any = super().construction(network, part)["layer"]
        return {"layer": behind[1]}


class _Mark(nn.Module):
    """A module that returns a copy of its input."""

    def forward(self, x: Tensor) -> Tensor:
        """Return a copy."""
        return x.clone()


def _mark() -> nn.Module:
    from captum.attr._utils.lrp_rules import IdentityRule  # noqa: PLC0415 - takes a second

    mark = _Mark()
    mark.rule = IdentityRule()
    return mark
