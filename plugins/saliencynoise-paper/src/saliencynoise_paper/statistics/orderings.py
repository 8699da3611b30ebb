"""Test whether the methods are ordered as in the published table: yes or no in every column, with p-values.

A claim ("GradCAM highest") states an order for several pairs of methods in every column. It is an intersection,
tested by the largest p-value of its parts (`saliencynoise.statistics.comparison.everywhere`); Holm over the claims.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saliencynoise.statistics.comparison import Comparison, compare, everywhere, holm
from saliencynoise.statistics.gram import diag_mean
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise_paper.statistics.paper_table import Claim, holds

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

Grams = Mapping[str, "Float[Tensor, 'B E E']"]
"""Gram matrices of a column by row of the table, for the same members and images."""


@dataclass(frozen=True, kw_only=True)
class ColumnAnswer:
    """A claim in one column.

    Attributes:
        published: whether the claim holds in the published table.
        measured: whether the claim holds by r; None where a method is missing.
        p: the largest p-value of its pairs; 1 if a pair has the opposite order, or is missing.
        weakest: the pair with this p-value.
    """

    published: bool | None
    measured: bool | None
    p: float
    weakest: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A claim over all columns.

    Attributes:
        claim: the claim that was tested.
        columns: the answer in each column, by name.
        p: the largest p-value over the columns.
        p_holm: `p`, corrected for all tested claims by Holm.
    """

    claim: Claim
    columns: Mapping[str, ColumnAnswer]
    p: float
    p_holm: float

    @property
    def measured(self) -> bool | None:
        """Whether the claim holds by r in every column."""
        verdicts = [answer.measured for answer in self.columns.values()]
        if False in verdicts:
            return False
        return None if None in verdicts else True


def answer_claims(
    claims: Sequence[Claim],
    measured: Mapping[str, Grams],
    published: Mapping[str, Mapping[str, float]],
    *,
    groups: Mapping[str, Groups | None] | None = None,
) -> list[Answer]:
    """Return whether the claims hold for the corrected r, in the columns that `measured` names.

    The p-values are for differences of log r, paired over members and images, for new networks and new images.

    Args:
        claims: the orderings.
        measured: Gram matrices of the columns; methods that failed are left out.
        published: published values of the same columns.
        groups: groups of each column's images that belong together; groups are then resampled as a whole.

    >>> import torch
    >>> from saliencynoise.statistics.gram import gram_matrix
    >>> generator = torch.Generator().manual_seed(0)
    >>> noise, signal = torch.randn(8, 16, 256, generator=generator), torch.randn(16, 256, generator=generator)
    >>> grams = {"A": gram_matrix(2 * signal + noise), "B": gram_matrix(signal + noise)}
    >>> claim = Claim(words="A above B", pairs=(("A", "B"),))
    >>> (answer,) = answer_claims([claim], {"one": grams}, {"one": {"A": 2.0, "B": 1.0}})
    >>> answer.measured, answer.p < 0.05
    (True, True)
    """
    pairs = list(dict.fromkeys(pair for claim in claims for pair in claim.pairs))
    compared = {
        name: {
            pair: compare_rows(grams, pair, groups=(groups or {}).get(name))
            for pair in pairs
            if pair[0] in grams and pair[1] in grams
        }
        for name, grams in measured.items()
    }
    values = {name: {row: _r(gram) for row, gram in grams.items()} for name, grams in measured.items()}
    answers = [
        _answer(claim, {name: _column(claim, compared[name], values[name], published[name]) for name in measured})
        for claim in claims
    ]
    corrected = holm([answer.p for answer in answers])
    return [
        replace(answer, p_holm=1.0 if p is None else p) for answer, p in zip(answers, corrected, strict=True)
    ]  # fmt: skip


def _answer(claim: Claim, columns: Mapping[str, ColumnAnswer]) -> Answer:
    p = max((column.p for column in columns.values()), default=1.0)
    return Answer(claim=claim, columns=columns, p=p, p_holm=p)


def _column(
    claim: Claim,
    compared: Mapping[tuple[str, str], Comparison],
    values: Mapping[str, float],
    published: Mapping[str, float],
) -> ColumnAnswer:
    ps = {pair: everywhere({"": compared[pair]}).p if pair in compared else 1.0 for pair in claim.pairs}
    weakest = max(ps, key=ps.__getitem__)
    return ColumnAnswer(
        published=holds(claim, published),
        measured=holds(claim, values),
        p=ps[weakest],
        weakest=f"{weakest[0]} above {weakest[1]}",
    )


def _r(gram: Tensor) -> float:
    used = diag_mean(gram) > 0
    return pooled_snr(gram[used]).value if bool(used.any()) else math.nan


def compare_rows(grams: Grams, pair: tuple[str, str], *, groups: Groups | None = None) -> Comparison:
    """Compare the r of two rows of a column, on the images on which both methods give maps."""
    first, second = (grams[name] for name in pair)
    used = (diag_mean(first) > 0) & (diag_mean(second) > 0)
    if not bool(used.any()):
        return Comparison(
            a=pair[0], b=pair[1], difference=math.nan, interval=None, p=None, p_holm=None, note="no image in common"
        )  # fmt: skip
    images_used = chosen(groups, used)
    return compare(
        pooled_snr(first[used], groups=images_used), pooled_snr(second[used], groups=images_used), names=pair
    )
