"""A marginalisation strategy: members that a sampler gave, the averages of them, what those agree with and cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.engine.judged import judged_cells
from saliencynoise.engine.plan import ArchitecturePlan, Plan, Targets
from saliencynoise.engine.reduce import aggregate, images_of
from saliencynoise.interfaces import Aggregator
from saliencynoise.registry.catalogue import BoundAggregator, BoundMethod
from saliencynoise.statistics.draws import between_draws, crossed_gram, own_draws
from saliencynoise.statistics.views import apply_view
from saliencynoise.store.records import MemberRecord

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

    from saliencynoise.engine.study import Study

Cell = tuple[ArchitecturePlan, BoundMethod]
Groups = Sequence[Sequence[int]]
"""The members of each map: those of one average."""


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A sampler with the members that it gave.

    Attributes:
        label: of the sampler, as it was asked for.
        plan: of its members.
        study: of its members.
        groups: the members of each base run, in order.
    """

    label: str
    plan: Plan
    study: Study
    groups: tuple[tuple[int, ...], ...]

    def groups_of(self, budget: int) -> Groups:
        """Return the members of each map at a budget: the first of each base run; none where a run has too few.

        Of samplers whose runs give one member each, as many disjoint groups as there are.
        """
        if all(len(group) == 1 for group in self.groups):
            members = [group[0] for group in self.groups]
            return [tuple(members[at : at + budget]) for at in range(0, len(members) - budget + 1, budget)]
        return [group[:budget] for group in self.groups if len(group) >= budget]

    @property
    def targets(self) -> Targets:
        """The explained classes, of the architectures for which there are any maps."""
        done = {cell["architecture"] for cell in self.study.done}
        labels = {own.name: own.model.label for own in self.plan.architectures if own.model.label in done}
        return {name: self.study.targets(label) for name, label in labels.items()}

    def failure(self, cell: Cell) -> str | None:
        """Return why the maps of an architecture and method are not to be had; None where they are."""
        names = (cell[0].model.label, cell[1].text)
        failed = (own for own in self.study.failed if (own["architecture"], own["method_name"]) == names)
        return next((str(own["reason"]) for own in failed), None)

    def maps(self, cell: Cell, members: Sequence[int]) -> Iterator[Float[Tensor, "E D c h w"]]:
        """Yield the members' maps, image by image."""
        own = self._own(cell[0])
        return images_of(self.plan.stores(own, cell[1]), members, self.plan.chunks(self.targets[own.name]))

    def judged(self, cell: Cell) -> Mapping[str, Any]:
        """Return the result's entry of an architecture and method, in the view in which the method is judged."""
        names = (cell[0].model.label, cell[1].text)
        return next(own for own in judged_cells(self.study) if (own["architecture"], own["method_name"]) == names)

    def gram(self, cell: Cell, members: Sequence[int], *, view: str) -> Float64[Tensor, "B E E"]:
        """Return the Gram matrices of some members' maps in a view; of a stochastic method, in own draws."""
        crossed = torch.stack([crossed_gram(apply_view(maps, view).flatten(2)) for maps in self.maps(cell, members)])
        return crossed[:, :, 0, :, 0] if crossed.shape[-1] == 1 else between_draws(crossed)

    def weights(self, architecture: ArchitecturePlan, members: Iterable[int]) -> dict[str, int]:
        """Return the members by the hash of their weights."""
        return {self._record(architecture, member).sha256: member for member in members}

    def cost(self, groups: Groups, cell: Cell) -> tuple[float | None, float]:
        """Return the seconds that a map takes, on the mean over groups, for all images: to train, and to attribute.

        In one draw of a stochastic method. What training took is not known of members that came from a file: None.
        """
        records = {member: self._record(cell[0], member) for group in groups for member in group}
        own = self._own(cell[0])
        chunks = self.plan.chunks(self.targets[own.name])
        stores = self.plan.stores(own, cell[1])
        seconds = {
            member: sum(store.seconds(member, record.sha256, chunk) for store in stores for chunk in chunks)
            for member, record in records.items()
        }
        attribution = mean(sum(seconds[member] for member in group) for group in groups) / len(stores)
        if any(record.source for record in records.values()):
            return None, attribution
        return mean(sum(records[member].seconds for member in group) for group in groups), attribution

    def _own(self, architecture: ArchitecturePlan) -> ArchitecturePlan:
        """Return the strategy's plan of an architecture, whose members lie in a pool of their own."""
        return next(own for own in self.plan.architectures if own.name == architecture.name)

    def _record(self, architecture: ArchitecturePlan, member: int) -> MemberRecord:
        """Return the record that the maps were made from, which stands in the result; the pool may have changed."""
        (own,) = (entry for entry in self.study.result["architectures"] if entry["name"] == architecture.name)
        (found,) = (entry for entry in own["members"] if entry["index"] == member)
        return MemberRecord(**{name: value for name, value in found.items() if name != "flag"})


def inner_products(
    averages: Sequence[tuple[BoundAggregator, Groups]],
    members: Sequence[int],
    maps: Iterable[Float[Tensor, "E D c h w"]],
    others: Iterable[Float[Tensor, "R D c h w"]],
    *,
    view: str = "signed",
) -> list[Float64[Tensor, "S B R"]]:
    """Return, for each of several averages, the inner products of its S groups' maps with other maps, at unit norm.

    Maps come image by image, and are read once for all averages. Of several own draws the mean over all pairs.

    Args:
        averages: how the maps of which members become one.
        members: whose maps come.
        maps: theirs.
        others: of networks that are no members.
        view: in which averages and others are compared; averages are of raw maps.

    Raises:
        FailedCellError: if an aggregator can make no map of so few members.
    """
    places = {member: place for place, member in enumerate(members)}
    images: list[list[Tensor]] = [[] for _ in averages]
    for own, held in zip(maps, others, strict=True):
        known = unit(apply_view(_own(held), view))
        for found, (aggregator, groups) in zip(images, averages, strict=True):
            chosen = [_own(own)[[places[member] for member in group]] for group in groups]
            made = torch.stack([_of_each_draw(aggregator, group) for group in chosen])
            found.append(
                torch.einsum("edp,fgp->ef", unit(apply_view(made, view)), known) / (made.shape[1] * known.shape[1])
            )
    return [torch.stack(found, 1) for found in images]


def unit(maps: Float[Tensor, "E D c h w"]) -> Float64[Tensor, "E D P"]:
    """Return the maps at unit norm; zero maps stay zero."""
    return torch.nn.functional.normalize(maps.flatten(2).double(), dim=-1)


def _own(maps: Float[Tensor, "E D c h w"]) -> Float[Tensor, "E O c h w"]:
    """Return the maps of own draws: a draw that both sides share is no agreement."""
    return maps[:, own_draws(maps.shape[1])]


def _of_each_draw(aggregator: BoundAggregator, maps: Float[Tensor, "n D c h w"]) -> Float[Tensor, "D c h w"]:
    assert isinstance(aggregator.instance, Aggregator)  # noqa: S101 - of maps, as was checked; this tells mypy
    return torch.stack([aggregate(aggregator.instance, maps[:, draw]) for draw in range(maps.shape[1])])
