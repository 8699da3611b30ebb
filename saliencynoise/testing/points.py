"""Checks of an architecture's CAM points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

import torch

from saliencynoise.interfaces import Rewrite
from saliencynoise.scoring import Passes
from saliencynoise.testing.architectures import SQUARE, images, logits_of
from saliencynoise.testing.checks import Check, ContractBroken
from saliencynoise.testing.state import guarded
from saliencynoise.testing.values import require_equal

if TYPE_CHECKING:
    from torch import Tensor

    from saliencynoise.interfaces import Network
    from saliencynoise.testing.subjects import ModelSubject

NAMES = ("top", "intermediate")


def check_points(subject: ModelSubject) -> None:
    """Both points exist, and so do their modules."""
    network = subject.build(SQUARE)
    missing = [name for name in NAMES if name not in network.points]
    if missing:
        raise ContractBroken(f"there is no point '{missing[0]}', only {', '.join(network.points) or 'none'}")
    modules = dict(network.module.named_modules())
    for name, point in network.points.items():
        if point.module not in modules:
            raise ContractBroken(f"the network has no module '{point.module}', its point '{name}'")


def check_points_run_once(subject: ModelSubject) -> None:
    """The module of each point runs once in a forward pass, and gives a tensor."""
    network = subject.build(SQUARE)
    for name in network.points:
        outputs = _outputs(network, name)
        if len(outputs) != 1:
            raise ContractBroken(f"the module of the point '{name}' runs {len(outputs)} times in a forward pass")
        if not isinstance(outputs[0], torch.Tensor):
            raise ContractBroken(f"the module of the point '{name}' gives {type(outputs[0]).__name__}, not a tensor")


def check_grids(subject: ModelSubject) -> None:
    """The output of the module becomes `[N, c, h, w]` with the declared h and w."""
    network = subject.build(SQUARE)
    for name, point in network.points.items():
        (output,) = _outputs(network, name)
        assert isinstance(output, torch.Tensor)  # noqa: S101 - "points_run_once" tested it; this tells mypy
        grid = point.to_grid(output)
        if grid.ndim != 4 or len(grid) != len(images()) or tuple(grid.shape[2:]) != tuple(point.grid):
            raise ContractBroken(f"the point '{name}' declares a grid of {point.grid} and gives {list(grid.shape)}")


def check_grids_put_back(subject: ModelSubject) -> None:
    """Each point's own grid, put back where it came from, gives the same logits."""
    network, x = subject.build(SQUARE), images()
    expected = logits_of(network, x)
    for name, point in network.points.items():
        (output,) = _outputs(network, name)
        assert isinstance(output, torch.Tensor)  # noqa: S101 - as above
        with guarded(0):
            logits = Passes(network).logits(x, replaced={name: point.to_grid(output)})
        require_equal(logits, expected, f"logits with the grid of '{name}' put back in its place")


def check_gradients(subject: ModelSubject) -> None:
    """Logits depend on the image, and on the grid of each point."""
    network, x = subject.build(SQUARE), images()
    network.module.double()
    points = ("input", *network.points)
    with guarded(0):
        taps = Passes(network).taps(x, torch.zeros(len(x), dtype=torch.int64), points)
    for name, tap in taps.items():
        if not tap.grad.any():
            raise ContractBroken(f"the derivative of the logits at '{name}' is zero everywhere")


def check_rewrites(subject: ModelSubject) -> None:
    """The declared rewrites exist; none changes signs at a point without negative values, as after a ReLU."""
    network = subject.build(SQUARE)
    for name, point in network.points.items():
        if point.rewrites is None:
            continue
        unknown = [kind for kind in point.rewrites if kind not in get_args(Rewrite)]
        if unknown:
            raise ContractBroken(f"the point '{name}' allows '{unknown[0]}'; choose of {', '.join(get_args(Rewrite))}")
        turning = [kind for kind in point.rewrites if kind not in {"permutation", "positive_scale"}]
        (output,) = _outputs(network, name)
        assert isinstance(output, torch.Tensor)  # noqa: S101 - as above
        if turning and not (point.to_grid(output) < 0).any():
            raise ContractBroken(
                f"the point '{name}' allows '{turning[0]}', but no value there is negative, as after a ReLU: other "
                "weights cannot undo it"
            )


def _outputs(network: Network, point: str) -> list[object]:
    """Return the outputs of the module of a point, one for each call in one forward pass."""
    outputs: list[object] = []

    def keep(_module: object, _inputs: object, output: object) -> None:
        outputs.append(_copied(output))

    handle = network.module.get_submodule(network.points[point].module).register_forward_hook(keep)
    try:
        logits_of(network, images())
    finally:
        handle.remove()
    return outputs


def _copied(output: object) -> object:
    """Return a copy, since a later layer may change the output in place."""
    copy: Tensor | object = output.detach().clone() if isinstance(output, torch.Tensor) else output
    return copy


def checks() -> Iterator[Check[ModelSubject]]:
    """Yield the checks of the points; all others need "points"."""
    once = "Each module runs once in a forward pass, and the logits depend on what it gives."
    yield Check(
        name="points",
        contract='the CAM points: "top" (the last layer that still has a grid) and "intermediate"',
        run=check_points,
    )
    yield Check(name="points_run_once", contract=once, run=check_points_run_once, needs=("points",))
    once_each = ("points", "points_run_once")
    yield Check(name="grids", contract="height and width (h, w) of the grid.", run=check_grids, needs=once_each)
    yield Check(
        name="grids_put_back",
        contract="Return `output`, what the module computed, with `grid` in the place of its own grid.",
        run=check_grids_put_back,
        needs=(*once_each, "grids", "deterministic"),
    )
    yield Check(name="gradients", contract=once, run=check_gradients, needs=once_each)
    yield Check(
        name="rewrites",
        contract="the kinds of `Rewrite` of its channels that other weights of the same architecture undo",
        run=check_rewrites,
        needs=(*once_each, "grids"),
    )
