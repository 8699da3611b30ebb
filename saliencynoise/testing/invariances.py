"""Check of the declared invariances of a method on a layer: transformed taps stand in for changed weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import Batch, FunctionalMethod, Maps, PassMethod, Rewrite, Tap
from saliencynoise.scoring import Passes, Rewriting, RewrittenScorer, Scorer
from saliencynoise.scoring.rewriting import INCLUDED
from saliencynoise.testing.checks import Check
from saliencynoise.testing.networks import batch_of, convolutional
from saliencynoise.testing.state import guarded
from saliencynoise.testing.subjects import ROWS
from saliencynoise.testing.values import require_equal

if TYPE_CHECKING:
    from saliencynoise.testing.subjects import MethodSubject

DRAWS = 3
"""Random changes of each kind."""

CLOSE = 1e-8
"""Largest relative difference: products with a matrix and back round, and singular vectors round more."""


def check_invariances(subject: MethodSubject) -> None:
    """The maps are invariant to each declared kind, and to those that it includes, on both CAM points."""
    expected = subject.maps().values
    for declared in subject.spec.invariant_to:
        for kind in (declared, *INCLUDED.get(declared, ())):
            for seed in range(DRAWS):
                rewritten = maps_of_rewritten(subject, kind, seed).values
                comparison = f"maps of a network whose layer is rewritten by a random {kind.replace('_', ' ')}"
                require_equal(rewritten, expected, comparison, tolerance=CLOSE)


def maps_of_rewritten(subject: MethodSubject, kind: Rewrite, seed: int) -> Maps:
    """Return a method's maps of the kit's network, rewritten at its CAM points by a random change of one kind."""
    network, batch, method = convolutional(), batch_of(), subject.method
    rewriting = Rewriting(dict.fromkeys(network.points, (kind,)), seed=seed)
    with guarded(0):
        scorer = RewrittenScorer(Scorer(Passes(network, rows=ROWS), batch), rewriting)
        if isinstance(method, PassMethod):
            return method.from_pass(_of_images(scorer, method, batch), batch)
        assert isinstance(method, FunctionalMethod)  # noqa: S101 - the check applies to these only; this tells mypy
        return method.attribute(scorer, batch)


def _of_images(scorer: RewrittenScorer, method: PassMethod, batch: Batch) -> dict[str, Tap]:
    taps = scorer.taps(batch.x[:, None], *method.points)
    return {point: Tap(tap.value[:, 0], tap.grad[:, 0]) for point, tap in taps.items()}


def _inapplicable(subject: MethodSubject) -> str:
    if not subject.spec.invariant_to:
        return "its spec declares no invariance"
    if not isinstance(subject.method, PassMethod | FunctionalMethod):
        return "a module method reads the network itself, and is handed no taps"
    return ""


def checks() -> Iterator[Check[Any]]:
    """Yield the check."""
    yield Check(
        name="invariant_to",
        contract="the kinds of `Rewrite` that leave its maps as they are when it is handed Tap(T a, T^-T g)",
        run=check_invariances,
        applies=_inapplicable,
        needs=("finite", "repeatable"),
    )
