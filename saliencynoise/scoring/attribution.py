"""All pass methods of one network and one batch, from one shared pass."""

from __future__ import annotations

from collections.abc import Mapping

from saliencynoise.interfaces import Batch, Maps, PassMethod
from saliencynoise.scoring.scorer import Scorer


def attribute(scorer: Scorer, methods: Mapping[str, PassMethod], batch: Batch) -> dict[str, Maps | Exception]:
    """Return each method's maps of the batch, or the exception that it raised: one failure stops no other.

    The methods' points are united and passed once, so that a gradient and two CAMs cost as much as the gradient.
    """
    points = tuple(dict.fromkeys(point for method in methods.values() for point in method.points))
    taps = scorer.taps(batch.x, batch.target, points)
    results: dict[str, Maps | Exception] = {}
    for name, method in methods.items():
        try:
            results[name] = method.from_pass({point: taps[point] for point in method.points}, batch)
        except Exception as error:  # noqa: BLE001 - a plugin's method may raise anything
            results[name] = error
    return results
