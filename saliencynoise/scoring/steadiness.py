"""A test whether a network's logits depend only on the network and the image, as every statistic assumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import PluginError, one_line, seeded
from saliencynoise.scoring.attribution import failure
from saliencynoise.scoring.memory import is_out_of_memory
from saliencynoise.scoring.returned import described

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor, nn

    from saliencynoise.scoring.passes import Passes, Precision

IMAGES = 3
"""The test needs two images, and another one to replace the second."""

ROUNDING: dict[Precision, float] = {"float32": 1e-3, "bfloat16": 5e-2}
"""Largest difference of logits that may be rounding, relative to the largest logit. On a CPU (2 cores, torch 2.15.0) 5
small networks, contiguous and channels_last, gave equal logits to the last bit in both precisions; on a GPU it was not
measured (`tests/benchmarks/steadiness.py`)."""


class RefusedNetworkError(PluginError):
    """A network that cannot be attributed; the message names the layer and the fix."""


def refuse_unsteady(passes: Passes, images: Float[Tensor, "3 C H W"], *, name: str, classes: int | None = None) -> None:
    """Pass two images twice, and the first beside another one; refuse a network whose logits for it differ.

    The global random state is left as it was.

    Args:
        passes: passes of the network.
        images: three different images, normalised.
        name: the name of the architecture, for the message.
        classes: the expected number of logits; None accepts any.

    Raises:
        RefusedNetworkError: it names the likely layer and the fix, or describes the output that is no logits.
    """
    pair, other = images[:2], images[[0, 2]]
    with seeded(0):
        _refuse_no_logits(passes, pair, name=name, classes=classes)
        first, again, beside = (passes.logits(x) for x in (pair, pair, other))
        size = max(float(first.abs().nan_to_num().max()), 1e-6)
        tolerance = ROUNDING[passes.precision] * size
        if _differ(first, again, tolerance):
            layer = _first_difference(passes, pair, pair, rows=2)
            raise RefusedNetworkError(
                f"{name} is random in evaluation mode: the same images gave logits that differ by "
                f"{float((first - again).abs().max()):.2g} (largest logit {size:.2g}); the likely place is {layer}; "
                "functional dropout needs training=self.training; random numbers may be drawn in training only"
            )
        if _differ(first[:1], beside[:1], tolerance):
            layer = _first_difference(passes, pair, other, rows=1)
            raise RefusedNetworkError(
                f"{name} mixes the images of a batch: beside another image, an image gave logits that differ by "
                f"{float((first - beside)[:1].abs().max()):.2g} (largest logit {size:.2g}); the likely place is "
                f"{layer}; a normalisation must use running statistics in evaluation mode, or those of each image"
            )


def _refuse_no_logits(passes: Passes, pair: Tensor, *, name: str, classes: int | None) -> None:
    """Refuse a network that raises, or gives anything but logits `[N, K]`."""
    try:
        with torch.no_grad():
            logits: object = passes.network.module(pair.clone())
    except BaseException as error:
        if is_out_of_memory(error):
            raise
        raise RefusedNetworkError(f"{name} failed on two images: {one_line(failure(error))}") from error
    sound = isinstance(logits, torch.Tensor) and logits.ndim == 2 and logits.is_floating_point()
    if not isinstance(logits, torch.Tensor) or not sound or logits.shape != (2, classes or logits.shape[-1]):
        raise RefusedNetworkError(
            f"{name} gives {described(logits)} for 2 images; it must give floating-point logits [2, {classes or 'K'}]"
        )


def _differ(left: Tensor, right: Tensor, tolerance: float) -> bool:
    return bool(((left - right).abs() > tolerance).any())


@dataclass(frozen=True, kw_only=True)
class _Step:
    """Inputs and outputs of one run of a module without submodules."""

    path: str
    kind: str
    given: list[Tensor]
    gave: list[Tensor]


def _first_difference(passes: Passes, left: Tensor, right: Tensor, *, rows: int) -> str:
    """Return, in words, where two passes first differ in their first rows."""
    ahead, behind = _steps(passes, left), _steps(passes, right)
    for one, two in zip(ahead, behind, strict=False):
        layer = f"'{one.path}' ({one.kind})"
        if not _equal(one.given, two.given, rows):
            parent = one.path.rpartition(".")[0]
            forward = f"the forward of '{parent}'" if parent else "the network's own forward"
            return f"the computation before {layer}, in {forward}"
        if not _equal(one.gave, two.gave, rows):
            return layer
    return "the computation after the last layer, in the network's own forward"


def _steps(passes: Passes, x: Tensor) -> list[_Step]:
    steps: list[_Step] = []
    handles = []

    def keep(path: str, module: nn.Module, given: object, gave: object) -> None:
        steps.append(_Step(path=path, kind=type(module).__name__, given=_tensors(given), gave=_tensors(gave)))

    try:
        for path, module in passes.network.module.named_modules():
            if path and not any(True for _ in module.children()):
                handles.append(module.register_forward_hook(lambda m, i, o, path=path: keep(path, m, i, o)))
        passes.logits(x)
    finally:
        for handle in handles:
            handle.remove()
    return steps


def _tensors(values: object) -> list[Tensor]:
    parts = values if isinstance(values, tuple | list) else [values]
    return [part.detach().clone() for part in parts if isinstance(part, torch.Tensor)]


def _equal(left: list[Tensor], right: list[Tensor], rows: int) -> bool:
    return all(
        torch.allclose(one[:rows].float(), two[:rows].float(), rtol=1e-4, atol=1e-6, equal_nan=True)
        for one, two in zip(left, right, strict=False)
        if one.shape == two.shape and one.ndim
    )
