"""Do networks that took no part in a dream recognise its class? Features that are more complete should transfer.

Held-out members see the picture as it is saved, in bytes, and the scores are compared between kinds of dreams of the
same classes from the same starts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.data.tensors import to_float
from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.intervals import Interval
from saliencynoise.statistics.jackknife import few_members, t_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Float, Int, UInt8
    from torch import Tensor

    from saliencynoise.interfaces import Network
    from saliencynoise_dream.objective import LayerEnergy
    from saliencynoise_dream.records import Score

RANGES: Mapping[Score, tuple[float, float]] = {
    "probability": (0.0, 1.0),
    "margin": (-math.inf, math.inf),
    "top1": (0.0, 1.0),
    "gain": (-math.inf, math.inf),
}
"""The smallest and the largest value of each score: three of a class's recognition and one of a layer's energy."""

NO_JUDGE = "no member is held out to recognise the dream; hold out at least one"


@dataclass(frozen=True, kw_only=True, eq=False)
class Recognition:
    """Scores of dreamt pictures by held-out networks; H networks, N pictures, float64.

    Attributes:
        probability: `[H, N]`, softmax of the dreamt class.
        margin: `[H, N]`, logit of the dreamt class minus the largest other logit.
        top1: `[H, N]`, 1 where the dreamt class is the network's answer, else 0.
    """

    probability: Float[Tensor, "H N"]
    margin: Float[Tensor, "H N"]
    top1: Float[Tensor, "H N"]


def recognition(
    networks: Sequence[Network],
    pictures: UInt8[Tensor, "N C H W"],
    targets: Int[Tensor, " N"],
    *,
    mean: Sequence[float],
    std: Sequence[float],
) -> Recognition:
    """Return how well networks recognise the class that each picture was dreamt of.

    Args:
        networks: the held-out networks; they are put in evaluation mode, and stay so.
        pictures: pictures as saved, on the networks' device.
        targets: the dreamt class of each picture.
        mean: per channel, of pixels from 0 to 1: the normalisation that the networks were trained with.
        std: as `mean`.

    Raises:
        UsageError: if there are no networks.

    >>> net = torch.nn.Flatten()                                              # logit k is pixel k
    >>> from saliencynoise.interfaces import Network
    >>> pictures = torch.tensor([[[[0, 255, 51]]]], dtype=torch.uint8)
    >>> scores = recognition([Network(module=net, points={})], pictures, torch.tensor([1]), mean=(0,), std=(1,))
    >>> round(float(scores.margin), 3)
    0.8
    """
    if not networks:
        raise UsageError(NO_JUDGE)
    x = to_float(pictures, mean, std)
    with torch.no_grad():
        logits = torch.stack([network.module.eval()(x.clone()) for network in networks]).double().cpu()
    index = targets.cpu().view(1, -1, 1).expand(len(networks), -1, 1)
    target_logits = logits.gather(2, index)[..., 0]
    margin = target_logits - logits.scatter(2, index, -math.inf).amax(2)
    return Recognition(
        probability=logits.softmax(2).gather(2, index)[..., 0], margin=margin, top1=(margin > 0).double()
    )


def gain(
    networks: Sequence[Network],
    layer: LayerEnergy,
    pictures: UInt8[Tensor, "N C H W"],
    start: UInt8[Tensor, "N C H W"],
    *,
    mean: Sequence[float],
    std: Sequence[float],
) -> Float[Tensor, "H N"]:
    """Return log2 of the ratio of held-out networks' energy at a layer to that of the start.

    A layer has no class to recognise. Its units do not correspond between networks with different initial weights, so
    no channel can be compared. The energy of the whole layer does not depend on the order of its units, and the ratio
    to the energy at the start does not depend on a network's scale.

    Args:
        networks: the held-out networks.
        layer: the layer with its energy.
        pictures: as saved.
        start: the start of each dream, as it would be saved.
        mean: per channel, of pixels from 0 to 1: the normalisation that the networks were trained with.
        std: as `mean`.

    Returns:
        In float64; NaN or infinite where a layer is silent.

    Raises:
        UsageError: if there are no networks, or they have no such layer.
    """
    if not networks:
        raise UsageError(NO_JUDGE)
    dreamt, before = to_float(pictures, mean, std), to_float(start, mean, std)
    with torch.no_grad():
        energies = [(layer(_judging(network), dreamt), layer(network, before)) for network in networks]
    return torch.stack([(after.double() / first.double()).log2().cpu() for after, first in energies])


def _judging(network: Network) -> Network:
    network.module.eval()
    return network


def crossed_interval(
    values: Float[Tensor, "K H *S"], *, lowest: float = -math.inf, highest: float = math.inf
) -> Interval | None:
    """Return the interval of the mean of a score over crossed factors, for new levels of each factor.

    The variance is the sum over the factors of the variance of the factor's means, divided by its number of levels. The
    variation of single cells counts in every factor. Student's t with degrees of freedom by Satterthwaite: with two
    held-out members its coverage was 0.916 to 0.965 in simulations. A factor of size 1 is fixed: the interval is for
    that level only.

    Args:
        values: a score by dreamt class, held-out member and, if there are several, dreaming network.
        lowest: the smallest value that the score can take.
        highest: the largest value.

    Returns:
        The interval; None with fewer than two held-out members, whose variation is then unknown, and where no factor's
        means differ: scores that are all 1 do not show that other scores would be 1.

    >>> interval = crossed_interval(torch.tensor([[1.0, 2.0, 3.0, 6.0]]))       # the textbook's for one mean
    >>> round(interval.low, 3), round(interval.high, 3)
    (-0.437, 6.437)
    """
    if values.shape[1] < 2:
        return None
    values = values.double()
    parts = []
    for axis, size in enumerate(values.shape):
        if size > 1:
            means = values.movedim(axis, 0).flatten(1).mean(1)
            parts.append((float(means.var()) / size, size - 1))
    rounding = 1e-12 * float(values.abs().max())
    if all(variance <= rounding**2 for variance, _ in parts):
        return None
    note = few_members(values.shape[1])
    interval = t_interval(float(values.mean()), parts, question="both", note=note)
    return replace(interval, low=max(interval.low, lowest), high=min(interval.high, highest))
