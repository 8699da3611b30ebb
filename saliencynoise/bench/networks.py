"""Trained networks out of a pool, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from saliencynoise.bench.member import refuse_changed_network
from saliencynoise.interfaces import Network, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saliencynoise.registry.catalogue import BoundModel
    from saliencynoise.store.pool import Pool


def load_members(
    model: BoundModel, pool: Pool, members: Sequence[int], *, in_shape: tuple[int, int, int], classes: int, device: str
) -> list[Network]:
    """Return a network for each of these members, in evaluation mode, on the device.

    The global random state is left as it was.

    Args:
        model: the architecture, with the arguments that the pool's members were built with.
        pool: where the members lie; each is compared with its checksum.
        members: indices in the pool.
        in_shape: (C, H, W) of the images.
        classes: how many.
        device: where the networks are to be.

    Raises:
        UsageError: if a member is not there or corrupt, or the network is built otherwise than the members were.
    """
    loaded = model.named()
    networks = []
    for member in members:
        if pool.verified(member) is None:
            there = ", ".join(map(str, pool.indices())) or "none"
            raise UsageError(f"the pool {pool.folder} lacks member {member} (it has {there}); train more members")
        with torch.random.fork_rng():
            network = loaded.build(in_shape, classes)
        refuse_changed_network(network, pool, model.text)
        network.module.load_state_dict(pool.weights(member))
        network.module.to(device).eval()
        networks.append(network)
    return networks
