"""HiResCAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from saliencynoise.interfaces import Batch, Maps, Point, Tap

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class HiResCam:
    """Sum of a layer's channels, each value weighted by its own gradient: `[B, 1, h, w]`, as fine as the layer.

    Where GradCAM takes the mean of a channel's gradients, HiResCAM keeps them apart. If nothing but a linear layer
    follows, the map adds up to the target's logit less its bias. Signed: the paper's ReLU is the view "relu".

    Source: Draelos and Carin, *Use HiResCAM instead of Grad-CAM*, 2020, arXiv:2011.08891.

    Attributes:
        layer: the CAM point, "top" or "intermediate".
    """

    layer: Literal["top", "intermediate"] = "top"

    @property
    def points(self) -> tuple[Point, ...]:
        """The layer."""
        return (self.layer,)

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:  # noqa: ARG002 - the protocol's
        """Return the sum over channels of values times gradients."""
        tap = taps[self.layer]
        return Maps(values=(tap.grad * tap.value).sum(dim=1, keepdim=True))
