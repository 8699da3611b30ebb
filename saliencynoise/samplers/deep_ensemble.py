"""Independent networks: the reference that cheaper samplers approximate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saliencynoise.interfaces import Sample, Sampler, TrainingRun


@dataclass(frozen=True)
class DeepEnsemble(Sampler):
    """Each member is trained from scratch, with its own seeds.

    Source: Lakshminarayanan, Pritzel and Blundell 2017, arXiv:1612.01474; for saliency Woerl, Disselhoff and Wand,
    CVPR 2023.
    """

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the run's one network."""
        module = run.build()
        run.train(module)
        yield Sample(weights=module.state_dict())
