"""Methods on one network and one batch: pass methods share a pass, the others work by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces import Batch, FunctionalMethod, Maps, ModuleMethod, PassMethod, Point, Tap
from saliencynoise.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saliencynoise.scoring.passes import Passes


def attribute_together(passes: Passes, methods: Mapping[str, PassMethod], batch: Batch) -> dict[str, Maps | Exception]:
    """Return each pass method's maps of the batch, or the exception that it raised: one failure stops no other.

    The methods' points are united and passed once: a gradient and two CAMs cost as much as the gradient.
    """
    points = {name: _points(passes, method) for name, method in methods.items()}
    usable = [point for wanted in points.values() if not isinstance(wanted, Exception) for point in wanted]
    taps: Mapping[Point, Tap] | Exception = {}
    if usable:
        try:
            taps = Scorer(passes, batch).taps(batch.x[:, None], *dict.fromkeys(usable))
        except Exception as error:  # noqa: BLE001 - a network may raise anything
            taps = error
    return {name: _maps(method, points[name], taps, batch) for name, method in methods.items()}


def attribute(passes: Passes, method: PassMethod | FunctionalMethod | ModuleMethod, batch: Batch) -> Maps | Exception:
    """Return a method's maps of the batch, or the exception that it raised.

    A module method is given no more images at a time than a pass has rows, and works in float32.
    """
    if isinstance(method, PassMethod):
        return attribute_together(passes, {"": method}, batch)[""]
    try:
        if isinstance(method, FunctionalMethod):
            return method.attribute(Scorer(passes, batch), batch)
        return Maps.joined([method.attribute_module(passes.network, part) for part in batch.split(passes.rows)])
    except Exception as error:  # noqa: BLE001 - a plugin's method may raise anything
        return error


def _points(passes: Passes, method: PassMethod) -> tuple[Point, ...] | Exception:
    try:
        points = tuple(method.points)
        for point in points:
            passes.check(point)
    except Exception as error:  # noqa: BLE001 - a plugin's method may raise anything
        return error
    return points


def _maps(
    method: PassMethod, points: tuple[Point, ...] | Exception, taps: Mapping[Point, Tap] | Exception, batch: Batch
) -> Maps | Exception:
    if isinstance(points, Exception):
        return points
    if isinstance(taps, Exception):
        return taps
    try:
        own = {point: Tap(taps[point].value[:, 0], taps[point].grad[:, 0]) for point in points}
        return method.from_pass(own, batch)
    except Exception as error:  # noqa: BLE001 - as above
        return error
