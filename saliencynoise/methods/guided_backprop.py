"""Guided backpropagation."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from saliencynoise.interfaces import INPUT, Batch, Maps, Scorer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OUT_OF_PLACE: Mapping[object, Callable[..., Tensor]] = MappingProxyType(
    {torch.relu_: torch.relu, Tensor.relu_: torch.relu}
)
"""For each rectifier that works in place by name, the function that computes the same out of place."""

RECTIFIERS = frozenset({F.relu, F.relu6, torch.relu, Tensor.relu, *OUT_OF_PLACE})


@dataclass(frozen=True)
class GuidedBackprop:
    """Gradient of the target's logit, of which every ReLU passes positive parts only: `[B, C, H, W]`, signed.

    On the way back a ReLU multiplies max(gradient, 0), in place of the gradient, by its own derivative. This holds for
    ReLU and ReLU6 however they are called: as a module, function or tensor's method, in place, or one module twice.
    Other activations (GELU, SiLU, LeakyReLU ...), and a clamp at zero, keep their derivative: a network that has no
    ReLU gives its plain gradient. Equal to captum's on ReLU modules, but where a ReLU's input also goes elsewhere (a
    shortcut): captum's hook rectifies that path too.

    Source: Springenberg et al., *Striving for Simplicity: The All Convolutional Net*, 2014, arXiv:1412.6806.
    """

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the guided gradient of each image."""
        return Maps(values=net.taps(batch.x[:, None], INPUT, mode=GuidedRectifiers)[INPUT].grad[:, 0])


class GuidedRectifiers(TorchFunctionMode):
    """A context in which ReLUs pass back positive gradients only; their forward pass is unchanged."""

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute a function; with a hook on the gradient of its result if it is a ReLU."""
        kwargs = dict(kwargs or {})
        if not _rectifies(func, kwargs):
            return func(*args, **kwargs)
        x, *rest = args or (kwargs.pop("input"),)
        in_place = func in OUT_OF_PLACE or kwargs.pop("inplace", False)
        rectifier: Callable[..., Any] = OUT_OF_PLACE.get(func, func)
        # a clone, since the derivative of ReLU6 needs the input that is about to be overwritten
        result = rectifier(x.clone() if in_place else x, *rest, **kwargs)
        if result.requires_grad:
            result.register_hook(_positive)
        # a copy, since a hook on a view that was changed in place would miss the gradients of its base
        return x.copy_(result) if in_place else result


def _rectifies(func: Callable[..., Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a function is a ReLU; the module ReLU6 calls hardtanh, with these bounds."""
    return func in RECTIFIERS or (func is F.hardtanh and kwargs.get("min_val") == 0)


def _positive(gradient: Tensor) -> Tensor:
    return gradient.clamp(min=0)
