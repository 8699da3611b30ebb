"""Comparisons of methods, architectures and runs: which is less noisy, and do they show the same without the noise?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.engine.judged import judged_cells, key_of_cell
from saliencynoise.engine.study import Study
from saliencynoise.engine.study_maps import VALUE
from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.agreement import Agreement, agreement
from saliencynoise.statistics.clusters import start_means
from saliencynoise.statistics.comparison import Comparison, Everywhere, Shared, compare, everywhere, holm, together
from saliencynoise.statistics.draws import own_mean
from saliencynoise.statistics.gram import diag_mean, gram_matrix
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.statistics.views import apply_view
from saliencynoise.store.atomic import DamagedFileError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.records.cell import Cell

SHARED = (
    "the runs share initial weights or networks, and agree in part for that reason; p and the agreement are not those "
    "of independent networks; run one of them again with another --seed"
)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two cells that were compared.

    Attributes:
        within: what they have in common: "test_resnet" of two methods, "gradient" of two architectures or runs.
        comparison: of their r.
        agreement: of their true mean maps; None if it was not asked for, or cannot be computed.
        note: why there is no agreement, or why it is limited.
    """

    within: str
    comparison: Comparison
    agreement: Agreement | None = None
    note: str = ""


def compare_methods(study: Study) -> list[Pair]:
    """Compare every two methods of each architecture: the same members, the same images.

    The view is the signed one, or the centred one if signed maps agree without any learning.

    Intervals and p-values hold together for all pairs of the study (Bonferroni).

    Raises:
        UsageError: if the study keeps no Gram matrices.
    """
    groups: dict[str, list[Cell]] = {}
    for cell in judged_cells(study):
        groups.setdefault(cell.architecture, []).append(cell)
    pairs = [
        Pair(within=within, comparison=_compare((study, a), (study, b), (_label(a), _label(b)), "members"))
        for within, cells in groups.items()
        for a, b in itertools.combinations(cells, 2)
    ]
    return _corrected(pairs)


def compare_architectures(study: Study) -> list[Pair]:
    """Compare every two architectures with each method: other members, the same images.

    Raises:
        UsageError: as `compare_methods`.
    """
    groups: dict[str, list[Cell]] = {}
    for cell in judged_cells(study):
        groups.setdefault(_label(cell), []).append(cell)
    pairs = [
        _with_agreement((study, a), (study, b), (a.architecture, b.architecture), within)
        for within, cells in groups.items()
        for a, b in itertools.combinations(cells, 2)
    ]
    return _corrected(pairs)


def compare_runs(one: Study, other: Study) -> list[Pair]:
    """Compare the cells that two runs have in common: other members (another recipe, seed or sampler), the same images.

    Raises:
        UsageError: if the runs attribute different images or share no cell, or share their members.
    """
    names = [[image.name for image in study.result.images] for study in (one, other)]
    if names[0] != names[1]:
        raise UsageError(
            f"{one.folder} and {other.folder} attribute different images; run both with the same --dataset, --images "
            "and --seed"
        )
    if _weights(one) & _weights(other):
        raise UsageError(
            f"{one.folder} and {other.folder} share members, so that members would be compared with themselves; "
            "give one run another --seed, recipe or architecture"
        )
    labels = (one.folder.name, other.folder.name)
    pairs = [
        _with_agreement((one, a), (other, b), labels, f"{a.architecture}, {_label(a)}")
        for a in judged_cells(one)
        for b in judged_cells(other)
        if (*key_of_cell(a), a.view) == (*key_of_cell(b), b.view)
    ]
    if not pairs:
        raise UsageError(f"{one.folder} and {other.folder} have no architecture and method in common")
    if _starts(one) & _starts(other):
        pairs = [replace(pair, note="; ".join(filter(None, (pair.note, SHARED)))) for pair in pairs]
    return _corrected(pairs)


def claims(pairs: Sequence[Pair]) -> list[Everywhere]:
    """Return, for each two methods compared on several architectures, whether one is less noisy on all of them."""
    cells: dict[tuple[str, str], dict[str, Comparison]] = {}
    for pair in pairs:
        comparison = pair.comparison
        cells.setdefault((comparison.a, comparison.b), {})[pair.within] = comparison
    return [_claim(comparisons) for comparisons in cells.values() if len(comparisons) > 1]


def _claim(cells: Mapping[str, Comparison]) -> Everywhere:
    """Return the claim for the method with the larger r on most architectures."""
    if sum(comparison.difference > 0 for comparison in cells.values()) * 2 >= len(cells):
        return everywhere(cells)
    return everywhere({name: _reversed(comparison) for name, comparison in cells.items()})


def _reversed(comparison: Comparison) -> Comparison:
    interval = comparison.interval
    turned = None if interval is None else replace(interval, low=-interval.high, high=-interval.low)
    return replace(comparison, a=comparison.b, b=comparison.a, difference=-comparison.difference, interval=turned)


def _label(cell: Cell) -> str:
    """Return the method's label, with the view unless it is the signed one."""
    return cell.method if cell.view == "signed" else f"{cell.method}, {cell.view}"


def _starts(study: Study) -> set[int]:
    """Return the seeds of the initial weights, which samplers share with the networks that they start from."""
    members = [member for architecture in study.result.architectures for member in architecture.members]
    return {member.seeds["init"] for member in members if "init" in member.seeds}


def _weights(study: Study) -> set[str]:
    members = [member for architecture in study.result.architectures for member in architecture.members]
    return {member.sha256 for member in members if member.sha256}


def _compare(a: tuple[Study, Cell], b: tuple[Study, Cell], names: tuple[str, str], shared: Shared) -> Comparison:
    grams = [study.independent_gram(cell) for study, cell in (a, b)]
    used = (diag_mean(grams[0]) > 0) & (diag_mean(grams[1]) > 0)
    if not bool(used.any()):
        raise UsageError(f"{names[0]} and {names[1]} have no image on which both give maps")
    groups = chosen(_groups(a[0], b[0]), used)
    figures = [
        replace(pooled_snr(gram[used], groups=groups), unit="members" if study.clusters(cell) is None else "starts")
        for gram, (study, cell) in zip(grams, (a, b), strict=True)
    ]
    return compare(figures[0], figures[1], names=names, shared=shared)


def _groups(a: Study, b: Study) -> Groups | None:
    """Return the groups of the images of two studies; possibly only one of the studies knows them."""
    return a.groups or b.groups


def _with_agreement(a: tuple[Study, Cell], b: tuple[Study, Cell], names: tuple[str, str], within: str) -> Pair:
    comparison = _compare(a, b, names, "images")
    try:
        grams = _grams_of_maps(a, b)
    except DamagedFileError:
        raise
    except UsageError as error:
        return Pair(within=within, comparison=comparison, note=str(error))
    agreeing = agreement(*grams, seed=a[0].result.settings.seed, names=names, groups=_groups(a[0], b[0]))
    return Pair(within=within, comparison=comparison, agreement=agreeing)


def _grams_of_maps(
    a: tuple[Study, Cell], b: tuple[Study, Cell]
) -> tuple[Float[Tensor, "B E F"], Float[Tensor, "B E E"], Float[Tensor, "B F F"]]:
    """Return the inner products of the maps of two cells with each other and among themselves, image by image."""
    crossed, within_a, within_b = [], [], []
    for left, right in zip(_maps(*a), _maps(*b), strict=True):
        if left.shape[1:] != right.shape[1:]:
            shapes = ["x".join(map(str, maps.shape[1:])) for maps in (left, right)]
            raise UsageError(f"maps of {shapes[0]} and {shapes[1]} have different grids")
        crossed.append(left.flatten(1) @ right.flatten(1).mT)
        within_a.append(gram_matrix(left.flatten(1)))
        within_b.append(gram_matrix(right.flatten(1)))
    return torch.stack(crossed), torch.stack(within_a), torch.stack(within_b)


def _maps(study: Study, cell: Cell) -> Iterator[Float[Tensor, "E c h w"]]:
    """Yield the members' maps of each image, averaged over the member's draws, and over those of a start if shared."""
    maps, clusters = study.member_maps(cell), study.clusters(cell)
    for image in range(maps.sizes["image"]):
        values = torch.as_tensor(maps.isel(image=image).values, dtype=torch.float64)
        if VALUE in maps.dims:
            values = values[..., None, None, :]
        viewed = apply_view(own_mean(values) if "draw" in maps.dims else values, cell.view)
        yield viewed if clusters is None else start_means(viewed, clusters)


def _corrected(pairs: Sequence[Pair]) -> list[Pair]:
    ps = holm([pair.comparison.p for pair in pairs])
    corrected = together([replace(pair.comparison, p_holm=p) for pair, p in zip(pairs, ps, strict=True)])
    return [replace(pair, comparison=comparison) for pair, comparison in zip(pairs, corrected, strict=True)]
