"""How far the maps of a method of a layer follow from weights that leave the network as it is.

A method that is not invariant to all that its CAM point allows is handed rewritten copies of each network, whose maps
differ though the function is one. The copies share the pass of the method itself where there is one, and few images
are looked at: `IMAGES`, `COPIES` and `MEMBERS`. What they come to travels with the maps as diagnostics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch

from saliencynoise.interfaces import INPUT, FunctionalMethod, Maps, ModuleMethod, PassMethod, Point, Rewrite, Tap
from saliencynoise.interfaces.seeds import derive_seed
from saliencynoise.scoring import Passes, Rewriting, RewrittenScorer, Scorer, checked, is_out_of_memory
from saliencynoise.scoring.rewriting import open_kinds
from saliencynoise.statistics.ceiling import ceiling, disagreement
from saliencynoise.statistics.plain import json_safe
from saliencynoise.statistics.views import VIEWS, apply_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces import Batch, Network
    from saliencynoise.registry.catalogue import BoundMethod

Kind = Literal["pass", "functional"]

IMAGES: Mapping[Kind, int] = {"pass": 8, "functional": 2}
"""The run's first images, on which copies are compared: a functional method passes each of them through the network
many times."""

COPIES: Mapping[Kind, int] = {"pass": 4, "functional": 3}
"""Rewritten copies of each member."""

MEMBERS: Mapping[Kind, int | None] = {"pass": None, "functional": 4}
"""The first members, which are rewritten; None for all."""

PREFIX = "rewritten."
"""Begins the name of a diagnostic: then the view, a dot, and the kinds of `Rewrite`, joined by a plus."""

Method = PassMethod | FunctionalMethod | ModuleMethod


@dataclass(frozen=True, kw_only=True)
class Rewriter:
    """Compares a method's maps of rewritten copies of one network.

    Attributes:
        kinds: of which the changes of each point are made; empty where none moves the maps.
        seeds: one for each copy; empty where this network or these images are not to be looked at.
        images: how many of a batch are compared.
    """

    kinds: Mapping[Point, tuple[Rewrite, ...]]
    seeds: tuple[int, ...]
    images: int

    def added(self, maps: Any, images: int, copy_of: Callable[[Rewriting], Maps]) -> Any:
        """Return the maps with what the copies say of the first images; what a copy raises costs no map.

        What breaks the contract goes on as it is: whoever called the method says what is wrong.
        """
        if isinstance(checked(maps, images), Exception):
            return maps
        losses = self._losses(images, copy_of)
        kinds = "+".join(dict.fromkeys(kind for own in self.kinds.values() for kind in own))
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
        first = batch.split(count)[0]
        few = {point: Tap(tap.value[:count], tap.grad[:count]) for point, tap in taps.items()}
        with_losses: Maps = self.rewriter.added(
            maps, len(batch.x), lambda copy: self.method.from_pass(copy.taps(few), first)
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
        first = batch.split(self.rewriter.images)[0]

        def copy_of(rewriting: Rewriting) -> Maps:
            return self.method.attribute(RewrittenScorer(Scorer(self.passes, first), rewriting), first)

        with_losses: Maps = self.rewriter.added(maps, len(batch.x), copy_of)
        return with_losses


def with_copies(method: BoundMethod, passes: Passes, *, member: int, first: bool, run_seed: int) -> Method:
    """Return the method, which also compares rewritten copies of the network where its CAM point allows any.

    Args:
        method: with its parameters.
        passes: of the member's network.
        member: index in the ensemble.
        first: whether the batch begins with the run's first images, in the first draw.
        run_seed: from which the changes derive.
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
    """Return the kinds that move the maps, by point; None where the method reads no layer, or nobody says."""
    try:
        points = layers_of(method.instance)
    except (Exception, SystemExit):  # noqa: BLE001 - a plugin's property; attribution says what is wrong with it
        return None
    allowed = {point: network.points[point].rewrites if point in network.points else None for point in points}
    known = {point: kinds for point, kinds in allowed.items() if kinds is not None}
    if not points or len(known) < len(points):
        return None
    return {point: open_kinds(kinds, method.spec.invariant_to) for point, kinds in known.items()}


def layers_of(instance: object) -> tuple[Point, ...]:
    """Return the points other than the input that a method reads: its `points`, or else its `layer`."""
    asked = instance.points if isinstance(instance, PassMethod) else (getattr(instance, "layer", INPUT),)
    return tuple(point for point in asked if point != INPUT)


def is_ceiling(diagnostic: str) -> bool:
    """Whether a diagnostic is about rewritten copies."""
    return diagnostic.startswith(PREFIX)


def ceiling_of(method: BoundMethod, diagnostics: Mapping[str, Float[Tensor, "D E B"]], view: str) -> Any:
    """Return what `result.json` says of rewritten copies of one network, in a view; None where nobody knows.

    A method that reads no layer sees what the network computes and not how: its ceiling is infinite.
    """
    found = [name for name in diagnostics if name.startswith(f"{PREFIX}{view}.")]
    if not found:
        unknown = isinstance(method.instance, ModuleMethod) or bool(layers_of(method.instance))
        return None if unknown else json_safe({**_BLANK, "value": math.inf})
    kinds = [kind for kind in found[0].removeprefix(f"{PREFIX}{view}.").split("+") if kind]
    if not kinds:
        return json_safe({**_BLANK, "value": math.inf})
    measured = ceiling(diagnostics[found[0]][0])
    kind: Kind = "pass" if isinstance(method.instance, PassMethod) else "functional"
    return None if measured is None else json_safe({**asdict(measured), "kinds": kinds, "copies": COPIES[kind]})


_BLANK: Mapping[str, Any] = {"low": None, "high": None, "members": 0, "images": 0, "kinds": [], "copies": 0}
