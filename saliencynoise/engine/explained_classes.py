"""The class that is explained on each image: given by the user, or voted by the trained ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.engine.member_quality import votes
from saliencynoise.records.target import index_of
from saliencynoise.scoring import LOGIT
from saliencynoise.store.atomic import key_of
from saliencynoise.store.maps import Chunk

if TYPE_CHECKING:
    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.member_outputs import MemberOutputs
    from saliencynoise.engine.plan import Plan

Targets = Mapping[str, tuple[int, ...]]
"""The explained class of each attributed image, by architecture."""


@dataclass(frozen=True, kw_only=True)
class ExplainedClasses:
    """A plan with the classes that are explained, which may be known only after its members are trained.

    Attributes:
        plan: the plan.
        targets: the explained class of each attributed image, by canonical name of the architecture; architectures
            whose members failed are left out.
    """

    plan: Plan
    targets: Targets

    def of(self, architecture: ArchitecturePlan) -> tuple[int, ...]:
        """Return the explained class of each attributed image; empty where the members failed."""
        return self.targets.get(architecture.name, ())

    def chunks(self, architecture: ArchitecturePlan) -> tuple[Chunk, ...]:
        """Divide the attributed images into chunks, whose keys depend on the explained classes and their score."""
        plan, classes = self.plan, self.of(architecture)
        names, size = plan.image_names, plan.run_folder.division.chunk
        about = [plan.dataset_key, plan.config.precision, *([] if plan.score == LOGIT else [str(plan.score)])]
        rows = [tuple(range(start, min(start + size, len(classes)))) for start in range(0, len(classes), size)]
        return tuple(
            Chunk(index=index, rows=chunk, key=key_of([*about, [(names[row], classes[row]) for row in chunk]]))
            for index, chunk in enumerate(rows)
        )


def given_classes(plan: Plan) -> ExplainedClasses:
    """Return the classes that the setting `target` names: the labels of the images, or one class for all."""
    labels = tuple(plan.dataset.test.labels[plan.images].tolist())
    of = plan.target.of
    classes = labels if of == "true" else (index_of(of, plan.dataset.classes),) * len(labels)
    return ExplainedClasses(plan=plan, targets={architecture.name: classes for architecture in plan.architectures})


def voted_classes(plan: Plan, outputs: MemberOutputs, *, failed: frozenset[str]) -> ExplainedClasses:
    """Return the class that most members of each architecture predict, except of the architectures that failed."""
    labels = plan.dataset.test.labels[plan.images]
    targets = {
        architecture.name: tuple(votes(outputs.logits(architecture.name), labels).predicted.tolist())
        for architecture in plan.architectures
        if architecture.name not in failed
    }
    return ExplainedClasses(plan=plan, targets=targets)
