"""The CAM points of any network, found by itself: one pass shows which modules give a grid that the outputs depend on.

"top" is the last such module, and "intermediate" the last one of the next finer resolution, or about a quarter of the
depth earlier where the network has one resolution. Modules that only pool, reorder or drop values count for nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import INPUT, CamPoint, Point, UsageError
from saliencynoise.interfaces.grids import mismatch, token_grid
from saliencynoise.interfaces.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Float
    from torch import Tensor, nn

ROWS = 2
"""Images of the pass: one would not tell the axis of the images from others."""

NO_FEATURES = ("Pool", "Permute", "Flatten", "Softmax", "Upsample", "Linear")
"""Parts of the names of classes whose modules make no features: they pool, reorder, weight or project others'."""

NOTHING = ("Identity", "Drop", "StochasticDepth")
"""Parts of the names of classes whose modules return what they were given, in eval mode."""

FAMILY = 4
"""Modules of one name with other numbers that are taken for the blocks of a network."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """An output of a network's modules: the same tensor may be that of a block and of its last part.

    Attributes:
        point: the point of the outermost module that gives it.
        order: when it was computed.
    """

    point: CamPoint
    order: int

    @property
    def depth(self) -> int:
        """How deep the module lies in the network."""
        return self.point.module.count(".")

    @property
    def cells(self) -> int:
        """Number of cells of the grid."""
        return self.point.grid[0] * self.point.grid[1]


@dataclass(frozen=True, kw_only=True)
class _Output:
    """What a module returned: one tensor in the state that it had then, or something else."""

    path: str
    kind: str
    tensor: Tensor | None
    version: int


def find_points(module: nn.Module, images: Float[Tensor, "N C H W"]) -> dict[Point, CamPoint]:
    """Return the points "top" and "intermediate" of a network in eval mode, as far as it has them.

    Hooks are removed, and no weight and no mode is changed.

    Args:
        module: maps images to outputs.
        images: of which the first ones are passed, on the module's device.
    """
    layers = find_layers(module, images)
    if not layers:
        return {}
    top = layers[-1]
    earlier = _finer(top, layers) or _quarter_earlier(top, layers)
    return {"top": top.point} | ({} if earlier is None else {"intermediate": earlier.point})


def points_at(
    module: nn.Module, images: Float[Tensor, "N C H W"], layers: Mapping[Point, str], *, name: str
) -> dict[Point, CamPoint]:
    """Return the points that `find_points` finds, with other modules, named by their paths, for some of them.

    Args:
        module: as in `find_points`.
        images: as in `find_points`.
        layers: path of a module by point, as {"top": "layer4"}.
        name: the network in words, for messages.

    Raises:
        UsageError: if there is no such module, or its output is no grid.
    """
    paths = [path for path, _ in module.named_modules() if path]
    for point, path in layers.items():
        if not (isinstance(point, str) and point.isidentifier()) or point == INPUT:
            raise UsageError(f"layers names the point {point!r}; name top or intermediate, as {{'top': 'layer4'}}")
        if path not in paths:
            hint = did_you_mean(str(path), paths, otherwise="its named_modules() lists all", most=3)
            raise UsageError(f"layers: {name} has no module {path!r}; {hint}")
    found = {} if {"top", "intermediate"} <= layers.keys() else find_points(module, images)
    outputs = _outputs(module, images) if layers else []
    return {**found, **{point: _point_at(path, outputs, images, name=name) for point, path in layers.items()}}


def _point_at(path: str, outputs: Sequence[_Output], images: Tensor, *, name: str) -> CamPoint:
    calls = [output for output in outputs if output.path == path]
    if len(calls) != 1:
        raise UsageError(
            f"layers: {name} runs the module '{path}' {len(calls)} times in a pass; name one that runs once"
        )
    point = None if calls[0].tensor is None else _grid(path, calls[0].tensor, images)
    if point is None:
        shape = "no tensor" if calls[0].tensor is None else f"{list(calls[0].tensor.shape)}"
        raise UsageError(f"layers: the module '{path}' of {name} gives {shape}, which is no grid; name another one")
    return point


def find_layers(module: nn.Module, images: Float[Tensor, "N C H W"]) -> list[Layer]:
    """Return the outputs that are grids of features and on which the network's output depends, in their order."""
    outputs = _outputs(module, images)
    calls = Counter(output.path for output in outputs)
    same: dict[tuple[int, int], list[_Output]] = defaultdict(list)
    for output in outputs:
        if output.tensor is not None:
            same[id(output.tensor), output.version].append(output)
    layers = []
    for order, group in enumerate(same.values()):
        paths = [output.path for output in group if output.path and calls[output.path] == 1]
        makers = [output.kind for output in group if not any(part in output.kind for part in NOTHING)]
        if not paths or not makers or any(part in makers[0] for part in NO_FEATURES):
            continue
        tensor = group[0].tensor
        point = None if tensor is None else _grid(min(paths, key=lambda path: path.count(".")), tensor, images)
        if point is not None:
            layers.append(Layer(point=point, order=order))
    reached = _reached(module, images, layers)
    return [layer for layer in layers if layer.point.module in reached]


def _outputs(module: nn.Module, images: Tensor) -> list[_Output]:
    """Return what each module returned in one pass, in order; tensors are kept, so that no two have one identity."""
    outputs: list[_Output] = []

    def keep(path: str, of: nn.Module, value: object) -> None:
        tensor = value if isinstance(value, torch.Tensor) else None
        version = -1 if tensor is None else tensor._version  # noqa: SLF001 - the counter has no public name
        outputs.append(_Output(path=path, kind=type(of).__name__, tensor=tensor, version=version))

    handles = [
        part.register_forward_hook(lambda own, _, value, path=path: keep(path, own, value))
        for path, part in module.named_modules()
        if path
    ]
    try:
        with torch.no_grad():
            module(_few(images))
    finally:
        for handle in handles:
            handle.remove()
    return outputs


def _few(images: Tensor) -> Tensor:
    """Return `ROWS` images; one is passed twice where there is only one."""
    return images[torch.arange(ROWS, device=images.device) % len(images)].clone()


def _grid(path: str, tensor: Tensor, images: Tensor) -> CamPoint | None:
    """Return the point of a module, with its layout and its grid of 2x2 cells or more; None where it gives no grid."""
    shape, size = tuple(tensor.shape), (images.shape[-2], images.shape[-1])
    if len(shape) < 3 or shape[0] != ROWS or not tensor.is_floating_point() or shape[1:] == images.shape[1:]:
        return None
    if len(shape) == 4:
        first, last = (shape[2], shape[3]), (shape[1], shape[2])
        if mismatch(last, size) < mismatch(first, size):
            point = CamPoint(module=path, layout="NHWC", grid=last)
        else:
            point = CamPoint(module=path, grid=first)
    elif len(shape) == 3 and (found := token_grid(shape[1], size)) is not None:
        point = CamPoint(module=path, layout="tokens", grid=found[0], prefix_tokens=found[1])
    else:
        return None
    return point if min(point.grid) > 1 else None


def _reached(module: nn.Module, images: Tensor, layers: Sequence[Layer]) -> set[str]:
    """Return the paths of the layers on whose grids the output depends; all of them if it has no gradient at all.

    Behind the last attention, patches have no effect where only the class token is read.
    """
    captured: dict[str, Tensor] = {}

    def keep(path: str, value: Tensor) -> Tensor:
        captured[path] = value if value.requires_grad else value.detach().requires_grad_()
        return captured[path].clone()  # later modules may change it in place

    handles = [
        module.get_submodule(layer.point.module).register_forward_hook(
            lambda _, __, value, path=layer.point.module: keep(path, value)
        )
        for layer in layers
    ]
    try:
        with torch.enable_grad():
            output: object = module(_few(images).requires_grad_())
    finally:
        for handle in handles:
            handle.remove()
    paths = [layer.point.module for layer in layers]
    if not layers or not isinstance(output, torch.Tensor) or not output.requires_grad:
        return set(paths)
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(0)).to(output)
    gradients = torch.autograd.grad((output * weights).sum(), [captured[path] for path in paths], allow_unused=True)
    reached = {
        layer.point.module
        for layer, gradient in zip(layers, gradients, strict=True)
        if gradient is not None and bool(layer.point.to_grid(gradient).any())
    }
    return reached or set(paths)


def _finer(top: Layer, layers: Sequence[Layer]) -> Layer | None:
    """Return the last layer of the next finer resolution before `top`, one that lies least deep; None without any."""
    finer = [layer for layer in layers if layer.cells > top.cells]
    if not finer:
        return None
    level = [layer for layer in finer if layer.cells == min(other.cells for other in finer)]
    depth = min(layer.depth for layer in level)
    return [layer for layer in level if layer.depth == depth][-1]


def _quarter_earlier(top: Layer, layers: Sequence[Layer]) -> Layer | None:
    """Return the layer about a quarter of the depth before `top`, of the blocks where the network has some."""
    earlier = [layer for layer in layers[:-1] if layer.cells == top.cells]
    if not earlier:
        return None
    families: dict[str, list[Layer]] = defaultdict(list)
    for layer in earlier:
        families[re.sub(r"\d+$", "", layer.point.module)].append(layer)
    blocks = [family for family in families.values() if len(family) >= FAMILY]
    chosen = min(blocks, key=lambda family: family[0].depth) if blocks else earlier
    last = len(chosen) - (not _is_block_of(top, chosen))
    return chosen[max(0, last - max(1, (last + 1) // 4))]


def _is_block_of(top: Layer, blocks: Sequence[Layer]) -> bool:
    """Whether `top` is, or lies in, the block behind the last one of `blocks`, which is then not among them."""
    stem = re.sub(r"\d+$", "", blocks[-1].point.module)
    return top.point.module.startswith(stem)
