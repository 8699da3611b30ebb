"""The common base of methods on a layer that need one plain pass only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from saliencynoise.interfaces import Point

Layer = Literal["top", "intermediate"]


@dataclass(frozen=True)
class LayerMethod:
    """A method that reads a pass at one CAM point.

    Attributes:
        layer: the CAM point, "top" or "intermediate".
    """

    layer: Layer = "top"

    @property
    def points(self) -> tuple[Point, ...]:
        """The layer."""
        return (self.layer,)
