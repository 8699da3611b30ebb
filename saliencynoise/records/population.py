"""The population that members are drawn from: the networks for which the figures of a result hold."""

from __future__ import annotations

from typing import Literal

from saliencynoise.records.common import Count, Record

Kind = Literal["from_scratch", "one_start", "several_starts", "untrained", "unknown"]

Unit = Literal["start", "run", "block", "cluster"]
"""What members have in common: a starting checkpoint, one training run (whose weights a sampler varies), some of their
seeds, or a cluster that the user of `measure` named."""


class PopulationRecord(Record, frozen=True, kw_only=True):
    """Where the members of an architecture come from.

    Attributes:
        kind: "from_scratch" (each member has its own initial weights), "one_start" (all figures are conditional on it),
            "several_starts" (a nested design where a start has several members), "untrained", or "unknown".
        starts: names of the starts; "" for one without a name. Empty where members have none in common.
        start_of: index of each member's start; empty without starts.
        tuned: ("all",), ("head",) or the names of the tuned layers; empty where nothing was tuned from a checkpoint.
        unit: what a start is. Members of "cluster" are sets of maps: there are no networks.
    """

    kind: Kind
    starts: tuple[str, ...]
    start_of: tuple[Count, ...]
    tuned: tuple[str, ...]
    unit: Unit = "start"

    @property
    def clusters(self) -> tuple[int, ...] | None:
        """The start of each member, by number; None where no two members share one."""
        return self.start_of if len(set(self.start_of)) < len(self.start_of) else None


FROM_SCRATCH = PopulationRecord(kind="from_scratch", starts=(), start_of=(), tuned=())


def wrong_population(population: PopulationRecord, *, members: int) -> str | None:
    """Return a message on a contradiction in a population, or None.

    Args:
        population: the record.
        members: number of members of the architecture; 0 where none could be trained.
    """
    starts, start_of = population.starts, population.start_of
    fewest = {"one_start": 1, "several_starts": 2}.get(population.kind, 0)
    if len(starts) < fewest or (len(starts) > 1 and fewest < 2) or (starts and not fewest):
        return f"starts are {len(starts)}, though the kind is '{population.kind}'"
    if any(start >= len(starts) for start in start_of):
        return f"start_of has {max(start_of)}, and there are {len(starts)} starts"
    if starts and members and len(start_of) != members:
        return f"start_of has {len(start_of)} entries, and there are {members} members"
    return None
