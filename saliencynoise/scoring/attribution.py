"""Methods on one network and one batch: pass methods share a pass, other methods make their own passes."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import (
    Batch,
    ConfigurationError,
    FunctionalMethod,
    Maps,
    ModuleMethod,
    PassMethod,
    Point,
    Tap,
    one_line,
)
from saliencynoise.scoring.returned import checked
from saliencynoise.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saliencynoise.scoring.passes import Passes


@dataclass(frozen=True, kw_only=True)
class SharedPass:
    """One pass at the points of several methods.

    Attributes:
        methods: by name.
        points: the points of each method, or the exception that says why the network does not have them.
        taps: values and gradients at all points, or the exception that the pass raised.
    """

    methods: Mapping[str, PassMethod]
    points: Mapping[str, tuple[Point, ...] | Exception]
    taps: Mapping[Point, Tap] | Exception

    def maps(self, name: str, batch: Batch) -> Maps | Exception:
        """Return one method's maps, or the exception that it raised. The method gets a copy of its taps."""
        points = self.points[name]
        if isinstance(points, Exception):
            return points
        if isinstance(self.taps, Exception):
            return self.taps
        taps = {point: self.taps[point] for point in points}
        try:
            copies = {point: Tap(tap.value[:, 0].clone(), tap.grad[:, 0].clone()) for point, tap in taps.items()}
            return checked(self.methods[name].from_pass(copies, batch), len(batch.x))
        except BaseException as error:  # noqa: BLE001 - a plugin's method may raise anything
            return failure(error)


def shared_taps(passes: Passes, methods: Mapping[str, PassMethod], batch: Batch) -> SharedPass:
    """Make one pass at the united points of all methods: a gradient and two CAMs cost as much as the gradient."""
    points = {name: _points(passes, method) for name, method in methods.items()}
    usable = [point for wanted in points.values() if not isinstance(wanted, Exception) for point in wanted]
    taps: Mapping[Point, Tap] | Exception = {}
    if usable:
        try:
            taps = Scorer(passes, batch).taps(batch.x[:, None], *dict.fromkeys(usable))
        except BaseException as error:  # noqa: BLE001 - a network may raise anything
            taps = failure(error)
    return SharedPass(methods=methods, points=points, taps=taps)


def attribute_together(passes: Passes, methods: Mapping[str, PassMethod], batch: Batch) -> dict[str, Maps | Exception]:
    """Return each pass method's maps of the batch, or the exception that it raised: one failure stops no other."""
    shared = shared_taps(passes, methods, batch)
    return {name: shared.maps(name, batch) for name in methods}


def attribute(passes: Passes, method: PassMethod | FunctionalMethod | ModuleMethod, batch: Batch) -> Maps | Exception:
    """Return a method's maps of the batch, or the exception that it raised.

    A module method is given no more images at a time than a pass has rows, and works in float32.
    """
    if isinstance(method, PassMethod):
        return attribute_together(passes, {"": method}, batch)[""]
    try:
        if isinstance(method, FunctionalMethod):
            return checked(method.attribute(Scorer(passes, batch), batch), len(batch.x))
        return _joined(method, passes, batch)
    except BaseException as error:  # noqa: BLE001 - a plugin's method may raise anything
        return failure(error)


def failure(error: BaseException) -> Exception:
    """Return a plugin's error as an exception: `sys.exit` ends the method, not the process.

    Raises:
        KeyboardInterrupt: if the user pressed Ctrl-C. Where this process ignores Ctrl-C, a plugin raised it.
    """
    if isinstance(error, Exception):
        return error
    if isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        raise error
    stopped = ConfigurationError(f"it raised {one_line(error)}, which a plugin must not raise; raise an Exception")
    stopped.__cause__ = error
    return stopped


def _joined(method: ModuleMethod, passes: Passes, batch: Batch) -> Maps | Exception:
    parts: list[Maps] = []
    for part in batch.split(passes.rows):
        maps = checked(method.attribute_module(passes.network, part), len(part.x))
        if isinstance(maps, Exception):
            return maps
        if parts and maps.values.shape[1:] != parts[0].values.shape[1:]:
            sizes = [tuple(values.shape[1:]) for values in (parts[0].values, maps.values)]
            return ConfigurationError(f"the method gave maps of {sizes[0]} for some images and {sizes[1]} for others")
        if parts and set(maps.diagnostics) != set(parts[0].diagnostics):
            return ConfigurationError("the method gave other diagnostics for some images than for others")
        parts.append(maps)
    return Maps.joined(parts)


def _points(passes: Passes, method: PassMethod) -> tuple[Point, ...] | Exception:
    try:
        points = tuple(method.points)
        for point in points:
            passes.check(point)
    except BaseException as error:  # noqa: BLE001 - a plugin's method may raise anything
        return failure(error)
    return points
