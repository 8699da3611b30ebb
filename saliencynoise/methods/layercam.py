"""LayerCAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import Batch, Maps, Point, Tap
from saliencynoise.methods.layer import LayerMethod

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class LayerCam(LayerMethod):
    """Sum of a layer's channels, each place weighted by its own positive gradient: `[B, 1, h, w]`.

    Signed as the features are: the last rectification of the paper is the view "relu".

    Source: Jiang et al., *LayerCAM*, IEEE Transactions on Image Processing 2021, doi:10.1109/TIP.2021.3089943.
    """

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:  # noqa: ARG002 - the protocol's
        """Return the weighted sum of the layer's channels."""
        tap = taps[self.layer]
        return Maps(values=(tap.grad.relu() * tap.value).sum(dim=1, keepdim=True))
