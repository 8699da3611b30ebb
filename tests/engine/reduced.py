"""The maps of a plan's members, chosen by a test and reduced as by a bench; nothing is attributed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saliencynoise.engine.explained_classes import ExplainedClasses, given_classes
from saliencynoise.engine.map_source import StoredSource
from saliencynoise.engine.member_outputs import MemberOutputs
from saliencynoise.engine.member_quality import logits_shape, votes
from saliencynoise.engine.plan import Plan
from saliencynoise.engine.planned_jobs import training_jobs
from saliencynoise.engine.reduce import Reduced, reduce_maps
from saliencynoise.engine.result_files import ComputedMaps, Ensemble
from tests.studies import noisy_maps

if TYPE_CHECKING:
    from torch import Tensor

SECONDS = 0.25
"""What each file of maps is said to have taken."""

Key = tuple[str, str]


def outputs_of(plan: Plan) -> MemberOutputs:
    """The members of a plan's pools, which must be trained."""
    outputs = MemberOutputs(images=plan.images, shape=logits_shape(plan.dataset))
    pools = {architecture.name: architecture.pool for architecture in plan.architectures}
    for job in training_jobs(plan, retrain=False):
        record = pools[job.architecture].record(job.member)
        assert record is not None
        outputs.add(job, [record])
    return outputs


def ensemble_of(explained: ExplainedClasses, outputs: MemberOutputs) -> Ensemble:
    plan = explained.plan
    (architecture,) = plan.architectures
    logits, labels = outputs.logits(architecture.name), plan.dataset.test.labels[plan.images]
    return Ensemble(
        plan=architecture, records=outputs.records(architecture.name), balanced={}, flags={},
        votes=votes(logits, labels),
        targets=explained.of(architecture), chunks=explained.chunks(architecture),
    )  # fmt: skip


def save_maps(ensemble: Ensemble, plan: Plan) -> dict[Key, Tensor]:
    """Write maps of noise with a signal, `[D, E, B, c, h, w]` for each method, and return them."""
    written = {}
    for seed, method in enumerate(plan.methods):
        stores = plan.run_folder.stores(ensemble.plan, method)
        maps = noisy_maps(members=len(stores) * plan.members, images=len(plan.images), seed=seed)
        written[ensemble.plan.name, method.canonical_name] = maps = maps.unflatten(0, (len(stores), plan.members))
        for store, of_draw in zip(stores, maps, strict=True):
            for record, of_member in zip(ensemble.records, of_draw, strict=True):
                for chunk in ensemble.chunks:
                    store.save(record.index, record.sha256, chunk, of_member[list(chunk.rows)], seconds=SECONDS)
    return written


def reduced_maps(ensemble: Ensemble, plan: Plan, maps: Mapping[Key, Tensor]) -> dict[Key, Reduced]:
    labels, reduced = plan.dataset.test.labels[plan.images].tolist(), {}
    for method in plan.methods:
        key = ensemble.plan.name, method.canonical_name
        reduced[key] = reduce_maps(
            StoredSource(plan.run_folder.stores(ensemble.plan, method), range(plan.members), ensemble.chunks),
            labels=labels, views=method.views, marginal=maps[key].mean((0, 1)), masks=None, seed=0,
        )  # fmt: skip
    return reduced


def computed_maps(plan: Plan) -> list[ComputedMaps]:
    """The maps of all methods of a plan, written and reduced."""
    ensemble = ensemble_of(given_classes(plan), outputs_of(plan))
    reduced = reduced_maps(ensemble, plan, save_maps(ensemble, plan))
    return [
        ComputedMaps(plan=plan, ensemble=ensemble, method=method, reduced=statistics)
        for method, statistics in zip(plan.methods, reduced.values(), strict=True)
    ]
