"""The rows of a sanity run: r of each kind of networks, and the trained ones beside each other kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING

import torch

from saliencynoise.analyses.sanity.config import PERMUTED, TRAINED, UNTRAINED
from saliencynoise.interfaces.specs import CENTRED
from saliencynoise.records.sanity import (
    CosineDifferenceRecord,
    FailedSanityRow,
    SanityContrast,
    SanityContrasts,
    SanityRow,
    SanitySnr,
    SignalAgreement,
)
from saliencynoise.records.writing import record_of
from saliencynoise.statistics.agreement import Agreement, agreement
from saliencynoise.statistics.comparison import holm
from saliencynoise.statistics.draws import between_draws, crossed_gram
from saliencynoise.statistics.gram import diag_mean
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.intervals import Pooled, claim_interval
from saliencynoise.statistics.sanity import CosineDifference, cosine_difference, sanity_verdict
from saliencynoise.statistics.signs import ONE_SIGNED
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.statistics.views import apply_view

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.ensemble_maps import EnsembleMaps
    from saliencynoise.records.cell import Cell
    from saliencynoise.registry.bound import BoundMethod

OTHERS = (UNTRAINED, PERMUTED)
VIEWS = ("signed", "magnitude")
"""The compared views: the maps, and their magnitude, which is the absolute values less their mean over the map."""

LEVEL = 0.05
"""Corrected p-value below which trained networks are said to agree more than others."""

NO_IMAGE = "there is no image on which trained, untrained and permuted networks all have a map that is not zero"


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Trained networks beside others: how much more they agree, and the agreement of the two signals."""

    difference: CosineDifference
    agreement: Agreement


def rows_of(ensembles: Mapping[str, EnsembleMaps], *, seed: int) -> tuple[SanityRow | FailedSanityRow, ...]:
    """Return a row per architecture, method and view; p-values are corrected over all of them."""
    plan = ensembles[TRAINED].plan
    failed: list[FailedSanityRow] = []
    names: list[dict[str, str]] = []
    compared: list[Compared] = []
    for architecture, method in product(plan.architectures, plan.methods):
        labels = {"architecture": architecture.model.display_name, "method": method.display_name}
        reason = _failure(ensembles, architecture, method)
        if reason is not None:
            failed.append(FailedSanityRow(**labels, reason=reason))
            continue
        for view, products in _compared(ensembles, architecture, method).items():
            if products.images:
                names.append({**labels, "view": view})
                compared.append(products)
            else:
                failed.append(FailedSanityRow(**labels, view=view, reason=f"{view}: {NO_IMAGE}"))
    contrasts = _contrasts(compared, seed=seed)
    done = [_row(*parts, seed=seed) for parts in zip(names, compared, contrasts, strict=True)]
    return (*failed, *done)


def _contrasts(compared: Sequence[Compared], *, seed: int) -> list[dict[str, Contrast]]:
    """Return the contrasts of each row by the kind of the other networks; p-values are corrected over all rows."""
    contrasts = [{kind: _contrast(products, kind, seed=seed) for kind in OTHERS} for products in compared]
    for kind in OTHERS:
        corrected = holm([of_row[kind].difference.p for of_row in contrasts])
        for of_row, p in zip(contrasts, corrected, strict=True):
            of_row[kind] = replace(of_row[kind], difference=replace(of_row[kind].difference, p_holm=p or 0.0))
    return contrasts


def _failure(ensembles: Mapping[str, EnsembleMaps], architecture: ArchitecturePlan, method: BoundMethod) -> str | None:
    """Return why an architecture and method cannot be compared; None where they can."""
    for name, ensemble in ensembles.items():
        reason = ensemble.failure((architecture, method))
        if reason is not None:
            return f"{name} networks: {reason}"
    return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Inner products of unit-norm maps behind a row, for the images on which all networks have maps.

    Attributes:
        grams: by two ensembles, which may be the same: on each image, the inner products of their members' maps.
        groups: of these images, if some belong together.
    """

    grams: Mapping[tuple[str, str], Tensor]
    groups: Groups | None

    @property
    def images(self) -> int:
        """The number of images."""
        return len(self.grams[TRAINED, TRAINED])

    def pooled_snr(self, name: str) -> Pooled:
        """Return r of an ensemble."""
        return pooled_snr(self.grams[name, name], groups=self.groups)


def _compared(
    ensembles: Mapping[str, EnsembleMaps], architecture: ArchitecturePlan, method: BoundMethod
) -> dict[str, Compared]:
    """Return, by view, the inner products of the members' maps within and between ensembles."""
    cell = architecture, method
    images = zip(*(ensemble.maps(cell, range(ensemble.plan.members)) for ensemble in ensembles.values()), strict=True)
    views = _views([ensemble.judged(cell) for ensemble in ensembles.values()])
    joint: dict[str, list[Tensor]] = {view: [] for view in views}
    for maps in images:
        for view in views:
            joint[view].append(joint_gram(torch.cat(maps), view=view))
    places = torch.arange(len(ensembles) * ensembles[TRAINED].plan.members).chunk(len(ensembles))
    where = dict(zip(ensembles, places, strict=True))
    groups = ensembles[TRAINED].plan.groups
    return {view: _divided(torch.stack(grams), where, groups) for view, grams in joint.items()}


def _views(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return the views in which a method is compared. They are centred if an ensemble's judged cell is.

    For maps of one sign, the centred view also shows where they are large.
    """
    centred = any(cell.view == CENTRED for cell in cells)
    if centred and all(cell.sign in ONE_SIGNED for cell in cells):
        return (CENTRED,)
    return (CENTRED if centred else VIEWS[0], *VIEWS[1:])


def joint_gram(maps: Float[Tensor, "E D c h w"], *, view: str) -> Float[Tensor, "E E"]:
    """Return the inner products of unit-norm maps in a view. A stochastic method uses only pairs of different draws.

    >>> maps = torch.tensor([[1.0, -3.0], [3.0, 1.0]])[:, None, None, None]
    >>> joint_gram(maps, view="magnitude").round(decimals=9).tolist()            # of [-1, 1] and [1, -1]
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    rows = maps.flatten(2).double()
    if view == CENTRED:
        rows = apply_view(maps, view).flatten(2).double()
    elif view == "magnitude":
        rows = rows.abs() - rows.abs().mean(-1, keepdim=True)
    crossed = crossed_gram(torch.nn.functional.normalize(rows, dim=-1))
    return crossed[:, 0, :, 0] if rows.shape[1] == 1 else between_draws(crossed[None])[0]


def _divided(gram: Float[Tensor, "B N N"], where: Mapping[str, Tensor], groups: Groups | None) -> Compared:
    """Divide joint Gram matrices by ensembles; images without a map in one of them are left out."""
    used = torch.stack([diag_mean(gram[:, members][:, :, members]) > 0 for members in where.values()]).all(0)
    pairs = [*((name, name) for name in where), *combinations(where, 2)]
    grams = {(a, b): gram[used][:, where[a]][:, :, where[b]] for a, b in pairs}
    return Compared(grams=grams, groups=chosen(groups, used))


def _contrast(compared: Compared, other: str, *, seed: int) -> Contrast:
    a, b = compared.grams[TRAINED, TRAINED], compared.grams[other, other]
    cross = _without_twins(compared.grams[TRAINED, other])
    return Contrast(
        difference=cosine_difference(compared.pooled_snr(TRAINED), compared.pooled_snr(other)),
        agreement=agreement(cross, a, b, seed=seed, groups=compared.groups),
    )


def _without_twins(cross: Float[Tensor, "B E E"]) -> Float[Tensor, "B E E"]:
    """Replace the product of members with the same initial weights by the mean of their products with the others.

    Members of the same index share all seeds, and might agree for that reason alone.
    """
    members = cross.shape[-1]
    off_diagonal = cross - torch.diag_embed(cross.diagonal(dim1=-2, dim2=-1))
    others = (off_diagonal.sum(-1) + off_diagonal.sum(-2)) / (2 * (members - 1))
    return off_diagonal + torch.diag_embed(others)


def _row(names: dict[str, str], compared: Compared, contrasts: Mapping[str, Contrast], *, seed: int) -> SanityRow:
    figures = {kind: compared.pooled_snr(kind) for kind in (TRAINED, *OTHERS)}
    intervals = {kind: claim_interval(figure, seed=seed) for kind, figure in figures.items()}
    snr = {kind: {"value": figure.value, "interval": intervals[kind]} for kind, figure in figures.items()}
    contrast_records = {
        kind: SanityContrast(
            difference=record_of(asdict(contrast.difference), CosineDifferenceRecord),
            agreement=record_of(contrast.agreement, SignalAgreement),
            verdict=sanity_verdict(
                intervals[TRAINED],
                intervals[kind],
                contrast.agreement,
                more=contrast.difference.value > 0 and contrast.difference.p_holm < LEVEL,
            ),
        )
        for kind, contrast in contrasts.items()
    }
    return SanityRow(
        **names,
        reason=None,
        images=figures[TRAINED].images,
        snr=record_of(snr, SanitySnr),
        contrasts=SanityContrasts(**contrast_records),
    )
