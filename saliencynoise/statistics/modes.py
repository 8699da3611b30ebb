"""Is the average map an average of several different explanations? A test for two groups of members, image by image.

A member's score is its coordinate along the direction in which members differ most: the top eigenvector of K = HGH,
the Gram matrix of the deviations from the mean map. T is the largest share of the scores' variance between two groups,
over all cuts that leave at least two members on a side. One cloud of Gaussian maps, whatever its shape,
gives scores that are a random direction of R^(E-1): so the null distribution of T depends on E alone, and a sample of
it serves all images.

A cloud that is not Gaussian also gives positive tests: one direction with exponential, chi^2_1 or uniform scores has
p <= .05 on 12 / 18 / 14% of the images at E = 8, 24 / 37 / 30% at 16, 27 / 43 / 50% at 30 (Laplace: 5% or less). And
many modes are missed, see `POWER`. So neither answer is a proof.

Both the raw maps and the member-scaled ones must show the groups. Raw maps alone would count a skewed spread of gains
as groups (simulated with gains of log-spread 0.5, E = 8 / 16: 10 / 20% of the images at p <= 0.05). Member scale alone
bends a cloud into a cap where few pixels are independent (P_eff = 7, E = 16: 6.7%). The larger of the two p-values
keeps the level in both cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.statistics.clusters import Clusters, first_members, gram_of_means
from saliencynoise.statistics.false_discovery import benjamini_hochberg
from saliencynoise.statistics.gram import NOISELESS, diag_mean, scale_gram
from saliencynoise.statistics.intervals import Unit

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

FEWEST_MEMBERS = 4
NULL_SAMPLES = 9999
"""The smallest p-value is 1 / 10,000: enough for Benjamini and Hochberg over 500 images."""


POWER: Mapping[int, float] = MappingProxyType(
    {4: 0.14, 5: 0.24, 6: 0.31, 8: 0.48, 10: 0.61, 12: 0.70, 16: 0.84, 20: 0.92, 30: 0.98}
)
"""Power of the test by members: the share of images on which it finds (p <= .05) two modes of 80 and 20% of the members
that are as energetic as the noise.

2000 simulated images of 16 pixels, r = 0.5. For 90 and 10%: .22 at 8 members, .47 at 16, .82 at 30.
"""


@dataclass(frozen=True, kw_only=True)
class ImageModes:
    """The two groups into which the members fall on one image.

    Attributes:
        image: its index.
        groups: the members of each group in member scale, the larger group first (at equal sizes, that of member 0).
        representatives: for each group the member whose scaled map is nearest to the group's mean.
        between: T in member scale, the share of the scores' variance between the groups; 0 to 1.
    """

    image: int
    groups: tuple[tuple[int, ...], tuple[int, ...]]
    representatives: tuple[int, int]
    between: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Modes:
    """Outcome of the test for modes.

    Attributes:
        p: `[B]`, per image, not adjusted; NaN where members differ in nothing but gains. None where no test was made.
        fires: `[B]`, the images with more than one mode, at a rate of false discoveries over images.
        share: of these among the images tested; NaN where there are none.
        found: the groups on the images that fire.
        representative: the member whose scaled maps are nearest to the mean maps, all images with equal weight.
        note: how the p-values were obtained, or why there are none.
        members: E, or the number of starts.
        unit: of which these are: "members" or "starts".
    """

    p: Float[Tensor, " B"] | None
    fires: Bool[Tensor, " B"]
    share: float
    found: tuple[ImageModes, ...]
    representative: int
    note: str
    members: int
    unit: Unit = "members"

    @property
    def words(self) -> str:
        """The outcome, to be printed."""
        if self.p is None:
            return self.note
        tested = int((~self.p.isnan()).sum())
        if not self.found:
            return (
                f"not shown to be more clustered than one Gaussian mode, on any of {tested} images, which is no proof: "
                f"with {self.members} {self.unit} the test misses two modes of 80 and 20% on "
                f"{1 - power(self.members):.0%} of images"
            )
        return f"more clustered than one Gaussian mode on {len(self.found)} of {tested} images"


def power(members: int) -> float:
    """Return `POWER` at this number of members, or at the next smaller number in the table.

    >>> power(9), power(100)
    (0.48, 0.98)
    """
    return POWER[max((count for count in POWER if count <= members), default=min(POWER))]


def mode_test(
    gram: Float[Tensor, "B E E"], *, seed: int, rate: float = FALSE_DISCOVERY_RATE, unit: Unit = "members"
) -> Modes:
    """Test on each image whether members fall into two groups, more clearly than one Gaussian cloud would.

    Args:
        gram: of raw maps, one matrix per image; they are also tested in member scale, see above.
        seed: of the null sample, 9999 draws.
        rate: of false discoveries over images (Benjamini and Hochberg), between 0 and 1.
        unit: "starts" where each member is the average of a start.

    Returns:
        `found` is empty where no image fires. No test below 4 members, or where no members differ.

    Raises:
        UsageError: the rate is not between 0 and 1.

    >>> generator = torch.Generator().manual_seed(0)
    >>> maps = torch.randn(8, 50, generator=generator).double()
    >>> maps[:3] += 2                                   # three members explain the image otherwise
    >>> result = mode_test((maps @ maps.T)[None], seed=0)
    >>> result.words, result.found[0].groups
    ('more clustered than one Gaussian mode on 1 of 1 images', ((3, 4, 5, 6, 7), (0, 1, 2)))
    """
    if not 0 < rate < 1:
        raise UsageError(f"rate of false discoveries {rate} is not between 0 and 1: choose for example 0.05")
    members = gram.shape[-1]
    scaled = scale_gram(gram, "member")
    deviations = centred(scaled)
    spread = _differ(gram) & _differ(scaled)
    nearest = _nearest(deviations, spread)
    fires = torch.zeros(len(gram), dtype=torch.bool)
    if members < FEWEST_MEMBERS or not bool(spread.any()):
        few = f"{members} {unit}; at least {FEWEST_MEMBERS} are needed for two groups"
        note = "no test: " + (few if members < FEWEST_MEMBERS else f"the {unit}' maps are equal, up to gains")
        return Modes(
            p=None,
            fires=fires,
            share=torch.nan,
            found=(),
            representative=nearest,
            note=note,
            members=members,
            unit=unit,
        )
    scores = top_scores(deviations)
    between, cuts = largest_between_share(scores)
    raw, _ = largest_between_share(top_scores(centred(gram)))
    p = torch.where(spread, upper_p(torch.minimum(raw, between), null_sample(members, seed=seed)), torch.nan)
    fires[spread] = benjamini_hochberg(p[spread]) <= rate
    image_modes = tuple(_groups(i, deviations[i], scores[i], int(cuts[i]), float(between[i])) for i in _indices(fires))
    return Modes(
        p=p,
        fires=fires,
        share=float(fires[spread].double().mean()),
        found=image_modes,
        representative=nearest,
        note=f"{NULL_SAMPLES} Gaussian samples; Benjamini-Hochberg over {int(spread.sum())} images at {rate:g}",
        members=members,
        unit=unit,
    )


def modes_of_starts(gram: Float[Tensor, "B E E"], clusters: Clusters, *, seed: int) -> Modes:
    """Test whether starts fall into groups, by their average maps: members of one start are a group by design.

    Args:
        gram: of members' raw maps.
        clusters: the start of each member.
        seed: as of `mode_test`.

    Returns:
        Groups and representatives are of members: all those of the starts of a group, and the first one of the start
        that is nearest to the group's mean.

    >>> gram = torch.eye(8).double()[None]
    >>> modes_of_starts(gram, (0, 0, 1, 1, 2, 2, 3, 3), seed=0).members
    4
    """
    starts = mode_test(gram_of_means(gram, clusters), seed=seed, unit="starts")
    first = first_members(clusters)

    def members_of(group: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(member for member, start in enumerate(clusters) if start in group)

    found = tuple(
        replace(
            image,
            groups=(members_of(image.groups[0]), members_of(image.groups[1])),
            representatives=(first[image.representatives[0]], first[image.representatives[1]]),
        )
        for image in starts.found
    )
    return replace(starts, found=found, representative=first[starts.representative])


def centred(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n E E"]:
    """Return K = HGH, the inner products of the deviations from the members' mean map.

    >>> centred(torch.tensor([[5.0, 3.0], [3.0, 9.0]])).tolist()
    [[2.0, -2.0], [-2.0, 2.0]]
    """
    half = gram - gram.mean(-1, keepdim=True)
    return half - half.mean(-2, keepdim=True)


def top_scores(deviations: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n E"]:
    """Return the members' coordinates, up to a factor and a sign, along the direction in which they differ most."""
    vectors: Tensor = torch.linalg.eigh(deviations).eigenvectors
    return vectors[..., -1]


def largest_between_share(scores: Float[Tensor, "*n E"]) -> tuple[Float[Tensor, "*n"], Float[Tensor, "*n"]]:
    """Return T and the size of the lower group: the best of all cuts that leave at least two members on a side.

    >>> share, size = largest_between_share(torch.tensor([0.0, 5.0, 5.0, 0.0, 0.0]))
    >>> share.item(), size.item()
    (1.0, 3)
    """
    members = scores.shape[-1]
    ordered = (scores - scores.mean(-1, keepdim=True)).sort(-1).values
    sizes = torch.arange(2, members - 1)
    sums = ordered.cumsum(-1)[..., sizes - 1]
    between = sums.square() * members / (sizes * (members - sizes))  # of the two means about the whole one
    best = between.max(-1)
    return best.values / ordered.square().sum(-1), sizes[best.indices]


def null_sample(members: int, *, seed: int, samples: int = NULL_SAMPLES) -> Float[Tensor, " S"]:
    """Return T of `samples` ensembles in one Gaussian cloud.

    Gaussian deviations Z L^(1/2), with whatever covariance L over pixels, have left singular vectors that are uniform
    on the unit vectors orthogonal to ones; so are Gaussian scores, centred and normalised. (That a sample with K's own
    eigenvalues has the same T is tested.)
    """
    generator = torch.Generator().manual_seed(seed)
    return largest_between_share(torch.randn(samples, members, generator=generator, dtype=torch.float64))[0]


def upper_p(observed: Float[Tensor, " B"], sample: Float[Tensor, " S"]) -> Float[Tensor, " B"]:
    """Return the share of `sample` that reaches each value, the value itself counted in: never zero.

    >>> upper_p(torch.tensor([3.0]), torch.tensor([1.0, 2.0, 3.0])).item()
    0.5
    """
    below = torch.searchsorted(sample.sort().values, observed.contiguous())
    return (len(sample) - below + 1).to(observed.dtype) / (len(sample) + 1)


def _differ(gram: Tensor) -> Tensor:
    return diag_mean(centred(gram)) > NOISELESS * diag_mean(gram)


def _nearest(deviations: Tensor, spread: Tensor) -> int:
    """Return the member nearest to the mean maps, images weighted by their inverse spread; 0 where none differ."""
    energy = deviations.diagonal(dim1=-2, dim2=-1)[spread]
    return int((energy / energy.mean(-1, keepdim=True)).sum(0).argmin())


def _groups(image: int, deviations: Tensor, scores: Tensor, size: int, between: float) -> ImageModes:
    order = scores.argsort().tolist()
    halves = sorted((sorted(order[:size]), sorted(order[size:])), key=lambda half: (-len(half), half))
    larger, smaller = halves
    return ImageModes(
        image=image,
        groups=(tuple(larger), tuple(smaller)),
        representatives=(_medoid(deviations, larger), _medoid(deviations, smaller)),
        between=between,
    )


def _medoid(gram: Tensor, group: list[int]) -> int:
    """Return the member of `group` nearest to its mean, which has the smallest sum of squared distances to the rest."""
    within = gram[group][:, group]
    return group[int((within.diagonal() - 2 * within.mean(-1)).argmin())]


def _indices(mask: Tensor) -> list[int]:
    return [int(i) for i in mask.nonzero().flatten()]
