"""Trained networks out of a pool, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from saliencynoise.engine.member import refuse_changed_network
from saliencynoise.interfaces import Network, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from saliencynoise.registry.bound import BoundModel
    from saliencynoise.store.pool import Pool


def load_members(
    model: BoundModel,
    pool: Pool,
    members: Sequence[int],
    *,
    in_shape: tuple[int, int, int],
    classes: int,
    device: str,
    sums: Mapping[int, str] | None = None,
) -> list[Network]:
    """Return a network for each of these members, in evaluation mode, on the device.

    The global random state is left as it was.

    Args:
        model: the architecture, with the arguments that the pool's members were built with.
        pool: pool of the members; each is compared with its checksum.
        members: indices in the pool.
        in_shape: (C, H, W) of the images.
        classes: number of classes.
        device: device of the networks.
        sums: sha256 of the weights that are wanted, by member; None for those of the pool's records.

    Raises:
        UsageError: if a member is not there or corrupt, or the network is built otherwise than the members were.
    """
    loaded = model.named()
    networks = []
    for member in members:
        record = pool.verified(member)
        if record is None:
            indices = ", ".join(map(str, pool.indices())) or "none"
            raise UsageError(f"the pool {pool.folder} lacks member {member} (it has {indices}); train more members")
        with torch.random.fork_rng():
            network = loaded.build(in_shape, classes)
        refuse_changed_network(network, pool, model.canonical_name)
        network.module.load_state_dict(pool.weights(member, sha256=(sums or {}).get(member, record.sha256)))
        network.module.to(device).eval()
        networks.append(network)
    return networks
