"""EigenCAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch, Maps, Point, Tap
from saliencynoise.methods.layer import LayerMethod

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class EigenCam(LayerMethod):
    """A layer's features along their first principal direction: `[B, 1, h, w]`, whatever the target.

    The features of an image, a row for each place and a column for each channel, are A = U S V^T, not centred; the
    map is A v with v the first column of V. The sign of a singular vector is arbitrary: here the map's inner product
    with the sum of the channels is positive, which for rectified features makes the whole map positive, and depends
    on no other image.

    Source: Muhammad and Yeasin, *Eigen-CAM*, IJCNN 2020, arXiv:2008.00299.
    """

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:  # noqa: ARG002 - the protocol's
        """Return the projection of the layer's features."""
        value = taps[self.layer].value
        features = value.flatten(2).mT
        _, _, directions = torch.linalg.svd(features, full_matrices=False)
        projected = features @ directions[:, :1].mT
        agreement = (projected * features.sum(2, keepdim=True)).sum(1, keepdim=True)
        signed = torch.where(agreement < 0, -projected, projected)
        return Maps(values=signed.reshape(len(value), 1, *value.shape[2:]))
