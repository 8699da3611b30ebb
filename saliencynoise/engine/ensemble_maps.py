"""The maps of a sampler's members: their averages, and the agreement and the price of the averages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from statistics import mean
from typing import TYPE_CHECKING

import torch

from saliencynoise.engine.architecture_plan import ArchitecturePlan
from saliencynoise.engine.explained_classes import ExplainedClasses
from saliencynoise.engine.judged import judged_cells, key_of_cell
from saliencynoise.engine.map_source import StoredSource
from saliencynoise.engine.reduce import aggregate
from saliencynoise.interfaces import Aggregator
from saliencynoise.records.writing import json_of
from saliencynoise.registry.bound import BoundAggregator, BoundMethod
from saliencynoise.statistics.draws import between_draws, crossed_gram, own_draws
from saliencynoise.statistics.views import apply_view
from saliencynoise.store.records import MemberRecord

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

    from saliencynoise.engine.plan import Plan
    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell

PlannedCell = tuple[ArchitecturePlan, BoundMethod]
"""An architecture and a method of a plan."""

Groups = Sequence[Sequence[int]]
"""The members of each average."""


@dataclass(frozen=True, kw_only=True)
class EnsembleMaps:
    """The members of a sampler, with their maps.

    Attributes:
        label: name of the sampler, as the user gave it.
        plan: plan of its members.
        study: study of its members.
        groups: the members of each base run, in order.
    """

    label: str
    plan: Plan
    study: Study
    groups: tuple[tuple[int, ...], ...]

    def groups_of(self, budget: int) -> Groups:
        """Return the members of each average at a budget: the first ones of each base run; none if a run has too few.

        If each run gives one member, the groups are disjoint, and there are as many as the members allow.
        """
        if all(len(group) == 1 for group in self.groups):
            members = [group[0] for group in self.groups]
            return [tuple(members[start : start + budget]) for start in range(0, len(members) - budget + 1, budget)]
        return [group[:budget] for group in self.groups if len(group) >= budget]

    @property
    def explained(self) -> ExplainedClasses:
        """The plan with the explained classes of the architectures that have maps."""
        done = {cell.architecture for cell in self.study.done}
        labels = {
            architecture.name: architecture.model.display_name
            for architecture in self.plan.architectures
            if architecture.model.display_name in done
        }
        targets = {name: self.study.targets(label) for name, label in labels.items()}
        return ExplainedClasses(plan=self.plan, targets=targets)

    def failure(self, cell: PlannedCell) -> str | None:
        """Return the reason why an architecture and method have no maps; None where they have."""
        names = (cell[0].model.display_name, cell[1].canonical_name)
        reasons = (failed.reason for failed in self.study.failed if key_of_cell(failed) == names)
        return next(reasons, None)

    def maps(self, cell: PlannedCell, members: Sequence[int]) -> Iterator[Float[Tensor, "E D c h w"]]:
        """Yield the members' maps, image by image."""
        architecture = self._planned(cell[0])
        stores = self.plan.run_folder.stores(architecture, cell[1])
        return StoredSource(stores, members, self.explained.chunks(architecture)).maps()

    def judged(self, cell: PlannedCell) -> Cell:
        """Return the result's cell of an architecture and method, in the view in which the method is judged."""
        names = (cell[0].model.display_name, cell[1].canonical_name)
        return next(judged for judged in judged_cells(self.study) if key_of_cell(judged) == names)

    def gram(self, cell: PlannedCell, members: Sequence[int], *, view: str) -> Float64[Tensor, "B E E"]:
        """Return the Gram matrices of some members' maps in a view; those of a stochastic method are of own draws."""
        crossed = torch.stack([crossed_gram(apply_view(maps, view).flatten(2)) for maps in self.maps(cell, members)])
        return crossed[:, :, 0, :, 0] if crossed.shape[-1] == 1 else between_draws(crossed)

    def weights(self, architecture: ArchitecturePlan, members: Iterable[int]) -> dict[str, int]:
        """Return the members by the hash of their weights."""
        return {self._record(architecture, member).sha256: member for member in members}

    def cost(self, groups: Groups, cell: PlannedCell) -> tuple[float | None, float]:
        """Return the seconds of training and of attribution of an average, for all images, as means over groups.

        Attribution is in one draw of a stochastic method. The seconds of training are None for members from a file.
        """
        records = {member: self._record(cell[0], member) for group in groups for member in group}
        architecture = self._planned(cell[0])
        chunks = self.explained.chunks(architecture)
        stores = self.plan.run_folder.stores(architecture, cell[1])
        seconds = {
            member: sum(store.seconds(member, record.sha256, chunk) for store in stores for chunk in chunks)
            for member, record in records.items()
        }
        attribution = mean(sum(seconds[member] for member in group) for group in groups) / len(stores)
        if any(record.source for record in records.values()):
            return None, attribution
        return mean(sum(records[member].seconds for member in group) for group in groups), attribution

    def _planned(self, architecture: ArchitecturePlan) -> ArchitecturePlan:
        """Return this sampler's plan of an architecture; each sampler has a pool of its own."""
        return next(candidate for candidate in self.plan.architectures if candidate.name == architecture.name)

    def _record(self, architecture: ArchitecturePlan, member: int) -> MemberRecord:
        """Return the record of the maps from the result, because the pool may have changed."""
        result = self.study.result.architecture(architecture.model.display_name)
        (trained,) = (entry for entry in result.members if entry.index == member)
        values = json_of(trained)
        return MemberRecord(**{field.name: values[field.name] for field in fields(MemberRecord)})


def inner_products(
    averages: Sequence[tuple[BoundAggregator, Groups]],
    members: Sequence[int],
    maps: Iterable[Float[Tensor, "E D c h w"]],
    others: Iterable[Float[Tensor, "R D c h w"]],
    *,
    view: str = "signed",
) -> list[Float64[Tensor, "S B R"]]:
    """Return, for each of several averages, the inner products of its S groups' maps with other maps, at unit norm.

    Maps are read image by image, once for all averages. Products of several own draws are averaged over all pairs.

    Args:
        averages: an aggregator for each average, with the members of its groups.
        members: members of `maps`, in order.
        maps: the members' maps, image by image.
        others: maps of networks that are no members, image by image.
        view: view in which averages and others are compared; raw maps are averaged.

    Raises:
        FailedCellError: if an aggregator can make no map of so few members.
    """
    index_of = {member: index for index, member in enumerate(members)}
    images: list[list[Tensor]] = [[] for _ in averages]
    for image_maps, other_maps in zip(maps, others, strict=True):
        unit_others = unit(apply_view(_of_own_draws(other_maps), view))
        for products, (aggregator, groups) in zip(images, averages, strict=True):
            chosen = [_of_own_draws(image_maps)[[index_of[member] for member in group]] for group in groups]
            averages_of_groups = torch.stack([_of_each_draw(aggregator, group) for group in chosen])
            products.append(
                torch.einsum("edp,fgp->ef", unit(apply_view(averages_of_groups, view)), unit_others)
                / (averages_of_groups.shape[1] * unit_others.shape[1])
            )
    return [torch.stack(products, 1) for products in images]


def unit(maps: Float[Tensor, "E D c h w"]) -> Float64[Tensor, "E D P"]:
    """Return the maps at unit norm; zero maps stay zero."""
    return torch.nn.functional.normalize(maps.flatten(2).double(), dim=-1)


def _of_own_draws(maps: Float[Tensor, "E D c h w"]) -> Float[Tensor, "E O c h w"]:
    """Return the maps of own draws: a draw that both sides share is no agreement."""
    return maps[:, own_draws(maps.shape[1])]


def _of_each_draw(aggregator: BoundAggregator, maps: Float[Tensor, "n D c h w"]) -> Float[Tensor, "D c h w"]:
    assert isinstance(aggregator.instance, Aggregator)  # noqa: S101 - of maps, as was checked; this tells mypy
    return torch.stack([aggregate(aggregator.instance, maps[:, draw]) for draw in range(maps.shape[1])])
