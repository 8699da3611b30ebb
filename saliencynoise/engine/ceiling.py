"""The effect of rewritten weights, which compute the same function, on the maps of a method that reads a layer.

A method that is not invariant to all rewrites that its CAM point allows also explains rewritten copies of each network,
whose maps differ though the function is the same. The copies of a pass method share its pass. Only `IMAGES`, `COPIES`
and `MEMBERS` are compared. The results are stored with the maps as diagnostics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch

from saliencynoise.interfaces import FunctionalMethod, Maps, ModuleMethod, PassMethod, Point, Rewrite, Tap
from saliencynoise.interfaces.methods import layers_of
from saliencynoise.interfaces.seeds import derive_seed
from saliencynoise.records.cell import Ceiling
from saliencynoise.scoring import Passes, Rewriting, RewrittenScorer, Scorer, checked, is_out_of_memory
from saliencynoise.scoring.rewriting import open_kinds
from saliencynoise.statistics.ceiling import ceiling, disagreement
from saliencynoise.statistics.views import VIEWS, apply_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces import Batch, Network
    from saliencynoise.registry.bound import BoundMethod

Kind = Literal["pass", "functional"]

IMAGES: Mapping[Kind, int] = {"pass": 8, "functional": 2}
"""The run's first images, on which copies are compared: a functional method passes each of them through the network
many times."""

COPIES: Mapping[Kind, int] = {"pass": 4, "functional": 3}
"""Rewritten copies of each member."""

MEMBERS: Mapping[Kind, int | None] = {"pass": None, "functional": 4}
"""The first members, which are rewritten; None for all."""

PREFIX = "rewritten."
"""Prefix of the name of a diagnostic; the view, a dot, and the kinds of `Rewrite`, joined by a plus, follow it."""

Method = PassMethod | FunctionalMethod | ModuleMethod


@dataclass(frozen=True, kw_only=True)
class Rewriter:
    """Compares a method's maps of rewritten copies of one network.

    Attributes:
        kinds: the rewrites of each point; empty where none changes the maps.
        seeds: a seed for each copy; empty where this network or these images are not compared.
        images: number of images of a batch that are compared.
    """

    kinds: Mapping[Point, tuple[Rewrite, ...]]
    seeds: tuple[int, ...]
    images: int

    def added(self, maps: Any, images: int, copy_of: Callable[[Rewriting], Maps]) -> Any:
        """Return the maps with the copies' disagreement on the first images; an error in a copy costs no map.

        Maps that break the contract are returned unchanged: the caller of the method reports the fault.
        """
        if isinstance(checked(maps, images), Exception):
            return maps
        losses = self._losses(images, copy_of)
        kinds = "+".join(dict.fromkeys(kind for rewrites in self.kinds.values() for kind in rewrites))
        named = {f"{PREFIX}{view}.{kinds}": loss for view, loss in losses.items()}
        return replace(maps, diagnostics={**maps.diagnostics, **named})

    def _losses(self, images: int, copy_of: Callable[[Rewriting], Maps]) -> dict[str, Tensor]:
        if not any(self.kinds.values()):
            return {view: torch.zeros(images) for view in VIEWS}
        unknown = {view: torch.full((images,), math.nan) for view in VIEWS}
        if not self.seeds:
            return unknown
        try:
            copies = torch.stack([copy_of(Rewriting(self.kinds, seed=seed)).values.detach() for seed in self.seeds])
        except (Exception, SystemExit) as error:
            if is_out_of_memory(error):
                raise
            return unknown
        for view, loss in unknown.items():
            loss[: copies.shape[1]] = disagreement(apply_view(copies, view)).float().cpu()
        return unknown


@dataclass(frozen=True)
class _Pass:
    """A pass method and its copies, of one pass."""

    method: PassMethod
    rewriter: Rewriter

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(self.method.points)

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:
        maps = self.method.from_pass(taps, batch)
        count = self.rewriter.images
        first_images = batch.split(count)[0]
        few = {point: Tap(tap.value[:count], tap.grad[:count]) for point, tap in taps.items()}
        with_losses: Maps = self.rewriter.added(
            maps, len(batch.x), lambda copy: self.method.from_pass(copy.taps(few), first_images)
        )
        return with_losses


@dataclass(frozen=True)
class _Functional:
    """A functional method and its copies."""

    method: FunctionalMethod
    rewriter: Rewriter
    passes: Passes

    def attribute(self, net: Any, batch: Batch) -> Maps:
        maps = self.method.attribute(net, batch)
        first_images = batch.split(self.rewriter.images)[0]

        def copy_of(rewriting: Rewriting) -> Maps:
            return self.method.attribute(RewrittenScorer(Scorer(self.passes, first_images), rewriting), first_images)

        with_losses: Maps = self.rewriter.added(maps, len(batch.x), copy_of)
        return with_losses


def with_copies(method: BoundMethod, passes: Passes, *, member: int, first: bool, run_seed: int) -> Method:
    """Return the method, which also compares rewritten copies of the network where its CAM point allows any.

    Args:
        method: the method with its parameters.
        passes: passes of the member's network.
        member: index in the ensemble.
        first: whether the batch begins with the run's first images, in the first draw.
        run_seed: seed from which the rewrites derive.
    """
    instance = method.instance
    kinds = _kinds(method, passes.network)
    kind: Kind = "pass" if isinstance(instance, PassMethod) else "functional"
    if kinds is None or not isinstance(instance, PassMethod | FunctionalMethod):
        return instance
    limit = MEMBERS[kind]
    looked_at = first and (limit is None or member < limit)
    seeds = [derive_seed(run_seed, "rewriting", member, copy) for copy in range(COPIES[kind] if looked_at else 0)]
    rewriter = Rewriter(kinds=kinds, seeds=tuple(seeds), images=IMAGES[kind])
    return _Pass(instance, rewriter) if isinstance(instance, PassMethod) else _Functional(instance, rewriter, passes)


def _kinds(method: BoundMethod, network: Network) -> dict[Point, tuple[Rewrite, ...]] | None:
    """Return the kinds that change the maps, by point; None where the method reads no layer, or a point names none."""
    try:
        points = layers_of(method.instance)
    except (Exception, SystemExit):  # noqa: BLE001 - a plugin's property may raise anything; attribution reports it
        return None
    allowed = {point: network.points[point].rewrites if point in network.points else None for point in points}
    kinds_by_point = {point: kinds for point, kinds in allowed.items() if kinds is not None}
    if not points or len(kinds_by_point) < len(points):
        return None
    return {point: open_kinds(kinds, method.spec.invariant_to) for point, kinds in kinds_by_point.items()}


def is_ceiling(diagnostic: str) -> bool:
    """Whether a diagnostic is about rewritten copies."""
    return diagnostic.startswith(PREFIX)


def ceiling_of(method: BoundMethod, diagnostics: Mapping[str, Float[Tensor, "D E B"]], view: str) -> Ceiling | None:
    """Return the entry of `result.json` on rewritten copies of one network, in a view; None where it is unknown.

    A method that reads no layer depends on the function of the network only: its ceiling is infinite.
    """
    matches = [name for name in diagnostics if name.startswith(f"{PREFIX}{view}.")]
    if not matches:
        unknown = isinstance(method.instance, ModuleMethod) or bool(layers_of(method.instance))
        return None if unknown else _INFINITE
    kinds = tuple(kind for kind in matches[0].removeprefix(f"{PREFIX}{view}.").split("+") if kind)
    if not kinds:
        return _INFINITE
    measured = ceiling(diagnostics[matches[0]][0])
    kind: Kind = "pass" if isinstance(method.instance, PassMethod) else "functional"
    return None if measured is None else Ceiling(**asdict(measured), kinds=kinds, copies=COPIES[kind])


_INFINITE = Ceiling(value=math.inf, low=math.nan, high=math.nan, members=0, images=0, kinds=(), copies=0)
