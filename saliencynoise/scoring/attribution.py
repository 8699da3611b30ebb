"""All pass methods of one network and one batch, from one shared pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saliencynoise.interfaces import Batch, Maps, PassMethod, Point, Tap
    from saliencynoise.scoring.scorer import Scorer


def attribute(scorer: Scorer, methods: Mapping[str, PassMethod], batch: Batch) -> dict[str, Maps | Exception]:
    """Return each method's maps of the batch, or the exception that it raised: one failure stops no other.

    The methods' points are united and passed once: a gradient and two CAMs cost as much as the gradient.
    """
    points = {name: _points(scorer, method) for name, method in methods.items()}
    usable = [point for wanted in points.values() if not isinstance(wanted, Exception) for point in wanted]
    taps = scorer.taps(batch.x, batch.target, tuple(dict.fromkeys(usable))) if usable else {}
    return {name: _maps(method, points[name], taps, batch) for name, method in methods.items()}


def _points(scorer: Scorer, method: PassMethod) -> tuple[Point, ...] | Exception:
    try:
        points = tuple(method.points)
        for point in points:
            scorer.check(point)
    except Exception as error:  # noqa: BLE001 - a plugin's method may raise anything
        return error
    return points


def _maps(
    method: PassMethod, points: tuple[Point, ...] | Exception, taps: Mapping[Point, Tap], batch: Batch
) -> Maps | Exception:
    if isinstance(points, Exception):
        return points
    try:
        return method.from_pass({point: taps[point] for point in points}, batch)
    except Exception as error:  # noqa: BLE001 - as above
        return error
