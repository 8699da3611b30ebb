"""Members that share a start: the start is the unit that varies, not the member.

Sixteen networks that were fine-tuned from four checkpoints are not sixteen independent networks. So the members' Gram
matrices become those of the starts, [s, t] the mean inner product of a member of s with a member of t, and [s, s] the
mean energy of one member's map. They are the Gram matrices of single networks, each from a start of its own, with less
error: every figure and interval that is computed from them is that of networks from different starts, starts left out
one by one. Each start counts alike, however many members it has: it is the start that was drawn from a population.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float
    from torch import Tensor

Clusters = tuple[int, ...]
"""The start of each member, by number from 0."""


def as_clusters(names: Sequence[Hashable] | None, *, members: int) -> Clusters | None:
    """Return a number for each member's start, in the order of their first members; None where no two share one.

    Raises:
        UsageError: another number of names than of members.

    >>> as_clusters(["a", "b", "a"], members=3), as_clusters(["a", "b"], members=2)
    ((0, 1, 0), None)
    """
    if names is None:
        return None
    if len(names) != members:
        raise UsageError(f"clusters has {len(names)} entries for {members} members; give one for each member")
    if len(set(names)) == members:
        return None
    order = {name: index for index, name in enumerate(dict.fromkeys(names))}
    return tuple(order[name] for name in names)


def several_starts(clusters: Clusters | None) -> Clusters | None:
    """Return the clusters if there is more than one, so that the start is the unit that varies; else None.

    >>> several_starts((0, 0, 1)), several_starts((0, 0, 0))
    ((0, 0, 1), None)
    """
    return clusters if clusters is not None and len(set(clusters)) > 1 else None


def sizes_of(clusters: Clusters) -> tuple[int, ...]:
    """Return the number of members of each start.

    >>> sizes_of((0, 1, 0))
    (2, 1)
    """
    counts = Counter(clusters)
    return tuple(counts[start] for start in range(len(counts)))


def first_members(clusters: Clusters) -> list[int]:
    """Return the first member of each start.

    >>> first_members((0, 0, 1, 1))
    [0, 2]
    """
    return [clusters.index(start) for start in range(len(set(clusters)))]


def start_means(maps: Float[Tensor, "E ..."], clusters: Clusters) -> Float[Tensor, "K ..."]:
    """Return the average of each start's maps.

    >>> start_means(torch.tensor([[1.0], [3.0], [5.0]]), (0, 0, 1)).tolist()
    [[2.0], [5.0]]
    """
    labels = torch.tensor(clusters)
    return torch.stack([maps[labels == start].mean(0) for start in range(len(set(clusters)))])


def gram_of_means(gram: Float[Tensor, "*n E E"], clusters: Clusters) -> Float[Tensor, "*n K K"]:
    """Return the Gram matrices of `start_means`.

    >>> gram_of_means(torch.eye(4), (0, 0, 1, 1)).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    weights = _weights(clusters, gram)
    return weights @ gram @ weights.mT


def start_gram(gram: Float[Tensor, "*n E E"], clusters: Clusters) -> Float[Tensor, "*n K K"]:
    """Return the Gram matrices of single maps, each of a network from another start.

    Args:
        gram: of unit-norm maps where no map is to weigh more than another.
        clusters: the start of each member.

    >>> gram = torch.tensor([[1.0, 0.8, 0.2], [0.8, 1.0, 0.4], [0.2, 0.4, 1.0]]).double()
    >>> [[round(value, 2) for value in row] for row in start_gram(gram, (0, 0, 1)).tolist()]
    [[1.0, 0.3], [0.3, 1.0]]
    """
    between = gram_of_means(gram, clusters)
    energy = gram.diagonal(dim1=-2, dim2=-1) @ _weights(clusters, gram).mT
    return between + torch.diag_embed(energy - between.diagonal(dim1=-2, dim2=-1))


def start_crossed(crossed: Float[Tensor, "*n E D E D"], clusters: Clusters) -> Float[Tensor, "*n K D K D"]:
    """Return the inner products of single networks, each from another start, in all draws; as `start_gram`."""
    weights = _weights(clusters, crossed)
    between = torch.einsum("ke,...edfg,lf->...kdlg", weights, crossed, weights)
    itself = torch.einsum("ke,...dge->...kdg", weights, crossed.diagonal(dim1=-4, dim2=-2))
    own = between.diagonal(dim1=-4, dim2=-2)  # [..., D, D, K], a view
    own.copy_(itself.movedim(-3, -1))
    return between


def within_cosines(gram: Float[Tensor, "*n E E"], clusters: Clusters) -> Float[Tensor, "*n K"]:
    """Return the mean of gram between different members of each start; NaN for a start with a single member.

    >>> within_cosines(torch.tensor([[1.0, 0.5, 0.2], [0.5, 1.0, 0.4], [0.2, 0.4, 1.0]]).double(), (0, 0, 1)).tolist()
    [0.5, nan]
    """
    sizes = torch.tensor(sizes_of(clusters), dtype=gram.dtype)
    membership = _weights(clusters, gram) * sizes[:, None]
    sums = ((membership @ gram) * membership).sum(-1)
    pairs = sums - gram.diagonal(dim1=-2, dim2=-1) @ membership.mT
    return torch.where(sizes > 1, pairs / (sizes * (sizes - 1)), torch.nan)


def without_each(statistic: Callable[[list[int]], Float[Tensor, "*n"]], clusters: Clusters) -> Float[Tensor, "*n K"]:
    """Return a statistic of the members that stay with each start left out in turn; NaN where one member stays.

    >>> without_each(lambda members: torch.tensor(float(sum(members))), (0, 0, 1, 1)).tolist()
    [5.0, 1.0]
    """
    values = []
    for start in range(len(set(clusters))):
        stay = [member for member, own in enumerate(clusters) if own != start]
        value = statistic(stay if len(stay) > 1 else list(range(len(clusters))))
        values.append(value if len(stay) > 1 else torch.full_like(value, torch.nan))
    return torch.stack(values, -1)


def _weights(clusters: Clusters, like: Tensor) -> Float[Tensor, "K E"]:
    labels = torch.tensor(clusters)
    membership = (labels == torch.arange(len(set(clusters)))[:, None]).to(like.dtype)
    return membership / membership.sum(1, keepdim=True)
