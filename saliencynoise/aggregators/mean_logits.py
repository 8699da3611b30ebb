"""The network whose logits are the mean of the members'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True)
class MeanLogits:
    """Mean of the members' logits.

    Attributions that are linear in the network (gradients, integrated gradients, expected gradients, SmoothGrad, LIME,
    KernelSHAP of the logit) are those of `mean`, at the same cost; of others, such as DeepLIFT, they may differ.

    >>> import torch
    >>> MeanLogits().combine(torch.tensor([[[1.0, 2.0]], [[3.0, -2.0]]]))
    tensor([[2., 0.]])
    """

    def combine(self, logits: Float[Tensor, "E N K"]) -> Float[Tensor, "N K"]:
        """Return the mean over members."""
        return logits.mean(0)
