"""Search for the figure that reproduces a published table best: its agreement with the cells, with intervals.

A cell is a method on an architecture and a data set. The variance has two sources: the networks of each architecture
(all methods of a column share them, columns do not) and the images of each data set (all its columns share them). So
the variance of a function of all cells is a sum. Each column adds its jackknife variance, with a member left out of
*all cells of that column* at once. Each data set adds its bootstrap variance, with the images resampled *together* in
all its columns, and whole groups of images that belong together. The intervals are Student's t with Satterthwaite's
degrees of freedom. Published cells are treated as exact, since their errors are unknown.

Simulated (60 studies: 8 methods on 2 architectures, 8 members, 8 images, 48-pixel maps, half of a member's noise common
to its images, gains that vary by 30%): the intervals cover the limit of many repetitions in 95% (log error), 92%
(spread) and 92% (rank correlation) of cases on average over the definitions, and in 82% for the worst one. The true
best definition was among those "not shown to fit worse" in all 60 studies by each measure. Of 18 candidates, 4, 14 and
18 were "not shown to fit worse".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import torch
from torch.nn import functional as F

from saliencynoise.interfaces import UsageError, derive_seed
from saliencynoise.statistics.comparison import holm
from saliencynoise.statistics.groups import resamples, units_of
from saliencynoise.statistics.intervals import RESAMPLES, Interval
from saliencynoise.statistics.jackknife import few_members, jackknife_variance, t_interval, two_sided_p
from saliencynoise.statistics.similarity import ranks
from saliencynoise_paper.statistics.variants import VARIANTS, CellVariants, Variant

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

Measure = Literal["log_error", "spread", "rank_correlation"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
"""The measures, in their order along the last axis of `fit_to_table`."""
_RANGE: Mapping[Measure, tuple[float, float]] = {
    "log_error": (0, math.inf),
    "spread": (0, math.inf),
    "rank_correlation": (-1, 1),
}
_SIGN = (1, 1, -1)
"""Sign of each measure: 1 if a small value is good, -1 if a large one is."""
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparableColumn:
    """The cells of one architecture on one data set that were both measured and published.

    Attributes:
        published: `[M]`, one published value per cell.
        cells: the measured figures of the same methods, on the same members and images.
        networks: equal for columns that share their members.
        images: equal for columns that share their images.
    """

    published: Sequence[float]
    cells: Sequence[CellVariants]
    networks: Hashable
    images: Hashable


@dataclass(frozen=True, kw_only=True)
class TableFit:
    """A figure's agreement with the published cells.

    Attributes:
        variant: the figure.
        values: by measure. "log_error": mean of ``|log2(measured / published)|``; "spread": standard deviation of
            log2(measured / published), the error that remains after the best common factor; "rank_correlation":
            Spearman's, over all cells. NaN where a cell is undefined, and of the first two where one is not above 0.
        intervals: interval of each value by measure, or None.
        factor: the best common factor, 2^mean log2(measured / published).
        p: p-value by measure that it fits as well as the best candidate; 1 for the best, None for no candidate.
        p_holm: as `p`, corrected for all candidates by Holm.
    """

    variant: Variant
    values: Mapping[Measure, float]
    intervals: Mapping[Measure, Interval | None]
    factor: float
    p: Mapping[Measure, float | None]
    p_holm: Mapping[Measure, float | None]


@dataclass(frozen=True, kw_only=True)
class TableSearch:
    """The result of the search for the published figure.

    Attributes:
        fits: one per variant, in the order of `VARIANTS`.
        cells: number of cells that were compared.
        note: a caveat, or empty.
    """

    fits: tuple[TableFit, ...]
    cells: int
    note: str

    def best(self, measure: Measure) -> TableFit | None:
        """Return the uncorrected variant that agrees best; None where none can be measured."""
        sign = _SIGN[MEASURES.index(measure)]
        candidates = [
            candidate
            for candidate in self.fits
            if _candidate(candidate.variant) and math.isfinite(candidate.values[measure])
        ]
        return min(candidates, key=lambda candidate: sign * candidate.values[measure], default=None)

    def not_worse_than_best(self, measure: Measure) -> list[TableFit]:
        """Return the candidates, best first, that are not shown to fit worse than the best (Holm)."""
        sign = _SIGN[MEASURES.index(measure)]
        not_worse = [candidate for candidate in self.fits if (candidate.p_holm[measure] or 0) >= 1 - LEVEL]
        return sorted(not_worse, key=lambda candidate: sign * candidate.values[measure])


def fit_to_table(measured: Float[Tensor, "*n K"], published: Float[Tensor, " K"]) -> Float[Tensor, "*n 3"]:
    """Return the log error, the spread and the rank correlation of cells with the published ones, by `MEASURES`.

    >>> published = torch.tensor([0.5, 1.0, 2.0, 4.0])
    >>> [round(number, 6) for number in fit_to_table(2 * published, published).tolist()]  # all twice as high
    [1.0, 0.0, 1.0]
    """
    ratio = torch.where(measured > 0, measured / published, torch.nan).log2()
    spread = ratio.std(-1) if ratio.shape[-1] > 1 else torch.full_like(ratio[..., 0], torch.nan)
    return torch.stack([ratio.abs().mean(-1), spread, _spearman(measured, published)], -1)


def compare_variants(columns: Sequence[ComparableColumn], *, seed: int) -> TableSearch:
    """Return each variant's agreement with the published cells, and whether others fit as well as the best.

    The difference of each candidate (the uncorrected variants) to the best has a t interval from the same replicates,
    paired. The p-values are corrected by Holm over the candidates. They are a little too small, since the same data
    chose the best.

    Args:
        columns: the cells.
        seed: seed of the run; the bootstrap's seed is derived from it.

    Raises:
        UsageError: fewer than two cells.

    >>> from saliencynoise_paper.statistics.variants import gather, variants
    >>> generator, columns = torch.Generator().manual_seed(0), []
    >>> cells = [gather([variants(s + torch.randn(8, 99, generator=generator)) for _ in range(4)]) for s in (0.5, 1, 2)]
    >>> rms = VARIANTS.index(Variant("signed", "rms", "raw"))
    >>> published = [cell.value(rms) for cell in cells]
    >>> column = ComparableColumn(published=published, cells=cells, networks="a", images="a")
    >>> compare_variants([column], seed=0).best("log_error").variant.definition
    'rms'
    """
    published = torch.tensor([value for column in columns for value in column.published], dtype=torch.float64)
    if len(published) < 2:
        raise UsageError(f"{len(published)} cells are both measured and published: an agreement needs 2 or more")
    points = fit_to_table(_values([_means(column) for column in columns]), published)
    replicates = _left_out(columns, published) + _redrawn(columns, published, derive_seed(seed, "bootstrap", 6))
    best = [_best(points[:, measure], sign) for measure, sign in enumerate(_SIGN)]
    tests = [
        _tests(
            points[..., measure],
            [replicate.map(itemgetter((..., measure))) for replicate in replicates],
            best_of_measure,
        )
        for measure, best_of_measure in enumerate(best)
    ]
    note = few_members(min(cell.members for column in columns for cell in column.cells))
    factors = 2 ** (_values([_means(column) for column in columns]) / published).log2().mean(-1)
    return TableSearch(
        fits=tuple(
            TableFit(
                variant=variant,
                values={name: float(points[index, measure]) for measure, name in enumerate(MEASURES)},
                intervals={
                    name: _interval(points, replicates, index, measure, note) for measure, name in enumerate(MEASURES)
                },
                factor=float(factors[index]),
                p={name: tests[measure][0][index] for measure, name in enumerate(MEASURES)},
                p_holm={name: tests[measure][1][index] for measure, name in enumerate(MEASURES)},
            )
            for index, variant in enumerate(VARIANTS)
        ),
        cells=len(published),
        note=note,
    )


class _Replicates(NamedTuple):
    """Agreements with other members for one group of columns, or with other images for one data set."""

    values: Tensor
    """`[V, R, 3]`, or a part of it: agreements."""
    jackknife: bool
    """Whether a member was left out of each replicate; else images were resampled."""
    df: float

    def map(self, function: Callable[[Tensor], Tensor]) -> _Replicates:
        return self._replace(values=function(self.values))

    def variance(self) -> float:
        """Return the variance of one agreement, of which `values` are the replicates."""
        if self.jackknife:
            return jackknife_variance(self.values)
        if self.df == 0:  # one group shows nothing about other groups
            return math.inf
        variance = float(self.values.var()) * (self.df + 1) / self.df
        return variance if math.isfinite(variance) else math.inf


def _candidate(variant: Variant) -> bool:
    return not variant.corrected


def _values(means: Sequence[Tensor]) -> Float[Tensor, "V *n K"]:
    """Return the figures of all columns' cells, from their means over images `[V, *n, M]`."""
    together = torch.cat(list(means), -1)
    return torch.stack([variant.of_means(means) for variant, means in zip(VARIANTS, together, strict=True)])


def _means(column: ComparableColumn) -> Float[Tensor, "V M"]:
    return torch.stack([cell.per_image.nanmean(-1) for cell in column.cells], -1)


def _means_without(column: ComparableColumn) -> Float[Tensor, "V E M"]:
    return torch.stack([cell.without.nanmean(1) for cell in column.cells], -1)


def _means_of_resamples(column: ComparableColumn, weights: Float[Tensor, "R B"]) -> Float[Tensor, "V R M"]:
    """Return the means over resampled images, without images that have no maps."""
    per_image = torch.stack([cell.per_image for cell in column.cells])  # [M, V, B]
    used = ~per_image.isnan()
    sums = torch.where(used, per_image, 0.0) @ weights.mT
    return (sums / (used.double() @ weights.mT)).movedim(0, -1)


def _left_out(columns: Sequence[ComparableColumn], published: Tensor) -> list[_Replicates]:
    """Return the agreements with each member left out, for each group of columns with the same members."""
    replicates = []
    for networks in dict.fromkeys(column.networks for column in columns):
        selected = [column.networks == networks for column in columns]
        values = _exchanged(columns, selected, _means_without)
        replicates.append(_Replicates(fit_to_table(values, published), jackknife=True, df=values.shape[1] - 1))
    return replicates


def _redrawn(columns: Sequence[ComparableColumn], published: Tensor, seed: int) -> list[_Replicates]:
    """Return the agreements on resampled images, for each group of columns with the same images, 2 or more."""
    replicates = []
    generator = torch.Generator().manual_seed(seed)
    for images in dict.fromkeys(column.images for column in columns):
        selected = [column.images == images for column in columns]
        count = columns[selected.index(True)].cells[0].per_image.shape[1]
        if count > 1:
            groups = columns[selected.index(True)].cells[0].groups
            batches = resamples(count, groups, count=RESAMPLES, generator=generator)
            weights = torch.cat([F.one_hot(drawn, count).sum(1).double() for drawn in batches])
            units, effective = units_of(count, groups)
            values = _exchanged(columns, selected, partial(_means_of_resamples, weights=weights))
            # Variant by variant: ranks compare every cell with every other
            agreements = torch.stack([fit_to_table(figures, published) for figures in values])
            replicates.append(_Replicates(agreements, jackknife=False, df=effective - 1 if units > 1 else 0.0))
    return replicates


def _exchanged(
    columns: Sequence[ComparableColumn], selected: Sequence[bool], replicate: Callable[[ComparableColumn], Tensor]
) -> Float[Tensor, "V R K"]:
    """Return the figures of all cells where the means of some columns are replaced by their replicates."""
    parts = [
        replicate(column) if is_replaced else _means(column)[:, None]
        for column, is_replaced in zip(columns, selected, strict=True)
    ]
    count = max(part.shape[1] for part in parts)
    return _values([part.expand(-1, count, -1) for part in parts])


def _parts(replicates: Sequence[_Replicates]) -> list[tuple[float, float]]:
    """Return the variances with their degrees of freedom, from replicates `[R]`."""
    return [(replicate.variance(), replicate.df) for replicate in replicates]


def _interval(
    points: Tensor, replicates: Sequence[_Replicates], variant: int, measure: int, note: str
) -> Interval | None:
    value = float(points[variant, measure])
    if not math.isfinite(value) or min(replicate.df for replicate in replicates if replicate.jackknife) < 2:
        return None
    parts = _parts([replicate.map(itemgetter((variant, slice(None), measure))) for replicate in replicates])
    images = any(not replicate.jackknife for replicate in replicates)
    interval = t_interval(value, parts, question="both" if images else "members", note=note, level=LEVEL)
    low, high = _RANGE[MEASURES[measure]]
    return interval.through(lambda ends: ends.clamp(low, high))


def _best(points: Float[Tensor, " V"], sign: int) -> int | None:
    """Return the candidate that agrees best."""
    candidates = [
        index for index, variant in enumerate(VARIANTS) if _candidate(variant) and bool(points[index].isfinite())
    ]
    return min(candidates, key=lambda index: sign * float(points[index]), default=None)


def _tests(
    points: Float[Tensor, " V"], replicates: Sequence[_Replicates], best: int | None
) -> tuple[list[float | None], list[float | None]]:
    """Return p-values of each variant's difference to the best, plain and by Holm; None if it is no candidate."""
    few = min(replicate.df for replicate in replicates if replicate.jackknife) < 2
    ps: list[float | None] = []
    for index, variant in enumerate(VARIANTS):
        difference = math.nan if best is None else float(points[index] - points[best])
        if best is None or not _candidate(variant) or few:
            ps.append(None)
        elif index == best:
            ps.append(1.0)
        elif not math.isfinite(difference):
            ps.append(0.0)  # it cannot even be compared with the table
        else:
            paired = [
                replicate._replace(values=replicate.values[index] - replicate.values[best]) for replicate in replicates
            ]
            ps.append(two_sided_p(difference, _parts(paired)))
    tested = [index for index, p in enumerate(ps) if p is not None and index != best]
    corrected = dict(zip(tested, holm([ps[index] for index in tested]), strict=True))
    return ps, [corrected.get(index, p) for index, p in enumerate(ps)]


def _spearman(measured: Tensor, published: Tensor) -> Tensor:
    """Return the correlation of ranks, ties at their mean rank; NaN where one side is constant or a value is NaN."""
    a, b = (ranks(values.reshape(-1, values.shape[-1])).reshape(values.shape) for values in (measured, published))
    a, b = a - a.mean(-1, keepdim=True), b - b.mean(-1, keepdim=True)
    rho = (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))
    return torch.where(measured.isnan().any(-1), torch.nan, rho)
