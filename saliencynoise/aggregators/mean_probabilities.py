"""The network whose probabilities are the mean of the members': a deep ensemble."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True)
class MeanProbabilities:
    """Logarithm of the mean of the members' softmax probabilities, as logits of one network.

    Their softmax is the mean probability. The score is a logarithm of a probability and not a raw logit: the other
    classes' logits count too, and members count by how probable they hold the class,
    grad log p = sum_e p_e grad log p_e / sum_e p_e.

    Source: Lakshminarayanan, Pritzel and Blundell, *Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles*, NeurIPS 2017, arXiv:1612.01474.

    >>> import torch
    >>> logits = MeanProbabilities().combine(torch.tensor([[[0.0, 0.0]], [[0.0, -200.0]]]))
    >>> logits.exp()
    tensor([[0.7500, 0.2500]])
    """

    def combine(self, logits: Float[Tensor, "E N K"]) -> Float[Tensor, "N K"]:
        """Return the logarithm of the mean; no probability is formed that could vanish."""
        return logits.log_softmax(-1).logsumexp(0) - math.log(len(logits))
