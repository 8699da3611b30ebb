"""The input gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import Batch, Maps, Point, Tap

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Gradient:
    """Derivative of the target's logit by the image: `[B, C, H, W]`, signed, in logits per unit of `Batch.x`.

    Source: Simonyan, Vedaldi and Zisserman, *Deep Inside Convolutional Networks*, 2014, arXiv:1312.6034.
    """

    @property
    def points(self) -> tuple[Point, ...]:
        """The image."""
        return ("input",)

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:  # noqa: ARG002 - the protocol's
        """Return the gradient as it is."""
        return Maps(values=taps["input"].grad)
