"""The search for a plan that fits an architecture to an image size: candidates are tried on the meta device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError, one_line
from saliencynoise_timm.convolutional import (
    StrideEdit,
    describe_edits,
    earliest_level,
    last_pool,
    merge,
)
from saliencynoise_timm.creation import check_names, refusal
from saliencynoise_timm.plan import Plan, Request, Size
from saliencynoise_timm.points import find_points
from saliencynoise_timm.tracing import ROWS, Trace, trace
from saliencynoise_timm.transformers import (
    describe_sizing,
    native_size,
    own_scaling,
    sizings,
    steps_between,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

GOAL = 4  # a map of fewer cells than 4x4 says next to nothing about where
_STEPS = 24  # more levels of resolution than any network has


@dataclass(frozen=True)
class Attempt:
    """A plan and the result of a trial pass; `plan` has points if the network gives a grid."""

    plan: Plan
    network: nn.Module | None = None
    seen: Trace | None = None
    failure: Exception | None = None

    @property
    def top(self) -> Size:
        """Return the grid of the top point, (0, 0) where there is none."""
        return dict(self.plan.points)["top"].grid if self.plan.points else (0, 0)


def find_plan(request: Request) -> Plan:
    """Return the first plan, from the least change to the greatest, whose top point has at least 4x4 cells.

    Global random state is left as found. No arithmetic is done: networks stand on the meta device.

    Raises:
        UsageError: if timm lacks the architecture or refuses the user's arguments, or if nothing helps.
    """
    if request.repeat:
        return find_plan(replace(request, channels=3, repeat=False)).repeated()
    check_names(request.name, dict(request.arguments))
    with torch.random.fork_rng(devices=[]):
        first = attempt(request, Plan(arguments=request.arguments), request.size)
        if first.network is None and first.failure is not None:
            raise refusal(
                request.name,
                channels=request.channels,
                num_classes=request.num_classes,
                arguments=dict(request.arguments),
                error=first.failure,
            ) from None
        if not request.adapt:
            return _stock(request, first)
        try:
            return _search(request, first)
        except UsageError as error:
            if request.channels != 1:
                raise
            refused = error
        of_three = replace(request, channels=3)  # CSATv2 transforms colours before anything else
        try:
            return _search(of_three, attempt(of_three, first.plan, request.size)).repeated()
        except UsageError:
            raise refused from None


def _stock(request: Request, candidate: Attempt) -> Plan:
    """Return the plan of timm's own network, whatever the grids of its points: of one cell, on small images."""
    if candidate.failure is None and candidate.plan.features is None:
        return candidate.plan
    why = one_line(candidate.failure) if candidate.failure else "it is an encoder without a classifier"
    size = f"{request.channels}x{request.size[0]}x{request.size[1]}"
    raise UsageError(
        f"timm/{request.name} cannot be used for images of {size} as timm builds it (adapt=False): {why}; give the "
        "--arch-arg and the --image-size that the networks were trained with, or leave adapt=false away"
    )


def _search(request: Request, first: Attempt) -> Plan:
    if _reached(first, request):
        return first.plan
    reasons = [first.failure]
    for route in (_by_size, _by_strides, _by_resizing):
        for candidate in route(request, first):
            if _reached(candidate, request):
                return candidate.plan
            reasons.append(candidate.failure)
    why = next((str(reason).splitlines()[0] for reason in reversed(reasons) if reason and str(reason)), "")
    size = f"{request.channels}x{request.size[0]}x{request.size[1]}"
    raise UsageError(
        f"timm/{request.name} cannot be fitted to images of {size}"
        + (f" with {dict(request.arguments)}" if request.arguments else "")
        + (f": {why}" if why else "")
        + "; try other --arch-arg, another --image-size or another architecture"
    )


def _reached(candidate: Attempt, request: Request) -> bool:
    goal = [min(GOAL, n) for n in request.size]
    return all(have >= want for have, want in zip(candidate.top, goal, strict=True))


def attempt(request: Request, plan: Plan, size: Size) -> Attempt:
    """Build `plan` on the meta device, pass images of `size` through it, and add the result."""
    try:
        network = plan.bare(request, device="meta")
    except Exception as error:  # noqa: BLE001 - an argument that this architecture does not take
        return Attempt(plan, failure=error)
    traced = trace(network, request.channels, size)
    if traced.failure is not None:
        return Attempt(plan, network, traced, traced.failure)
    try:
        plan = _with_classifier(plan, request, traced)
        plan = replace(plan, adaptations=(*plan.adaptations, *own_scaling(network, size)))
        points = find_points(network, traced)
    except LookupError as error:
        return Attempt(plan, network, traced, error)
    clobbered = any(point.module in traced.overwritten for point in points.values())
    prefix = "network." * ((plan.features is not None) + (plan.resize is not None))
    points = {key: replace(point, module=prefix + point.module) for key, point in points.items()}
    return Attempt(replace(plan, points=tuple(points.items()), keep_outputs=clobbered), network, traced)


def _with_classifier(plan: Plan, request: Request, traced: Trace) -> Plan:
    if traced.result == (ROWS, request.num_classes):
        return plan
    if traced.result is None or len(traced.result) not in (3, 4):
        raise LookupError("the network does not return logits")
    last = len(traced.result) == 3
    return replace(
        plan,
        features=traced.result[-1] if last else traced.result[1],
        channels_last=last,
        adaptations=(*plan.adaptations, "linear classifier added on the mean of the encoder's features"),
    )


def _by_size(request: Request, first: Attempt) -> Iterator[Attempt]:
    """Try timm's own arguments for the size of images, patches and windows."""
    for sizing in sizings(dict(request.arguments), request.size, first.network):
        resize = sizing.size if sizing.size != request.size else None
        plan = Plan(
            arguments=(*request.arguments, *sizing.arguments),
            resize=resize,
            adaptations=describe_sizing(sizing, first.network, request.size),
        )
        yield attempt(request, plan, sizing.size)


def _by_strides(request: Request, first: Attempt) -> Iterator[Attempt]:
    """Lower the earliest strides step by step; where timm fixes the size, a larger image size is passed to timm.

    For the layers behind it, half the stride on an image equals the full stride on an image of twice the size.
    """
    assert first.network is not None  # noqa: S101 - find_plan stopped otherwise
    vgg = type(first.network).__name__ == "VGG"
    sized = not vgg and _takes_size(request)
    edits: dict[str, StrideEdit] = {}
    current, factor = first, 1.0
    if sized:  # the first attempt may have stopped at a check of the size, in front of any stride
        current = attempt(request, Plan(arguments=(*request.arguments, ("img_size", request.size))), request.size)
    for _ in range(_STEPS):
        if current.network is None or current.seen is None:
            return
        level: tuple[StrideEdit, ...]
        if vgg:
            pool = last_pool(current.network, edits)
            level = () if pool is None else (pool,)
        else:
            level = earliest_level(current.network, current.seen)
        if not level:
            return
        factor *= max(level[0].before) / max(level[0].after)
        edits = merge(edits, level)
        arguments = request.arguments
        adaptations = describe_edits(edits)
        if vgg:
            adaptations = (*adaptations, "the two 4096-wide layers of the head removed")
        if sized:
            declared_size = (round(factor * request.size[0]), round(factor * request.size[1]))
            arguments = (*arguments, ("img_size", declared_size))
            adaptations = (*adaptations, f"built as for images of {declared_size[0]}x{declared_size[1]}")
        plan = Plan(arguments=arguments, edits=tuple(edits.values()), narrow_head=vgg, adaptations=adaptations)
        current = attempt(request, plan, request.size)
        yield current


def _takes_size(request: Request) -> bool:
    if "img_size" in dict(request.arguments):
        return False
    plan = Plan(arguments=(*request.arguments, ("img_size", (256, 256))))
    try:
        plan.bare(request, device="meta")
    except Exception as error:  # noqa: BLE001 - as in attempt
        return "img_size" not in str(error)
    return True


def _by_resizing(request: Request, first: Attempt) -> Iterator[Attempt]:
    """Scale the images up: first a little, with other edits that help; in the end to the size that timm intends."""
    assert first.network is not None  # noqa: S101 - find_plan stopped otherwise
    size = native_size(first.network, dict(request.arguments))
    steps = () if "img_size" in dict(request.arguments) else steps_between(request.size, size)
    for step in steps:
        larger = replace(request, size=step)
        start = attempt(larger, Plan(arguments=request.arguments), step)
        for candidate in (start, *_by_size(larger, start), *_by_strides(larger, start)):
            if candidate.plan.resize is None and _reached(candidate, larger):
                yield replace(candidate, plan=candidate.plan.resized(request.size, step))
                break
    last = attempt(replace(request, size=size), Plan(arguments=request.arguments), size)
    yield replace(last, plan=last.plan.resized(request.size, size))
