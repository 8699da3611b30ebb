"""Coverage of the intervals of nested designs: the table of docs/statistics.md, on several starts.

    python docs/scripts/nested.py [REPETITIONS]

Gaussian maps: a signal of each image, an effect of each start and one of each network, with or without a part that is
the same on all images. r of the population is set, and the true values of unit-norm maps are means over fresh starts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from saliencynoise.statistics.nested import nested, worth_of


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A population: r, share of the noise that belongs to the start, independent pixels, and share common to images."""

    r: float
    start_share: float
    pixels: int
    common: float


SETTINGS = [
    Setting(r=r, start_share=start, pixels=pixels, common=common)
    for r, start, (pixels, common) in product((0.1, 0.5, 3.0), (0.3, 0.9), ((4, 0.0), (64, 0.0), (8, 0.5)))
]
DESIGNS = [(4, 2), (4, 4), (8, 2), (8, 4)]


def maps(setting: Setting, images: int, starts: int, seeds: int, generator: torch.Generator) -> Tensor:
    """Return unit-norm maps [images, starts * seeds, pixels]."""

    def noise(*counts: int) -> Tensor:
        own = torch.randn(images, *counts, setting.pixels, generator=generator, dtype=torch.float64)
        common = torch.randn(1, *counts, setting.pixels, generator=generator, dtype=torch.float64)
        return (1 - setting.common) ** 0.5 * own + setting.common**0.5 * common

    signal = torch.randn(images, 1, 1, setting.pixels, generator=generator, dtype=torch.float64)
    drawn = (
        setting.r**0.5 * signal
        + setting.start_share**0.5 * noise(starts, 1)
        + (1 - setting.start_share) ** 0.5 * noise(starts, seeds)
    )
    return torch.nn.functional.normalize(drawn.flatten(1, 2), dim=-1)


def truth(setting: Setting, generator: torch.Generator, *, rounds: int = 100) -> tuple[float, float]:
    """Return C_b and C_w of the population."""
    between, within = [], []
    for _ in range(rounds):
        drawn = maps(setting, 200, 6, 2, generator)
        blocks = (drawn @ drawn.mT).reshape(-1, 6, 2, 6, 2)
        apart = ~torch.eye(6, dtype=torch.bool)
        between.append(blocks.movedim(2, 3)[:, apart].mean())
        within.append(blocks.diagonal(dim1=1, dim2=3)[:, 0, 1].mean())
    return float(torch.stack(between).mean()), float(torch.stack(within).mean())


def coverage(
    setting: Setting,
    design: tuple[int, int],
    *,
    images: int,
    repetitions: int,
    true: tuple[float, float],
    seed: int = 0,
) -> dict[str, float]:
    """Return how often the intervals of r, r within and the worth of the average cover the truth."""
    generator = torch.Generator().manual_seed(seed)
    starts, seeds = design
    clusters = tuple(start for start in range(starts) for _ in range(seeds))
    c_b, c_w = true
    worth = float(worth_of(torch.tensor(c_b), torch.tensor(c_w), starts=starts, seeds=seeds))
    due = {"r": c_b / (1 - c_b), "r within": c_w / (1 - c_w), "worth": worth}
    covered = dict.fromkeys(due, 0.0)
    for repetition in range(repetitions):
        drawn = maps(setting, images, starts, seeds, generator)
        found = nested(drawn @ drawn.mT, clusters, seed=repetition)
        for name, figure in (("r", found.r_population), ("r within", found.r_within), ("worth", found.worth)):
            interval = None if figure is None else figure.interval
            inside = interval is not None and interval.low <= due[name] <= interval.high
            covered[name] += inside / repetitions
    return covered


def rows(settings: Sequence[Setting], *, repetitions: int, rounds: int = 100) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table: least, mean and largest coverage over settings, of a design and number of images."""
    generator = torch.Generator().manual_seed(1)
    true = [truth(setting, generator, rounds=rounds) for setting in settings]
    for (starts, seeds), images in product(DESIGNS, (16, 32)):
        found = [
            coverage(setting, (starts, seeds), images=images, repetitions=repetitions, true=of, seed=index)
            for index, (setting, of) in enumerate(zip(settings, true, strict=True))
        ]
        texts = []
        for name in ("r", "r within", "worth"):
            values = [entry[name] for entry in found]
            texts.append(f"{min(values):.3f} / {sum(values) / len(values):.3f} / {max(values):.3f}")
        yield (str(starts), str(seeds), str(images), *texts)


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print("| starts | networks each | images | r | r within | worth |\n|---|---|---|---|---|---|")
    for row in rows(SETTINGS, repetitions=int(sys.argv[1]) if len(sys.argv) > 1 else 300):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
