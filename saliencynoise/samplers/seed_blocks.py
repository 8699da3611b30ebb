"""Networks that share some of their seeds by design, to measure on which randomness maps depend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from saliencynoise.interfaces import Sample, Sampler, TrainingRun, UsageError
from saliencynoise.interfaces.sampling import REST, STREAMS


@dataclass(frozen=True)
class SeedBlocks(Sampler):
    """Blocks of networks: in each, every combination of two seeds of each stream, and one network trained again.

    Seeds are fresh in each block. The last member of a block repeats its first one's seeds: the hardware causes any
    difference between the two.

    A stream that is not varied keeps one seed in a block. That is harmless where it has no effect, as dropout in a
    network without any. Where it has one, nothing can be said of all the noise: two networks of a block that share
    "init" then share that stream too. To separate one stream from all others, name it and "rest", as in "init+rest".

    Attributes:
        streams: the varied streams, of "init", "order", "augment", "dropout" and "rest" (those not named, as one),
            joined by "+".
    """

    streams: str = "init+order+augment"

    def __post_init__(self) -> None:
        """Refuse unknown streams."""
        names = self.streams.split("+")
        known = len(names) == len(set(names)) and set(names) <= {*STREAMS, REST}
        if not known or (REST in names and len(names) in {1, len(STREAMS) + 1}):
            raise UsageError(
                f"seed_blocks: streams={self.streams} is not possible; join some of {', '.join(STREAMS)} with +; "
                f"{REST} stands for all others together"
            )

    @property
    def per_block(self) -> int:
        """The number of members of a block."""
        return (1 << len(self.streams.split("+"))) + 1

    def levels(self, index: int) -> dict[str, str]:
        """Return the index from which each stream's seed of a member derives."""
        block, position = divmod(index, self.per_block)
        names = self.streams.split("+")
        combinations = list(product((0, 1), repeat=len(names)))
        levels = dict(zip(names, combinations[position % len(combinations)], strict=True))
        return {name: f"block-{block}-{levels.get(name, levels.get(REST, 0))}" for name in STREAMS}

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the one network of the run, whose index says its block and place."""
        levels = self.levels(run.index)
        module = run.build(init=levels["init"])
        run.train(module, streams={name: levels[name] for name in STREAMS if name != "init"})
        yield Sample(weights=module.state_dict())
