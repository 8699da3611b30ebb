"""Several trained networks as one: an average of their logits or probabilities, explained like any network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from saliencynoise.interfaces import ConfigurationError, Network, NetworkAggregator
from saliencynoise.scoring.returned import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor


class Averaged(nn.Module):
    """Several members, and an aggregator that combines their logits into the logits of one network.

    Each member is a separate module, since hooks of libraries go wrong on a module that runs twice in a pass.
    """

    def __init__(self, members: Sequence[nn.Module], aggregator: NetworkAggregator) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.aggregator = aggregator

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N K"]:
        """Return the logits of the one network.

        Raises:
            ConfigurationError: if the aggregator does not return `[N, K]`.
        """
        logits = torch.stack([member(x) for member in self.members])
        combined = self.aggregator.combine(logits)
        if not isinstance(combined, torch.Tensor) or combined.shape != logits.shape[1:]:
            raise ConfigurationError(
                f"{type(self.aggregator).__name__}.combine made {described(combined)} of the logits "
                f"{list(logits.shape)}; the contract is [E, N, K] to [N, K]"
            )
        return combined


def averaged_network(members: Sequence[nn.Module], aggregator: NetworkAggregator) -> Network:
    """Return one network of several trained ones.

    It has no points: a layer of one member corresponds to none of another's, so methods of a layer cannot explain it.
    A pass costs as much as one of each member, in time and in memory.

    Args:
        members: modules of one architecture, in eval mode; they are not copied, and no two may be the same.
        aggregator: combines the members' logits into one network's logits.

    Raises:
        ValueError: if there are no members, or if two members are the same module.

    >>> from saliencynoise.registry.catalogue import catalogue
    >>> members = [nn.Flatten(), nn.Sequential(nn.Flatten(), nn.Softmax(1))]
    >>> network = averaged_network(members, catalogue().aggregator("mean_logits").instance)
    >>> network.module(torch.tensor([[[[0.0, 0.0]]]]))
    tensor([[0.2500, 0.2500]])
    """
    if not members:
        raise ValueError("an average needs at least one network")
    if len({id(member) for member in members}) < len(members):
        raise ValueError("two members have the same module; give each its own")
    return Network(module=Averaged(members, aggregator), points={})
