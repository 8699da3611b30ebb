"""Checks that maps depend on the network, the image, its target and its noise, and on nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch, Noise
from saliencynoise.testing.checks import Check, ContractBroken
from saliencynoise.testing.networks import batch_of
from saliencynoise.testing.values import TOLERANCE, distance, require_equal

if TYPE_CHECKING:
    from saliencynoise.testing.subjects import MethodSubject

OWN_ROWS = "Return the maps of the batch, each image's from its own rows only"
FOLLOW = "They follow from the network and the batch alone: the same noise gives the same map."


def check_repeatable(subject: MethodSubject) -> None:
    """The same call twice gives the same maps."""
    first, second = subject.maps(), subject.maps()
    require_equal(second.values, first.values, "the same call a second time")


def check_own_randomness(subject: MethodSubject) -> None:
    """Another global seed changes nothing: random numbers come from `Batch.noise`."""
    first, second = subject.maps(seed=1), subject.maps(seed=2)
    require_equal(second.values, first.values, "maps under another global seed of torch, numpy and Python")


def check_stochastic(subject: MethodSubject) -> None:
    """Other noise gives another map just where the spec says so."""
    plain = batch_of()
    other_noise = replace(plain, noise=Noise(tuple(seed + 100 for seed in plain.noise.seeds)))
    far = distance(subject.maps(batch=other_noise).values, subject.maps(batch=plain).values)
    if subject.spec.stochastic and far <= TOLERANCE:
        raise ContractBroken("the spec says stochastic=True, but other seeds of Batch.noise give the same map")
    if not subject.spec.stochastic and far > TOLERANCE:
        raise ContractBroken(
            f"the spec says stochastic=False, but other seeds of Batch.noise give another map (by {far:.2g})"
        )


def check_neighbours(subject: MethodSubject) -> None:
    """The first images of a batch have the maps that they have without the images after them."""
    batch = batch_of()
    expected = subject.maps(batch=batch).values
    for count in (1, 2):
        values = subject.maps(batch=_rows(batch, list(range(count)))).values
        require_equal(values, expected[:count], f"maps of the first {count} of 3 images, against those of all 3")


def check_place(subject: MethodSubject) -> None:
    """Images in another order, with their seeds, have their maps in that order."""
    batch = batch_of()
    batch = replace(batch, target=torch.full_like(batch.target, 2))
    order = [2, 0, 1]
    values = subject.maps(batch=_rows(batch, order)).values
    require_equal(values, subject.maps(batch=batch).values[order], "maps of the same images in another order")


def check_chunks(subject: MethodSubject) -> None:
    """Passes of two rows give the same maps as one pass."""
    require_equal(subject.maps(rows=2).values, subject.maps().values, "maps by passes of 2 rows, against whole passes")


def _is_a_module_method(subject: MethodSubject) -> str:
    return "module methods make their passes themselves" if subject.spec.kind == "module" else ""


def _rows(batch: Batch, rows: list[int]) -> Batch:
    seeds = tuple(batch.noise.seeds[row] for row in rows)
    return replace(batch, x=batch.x[rows], target=batch.target[rows], noise=Noise(seeds))


def checks() -> Iterator[Check[MethodSubject]]:
    """Yield the checks of the inputs on which maps depend; all others need "repeatable"."""
    comparable = ("finite", "repeatable")
    yield Check(name="repeatable", contract=FOLLOW, run=check_repeatable, needs=("finite",))
    yield Check(name="own_randomness", contract=FOLLOW, run=check_own_randomness, needs=comparable)
    yield Check(
        name="stochastic",
        contract="whether maps depend on `Batch.noise`",
        run=check_stochastic,
        needs=comparable,
    )
    yield Check(name="neighbours", contract=OWN_ROWS, run=check_neighbours, needs=comparable)
    yield Check(
        name="place",
        contract="and for an image the same in whatever batch it comes",
        run=check_place,
        needs=comparable,
    )
    yield Check(
        name="chunks",
        contract="Passes are divided to fit the memory; results do not depend on the division.",
        run=check_chunks,
        applies=_is_a_module_method,
        needs=comparable,
    )
