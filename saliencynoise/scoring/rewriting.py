"""A network with other weights and the same function, as methods on a layer see it; no weight is changed.

Where T changes the channels of a layer and the next weights undo it, the layer gives T a instead of a, the derivative
of the score is T^-T g instead of g, and every logit is unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from saliencynoise.interfaces import INPUT, Point, Rewrite, Tap, derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from jaxtyping import Float
    from torch import Generator, Tensor

    from saliencynoise.interfaces import Scorer

LARGEST_FACTOR = 2.0
"""The largest factor of "positive_scale". The smallest is its inverse, and the logarithms are uniform. Scales have no
natural size, and networks of one recipe differ by less than their weights allow."""

INCLUDED: Mapping[Rewrite, tuple[Rewrite, ...]] = {
    "rotation": ("permutation", "sign", "centred_rotation"),
    "centred_rotation": ("permutation",),
}
"""The kinds that a kind contains."""


def open_kinds(allowed: Sequence[Rewrite], invariant_to: Sequence[Rewrite]) -> tuple[Rewrite, ...]:
    """Return the kinds that are allowed and move the maps of a method; those that others include are left out.

    >>> open_kinds(("permutation", "sign", "rotation"), ("permutation",))
    ('rotation',)
    >>> open_kinds(("permutation", "sign"), ("rotation",))
    ()
    """
    left = [kind for kind in allowed if kind not in _with_included(invariant_to)]
    included = {smaller for kind in left for smaller in INCLUDED.get(kind, ())}
    return tuple(kind for kind in left if kind not in included)


def _with_included(kinds: Sequence[Rewrite]) -> set[Rewrite]:
    return {*kinds, *(smaller for kind in kinds for smaller in INCLUDED.get(kind, ()))}


@dataclass(frozen=True)
class Change:
    """One T = D P Q: an orthogonal Q, then another order P, then a factor D for each channel.

    Attributes:
        rotation: `[c, c]`, Q; None for the identity.
        order: `[c]`, the source channel of each new channel.
        factors: `[c]`, none of them zero.
    """

    rotation: Float[Tensor, "c c"] | None
    order: Tensor
    factors: Float[Tensor, " c"]

    def value(self, grid: Float[Tensor, "... c h w"]) -> Float[Tensor, "... c h w"]:
        """Return T a."""
        return self._moved(grid) * self._factors(grid)

    def gradient(self, grid: Float[Tensor, "... c h w"]) -> Float[Tensor, "... c h w"]:
        """Return T^-T g."""
        return self._moved(grid) / self._factors(grid)

    def undone(self, grid: Float[Tensor, "... c h w"]) -> Float[Tensor, "... c h w"]:
        """Return T^-1 a."""
        back = (grid / self._factors(grid)).index_select(-3, self.order.argsort().to(grid.device))
        return back if self.rotation is None else _times(self.rotation.T, back)

    def _moved(self, grid: Tensor) -> Tensor:
        rotated = grid if self.rotation is None else _times(self.rotation, grid)
        return rotated.index_select(-3, self.order.to(grid.device))

    def _factors(self, grid: Tensor) -> Tensor:
        return self.factors.to(grid)[:, None, None]


def _times(matrix: Tensor, grid: Tensor) -> Tensor:
    product: Tensor = torch.einsum("kc,...chw->...khw", matrix.to(grid), grid)
    return product


def draw_change(kinds: Sequence[Rewrite], channels: int, generator: Generator) -> Change:
    """Return a random T that is made of all these kinds; signs, orders and rotations are uniform."""
    rotation = None
    order, factors = torch.arange(channels), torch.ones(channels, dtype=torch.float64)
    if "rotation" in kinds:
        rotation = _orthogonal(channels, generator)
    elif "centred_rotation" in kinds:
        rotation = _keeping_the_sum(channels, generator)
    if "permutation" in kinds:
        order = torch.randperm(channels, generator=generator)
    if "positive_scale" in kinds:
        exponents = 2 * torch.rand(channels, generator=generator, dtype=torch.float64) - 1
        factors = factors * LARGEST_FACTOR**exponents
    if "sign" in kinds:
        factors = factors * (2 * torch.randint(2, (channels,), generator=generator) - 1)
    return Change(rotation, order, factors)


def _orthogonal(channels: int, generator: Generator) -> Tensor:
    """Return a matrix that is uniform over all orthogonal ones: Mezzadri 2007, arXiv:math-ph/0609050."""
    basis, triangle = torch.linalg.qr(torch.randn(channels, channels, generator=generator, dtype=torch.float64))
    uniform: Tensor = basis * triangle.diagonal().sign()
    return uniform


def _keeping_the_sum(channels: int, generator: Generator) -> Tensor:
    """Return a random orthogonal matrix that keeps the vector of ones: a reflection takes it to the first axis."""
    inner = torch.eye(channels, dtype=torch.float64)
    if channels > 1:
        inner[1:, 1:] = _orthogonal(channels - 1, generator)
    axis = torch.full((channels,), channels**-0.5, dtype=torch.float64)
    axis[0] -= 1
    if float(axis.norm()) == 0:
        return inner
    axis = axis / axis.norm()
    mirror = torch.eye(channels, dtype=torch.float64) - 2 * torch.outer(axis, axis)
    return mirror @ inner @ mirror


class Rewriting:
    """One network of the same function: a T for each of its points, drawn when the point is first seen.

    Args:
        kinds: the kinds of which T is made, by point; the input and all other points stay unchanged.
        seed: the seed of the T, the same for all methods.
    """

    def __init__(self, kinds: Mapping[Point, Sequence[Rewrite]], *, seed: int) -> None:
        self._kinds = kinds
        self._seed = seed
        self._drawn: dict[tuple[Point, int], Change] = {}

    def taps(self, taps: Mapping[Point, Tap]) -> dict[Point, Tap]:
        """Return the values and gradients of the rewritten network at its points."""
        return {point: self._tap(point, tap) for point, tap in taps.items()}

    def undone(self, point: Point, grid: Float[Tensor, "... c h w"]) -> Float[Tensor, "... c h w"]:
        """Return a grid of the rewritten network in the channels of the network as it is."""
        change = self._change(point, grid.shape[-3])
        return grid if change is None else change.undone(grid)

    def _tap(self, point: Point, tap: Tap) -> Tap:
        change = self._change(point, tap.value.shape[-3])
        return tap if change is None else Tap(change.value(tap.value), change.gradient(tap.grad))

    def _change(self, point: Point, channels: int) -> Change | None:
        kinds = self._kinds.get(point, ())
        if point == INPUT or not kinds:
            return None
        if (point, channels) not in self._drawn:
            seed = derive_seed(self._seed, "rewriting", point, channels)
            generator = torch.Generator().manual_seed(seed)
            self._drawn[point, channels] = draw_change(kinds, channels, generator)
        return self._drawn[point, channels]


class RewrittenScorer:
    """A network bound to a batch, rewritten: a `saliencynoise.interfaces.Scorer` for functional methods.

    Grids that replace the output of a layer are transformed back before the next layers.
    """

    def __init__(self, scorer: Scorer, rewriting: Rewriting) -> None:
        self._scorer = scorer
        self._rewriting = rewriting

    def logits(self, samples: Float[Tensor, "N S C H W"]) -> Float[Tensor, "N S K"]:
        """Return the logits of samples, which the rewriting does not change."""
        return self._scorer.logits(samples)

    def scores(
        self,
        samples: Iterable[Float[Tensor, "B _ c h w"]],
        *,
        point: Point = INPUT,
        score: Literal["logit", "probability"] = "logit",
    ) -> Float[Tensor, "B S"]:
        """Return the scores of samples, which at another `point` than the input are grids of the rewritten network."""
        blocks = samples if point == INPUT else (self._rewriting.undone(point, block) for block in samples)
        return self._scorer.scores(blocks, point=point, score=score)

    def gradients(self, samples: Iterable[Float[Tensor, "B _ C H W"]]) -> Iterator[Float[Tensor, "B _ C H W"]]:
        """Yield the derivatives of each sample's score by the sample, which the rewriting does not change."""
        return self._scorer.gradients(samples)

    def taps(
        self,
        samples: Float[Tensor, "B S C H W"],
        *points: Point,
        mode: Callable[[], AbstractContextManager[object]] | None = None,
    ) -> Mapping[Point, Tap]:
        """Return values and gradients of the rewritten network at `points`, `[B, S, c, h, w]`."""
        return self._rewriting.taps(self._scorer.taps(samples, *points, mode=mode))
