"""The source of marginal maps: an aggregator of members' maps, or one network made of the members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from saliencynoise.engine.attribution import background_of, batch_of, scored, within_memory
from saliencynoise.engine.dispatch import one_thread
from saliencynoise.engine.failures import FailedCellError
from saliencynoise.engine.member import without_tf32
from saliencynoise.engine.networks import load_members
from saliencynoise.interfaces import Aggregator, NetworkAggregator, UsageError, one_line
from saliencynoise.scoring import Guard, Passes, averaged_network, fitting_rows, is_out_of_memory

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor, nn

    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.explained_classes import ExplainedClasses
    from saliencynoise.engine.member_outputs import MemberOutputs
    from saliencynoise.registry.bound import BoundMethod
    from saliencynoise.store.maps import Chunk


class MarginalMapSource:
    """The source of the marginal maps of a run's cells; keeps the last architecture's averaged network."""

    def __init__(self, explained: ExplainedClasses, outputs: MemberOutputs) -> None:
        self._outputs = outputs
        self._explained = explained
        self._plan = explained.plan
        self._background: Tensor | None = None
        self._kept: tuple[str, Guard] | None = None

    def of(self, architecture: ArchitecturePlan, method: BoundMethod) -> Aggregator | Float[Tensor, "B c h w"]:
        """Return the aggregator of the members' maps, or else the maps of the averaged network, averaged over draws.

        The averaged network gets the same images, targets and background as each member, and other draws.

        Raises:
            FailedCellError: if the method fails on the averaged network.
            UsageError: if the architecture is no longer built as its members were.
        """
        aggregator = self._plan.aggregator
        if aggregator.spec.level == "maps":
            assert isinstance(aggregator.instance, Aggregator)  # noqa: S101 - the catalogue checked it; this tells mypy
            return aggregator.instance
        with without_tf32(), one_thread():
            guard, chunks = self._guard(architecture), self._explained.chunks(architecture)
            targets = self._explained.of(architecture)
            network = f"{architecture.pool.folder.name}:{self._plan.aggregator.canonical_name}"
            return torch.cat([self._maps(guard, chunk, method, targets, network=network) for chunk in chunks])

    def _maps(
        self, guard: Guard, chunk: Chunk, method: BoundMethod, targets: Sequence[int], *, network: str
    ) -> Float[Tensor, "B c h w"]:
        draws = range(self._plan.draws(method))
        maps_by_draw = [self._of_draw(guard, chunk, method, targets, draw=draw, network=network) for draw in draws]
        return torch.stack(maps_by_draw).mean(0)

    def _of_draw(
        self, guard: Guard, chunk: Chunk, method: BoundMethod, targets: Sequence[int], *, draw: int, network: str
    ) -> Float[Tensor, "B c h w"]:
        plan = self._plan
        if self._background is None:
            self._background = background_of(plan.dataset, run_seed=plan.config.seed).to(plan.device)
        batch = batch_of(
            plan.dataset,
            images=[int(plan.images[row]) for row in chunk.rows],
            targets=[targets[row] for row in chunk.rows],
            background=self._background,
            method=method.canonical_name,
            draw=draw,
            run_seed=plan.config.seed,
            network=network,
        )
        maps = within_memory(guard.passes, lambda _: {"": guard.attribute(method.instance, batch)})[""]
        if isinstance(maps, Exception):
            raise FailedCellError(f"on the average of the networks: {one_line(maps)}")
        if not maps.values.isfinite().all():
            raise FailedCellError("the map of the average of the networks has values of NaN or infinity")
        return maps.values.detach().float().cpu()

    def _guard(self, architecture: ArchitecturePlan) -> Guard:
        if self._kept is not None and self._kept[0] == architecture.name:
            return self._kept[1]
        self._kept = None  # frees the last architecture's networks before these are loaded
        try:
            guard = self._open(architecture)
        except UsageError:
            raise
        except Exception as error:
            if not is_out_of_memory(error):
                raise FailedCellError(f"the average of the networks failed: {one_line(error)}") from error
            raise FailedCellError(
                "the networks do not fit the memory together, which their average needs; use --aggregator mean"
            ) from error
        self._kept = (architecture.name, guard)
        return guard

    def _open(self, architecture: ArchitecturePlan) -> Guard:
        aggregator = self._plan.aggregator.instance
        assert isinstance(aggregator, NetworkAggregator)  # noqa: S101 - as above
        with torch.random.fork_rng():
            image = torch.zeros(1, *self._plan.dataset.test.images.shape[1:], device=self._plan.device)
            averaged = averaged_network(self._members(architecture), aggregator)
            network = scored(averaged, self._plan.score, image=image, targets=self._explained.of(architecture))
            passes = Passes(network, precision=self._plan.config.precision)
        passes.rows = fitting_rows(passes.network, image)
        return Guard(passes, image)

    def _members(self, architecture: ArchitecturePlan) -> list[nn.Module]:
        plan = self._plan
        channels, height, width = plan.dataset.train.images.shape[1:]
        networks = load_members(
            architecture.model,
            architecture.pool,
            range(plan.members),
            in_shape=(channels, height, width),
            classes=len(plan.dataset.classes),
            device=plan.device,
            sums={record.index: record.sha256 for record in self._outputs.records(architecture.name)},
        )
        return [network.module for network in networks]
