"""Networks that share some of their seeds, by design: which randomness do maps depend on?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from saliencynoise.interfaces import Sample, Sampler, TrainingRun, UsageError

STREAMS = ("init", "order", "augment", "dropout")


@dataclass(frozen=True)
class SeedBlocks(Sampler):
    """Blocks of networks: in each, every combination of two seeds of each stream, and one network trained again.

    Seeds are fresh in each block. The last member of a block repeats its first one's seeds: what those two differ in
    is the hardware's doing.

    Attributes:
        streams: what is varied, of "init", "order", "augment" and "dropout", joined by "+"; the others keep one seed
            in a block.
    """

    streams: str = "init+order+augment"

    def __post_init__(self) -> None:
        """Refuse unknown streams."""
        names = self.streams.split("+")
        if not 1 <= len(names) == len(set(names)) or not set(names) <= set(STREAMS):
            raise UsageError(
                f"seed_blocks: streams={self.streams} is not possible; join some of {', '.join(STREAMS)} by +"
            )

    @property
    def per_block(self) -> int:
        """How many members a block has."""
        return (1 << len(self.streams.split("+"))) + 1

    def levels(self, index: int) -> dict[str, str]:
        """Return the index from which each stream's seed of a member derives."""
        block, place = divmod(index, self.per_block)
        names = self.streams.split("+")
        combinations = list(product((0, 1), repeat=len(names)))
        levels = dict(zip(names, combinations[place % len(combinations)], strict=True))
        return {name: f"block-{block}-{levels.get(name, 0)}" for name in STREAMS}

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the one network of the run, whose index says its block and place."""
        levels = self.levels(run.index)
        module = run.build(init=levels["init"])
        run.train(module, streams={name: levels[name] for name in STREAMS if name != "init"})
        yield Sample(weights=module.state_dict())
