"""The network's scores of the background images."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces import Batch, Scorer


def background_scores(net: Scorer, batch: Batch) -> Float[Tensor, "B R"]:
    """Return the score of each background image for the target of each image; a background image is passed once."""
    return net.logits(batch.background[None])[0].T[batch.target]
