"""The members of a run's maps, kept in memory as they were read, because the pool may change or be deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.store.pool import Pool
from saliencynoise.store.records import MemberRecord

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from saliencynoise.engine.job import MemberJob


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberOutputs:
    """Records and logits of a run's members.

    Attributes:
        images: indices of the attributed test images.
        shape: shape of the logits of all test images, N and K.
    """

    images: Int[Tensor, " B"]
    shape: tuple[int, int]
    _entries: dict[tuple[str, int], tuple[MemberRecord, Tensor, Tensor]] = field(default_factory=dict)

    def add(self, job: MemberJob, records: Iterable[MemberRecord]) -> None:
        """Keep the records of members that a job has found or made, and their logits.

        Raises:
            UsageError: naming a member that was removed, has other weights than earlier in this run, or logits of
                other images than the data set's.
        """
        pool = Pool(Path(job.pool))
        for record in records:
            earlier = self._entries.get((job.architecture, record.index))
            if earlier is not None and earlier[0].sha256 == record.sha256:
                continue
            if earlier is not None and not job.retrain:
                raise UsageError(
                    f"member {record.index} of {pool.folder} was replaced while this run used it; run the same command "
                    "again"
                )
            logits = pool.logits(record.index, sha256=record.logits_sha256, shape=self.shape)
            self._entries[job.architecture, record.index] = record, logits[self.images], logits.argmax(-1)

    def records(self, architecture: str) -> list[MemberRecord]:
        """Return the records of an architecture's members, by index."""
        return [self._entries[key][0] for key in sorted(self._entries) if key[0] == architecture]

    def logits(self, architecture: str) -> Float[Tensor, "E B K"]:
        """Return the logits of the attributed images, in the same order."""
        return torch.stack([self._entries[key][1] for key in sorted(self._entries) if key[0] == architecture])

    def predicted(self, architecture: str) -> dict[int, Int[Tensor, " N"]]:
        """Return the classes that each member gives to all test images, by its index."""
        return {index: entry[2] for (name, index), entry in self._entries.items() if name == architecture}
