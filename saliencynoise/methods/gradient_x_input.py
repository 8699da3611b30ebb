"""Gradient times input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import Batch, Maps, Point, Tap

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class GradientXInput:
    """The image times the derivative of the target's logit: `[B, C, H, W]`, signed, in logits.

    Source: Shrikumar et al., *Not Just a Black Box*, 2016, arXiv:1605.01713.
    """

    @property
    def points(self) -> tuple[Point, ...]:
        """The image."""
        return ("input",)

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:  # noqa: ARG002 - the protocol's
        """Return the product."""
        tap = taps["input"]
        return Maps(values=tap.value * tap.grad)
