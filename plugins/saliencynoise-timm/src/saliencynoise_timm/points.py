"""CAM points: the places where a network has a grid of features, from timm's metadata and a trial pass."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import CamPoint
from saliencynoise.interfaces.grids import mismatch, token_grid
from saliencynoise_timm.rewrites import rewrites_of

if TYPE_CHECKING:
    from torch import nn

    from saliencynoise_timm.tracing import Trace

# (top, intermediate) where timm's `feature_info` names no module, or one whose output is not one tensor.
_BY_CLASS: dict[str, tuple[str, str]] = {
    "CrossVit": ("blocks.-1.blocks.1", "blocks.-2.blocks.1"),  # the coarse branch is the deep one
    "EfficientViM": ("norm.-1", "stages.-2.blocks.-1.norm"),
    "EfficientViMDistilled": ("norm.-1", "stages.-2.blocks.-1.norm"),
    "HighResolutionNet": ("final_layer", "incre_modules.2"),
    "MultiScaleVit": ("stages.-1.blocks.-1.norm1", "stages.-2.blocks.-1.norm1"),
    "PoolingVisionTransformer": ("transformers.-1.blocks.-1.norm1", "transformers.-2.blocks.-1"),
    "TNT": ("blocks.-1.norm_out", "blocks.-q.norm_out"),
    "Twins": ("norm", "blocks.-2.-1"),
}
_COAT_SERIAL = ("serial_blocks4.-1.norm1", "serial_blocks3.-1")
_COAT_PARALLEL = ("parallel_blocks.-1.norm14", "serial_blocks3.-1")


def find_points(network: nn.Module, traced: Trace) -> dict[str, CamPoint]:
    """Return the points "top" and "intermediate" of a network that was traced.

    Raises:
        LookupError: if there is no place that is called once and returns a grid as one tensor.
    """
    top, intermediate = _paths(network, traced)
    if intermediate == top:
        raise LookupError(f"top and intermediate are both '{top}'")
    return {
        "top": describe(network, traced, top),
        "intermediate": describe(network, traced, intermediate),
    }


def describe(network: nn.Module, traced: Trace, path: str) -> CamPoint:
    """Return the point at `path`: its layout and grid at this image size, and the rewrites that it allows.

    Raises:
        LookupError: if the module is not called exactly once, or its output is no grid.
    """
    return replace(_grid(network, traced, path), rewrites=rewrites_of(network, path))


def _grid(network: nn.Module, traced: Trace, path: str) -> CamPoint:
    shapes = traced.outputs.get(path, [])
    if len(shapes) != 1:
        raise LookupError(f"module '{path}' is called {len(shapes)} times in a pass, not once")
    shape = shapes[0]
    if shape is None:
        raise LookupError(f"module '{path}' does not return one tensor")
    if len(shape) == 4:
        return _four_dimensional(network, traced, path, shape)
    if len(shape) == 3:
        return _tokens(network, traced, path, shape)
    raise LookupError(f"module '{path}' returns {len(shape)} dimensions")


def _paths(network: nn.Module, traced: Trace) -> tuple[str, str]:
    kind = type(network).__name__
    if kind == "CoaT":
        pair = _COAT_PARALLEL if getattr(network, "parallel_blocks", None) is not None else _COAT_SERIAL
        return _resolve(network, pair[0]), _resolve(network, pair[1])
    if kind in _BY_CLASS:
        return _resolve(network, _BY_CLASS[kind][0]), _resolve(network, _BY_CLASS[kind][1])
    info = _feature_info(network)
    if kind == "VGG":
        info = info[:-1]  # the last entry is the pool after the last layer
    if len(info) < 2:
        raise LookupError(f"timm names no features of {kind}")
    top, before = info[-1]["module"], info[-2]["module"]
    if kind == "Hiera":
        return top, _first_like(traced, top)
    if info[-1].get("reduction") == info[-2].get("reduction"):
        before = _quarter_earlier(top, before)
    return _before_class_token(network, traced, top), before


def _feature_info(network: nn.Module) -> list[dict[str, Any]]:
    info: Any = getattr(network, "feature_info", None) or []
    entries = [dict(entry) for entry in getattr(info, "info", info)]
    modules = dict(network.named_modules())
    for entry in entries:  # Gemma's and its like's classifiers give the paths inside their encoder
        if entry["module"] not in modules and f"encoder.{entry['module']}" in modules:
            entry["module"] = f"encoder.{entry['module']}"
    return entries


def _quarter_earlier(top: str, otherwise: str) -> str:
    """Return the block a quarter of the depth before `top`, in networks of one resolution."""
    match = re.fullmatch(r"(.*?)(\d+)", top)
    if match is None:
        return otherwise
    last = int(match[2])
    return f"{match[1]}{last - max(1, (last + 1) // 4)}" if last else otherwise


def _first_like(traced: Trace, top: str) -> str:
    """Return the first block with as many tokens as `top`: Hiera's earlier stages order tokens otherwise."""
    stem = top.rsplit(".", 1)[0]
    for path, shapes in traced.outputs.items():
        if re.fullmatch(re.escape(stem) + r"\.\d+", path) and shapes == traced.outputs.get(top):
            return path
    raise LookupError(f"no block has the grid of '{top}'")


def _resolve(network: nn.Module, pattern: str) -> str:
    """Return a path with negative indices counted from the end; "-q" is a quarter of the depth before it."""
    parts: list[str] = []
    for part in pattern.split("."):
        if part.startswith("-"):
            length = sum(1 for _ in network.get_submodule(".".join(parts)).children())
            index = length - 1 - max(1, length // 4) if part == "-q" else length + int(part)
            parts.append(str(max(0, index)))
        else:
            parts.append(part)
    return ".".join(parts)


def _before_class_token(network: nn.Module, traced: Trace, top: str) -> str:
    """Return a place with a gradient in networks of which only the class token reaches the head.

    There the patch tokens behind the last block's attention have no effect, and a gradient of exactly zero.
    The norm in front of the attention is the last place where they have one; blocks that normalise behind
    the attention, or not at all, leave the block before.
    """
    if getattr(network, "global_pool", None) != "token" or not re.fullmatch(r"(.*\.)?blocks\.\d+", top):
        return top
    if describe(network, traced, top).prefix_tokens == 0:
        return top  # CaiT and XCiT: class attention follows, over all patches
    norm, attention = traced.order.get(f"{top}.norm1"), traced.order.get(f"{top}.attn")
    if norm is not None and attention is not None and norm < attention:
        return f"{top}.norm1"
    stem, index = top.rsplit(".", 1)
    return f"{stem}.{int(index) - 1}"


def _channels(network: nn.Module, path: str) -> set[int]:
    channels = {entry["num_chs"] for entry in _feature_info(network) if entry["module"] == path}
    features = getattr(network, "num_features", None)
    return channels or ({features} if isinstance(features, int) else set())


def _four_dimensional(network: nn.Module, traced: Trace, path: str, shape: tuple[int, ...]) -> CamPoint:
    channels = _channels(network, path)
    first, last = (shape[1], shape[2], shape[3]), (shape[3], shape[1], shape[2])
    last_fits = last[0] in channels and first[0] not in channels
    if last[0] in channels and first[0] in channels:  # as many channels as pixels: ask the network
        last_fits = getattr(network, "output_fmt", "NCHW") == "NHWC"
    if last_fits or (first[0] not in channels and mismatch(last[1:], traced.size) < mismatch(first[1:], traced.size)):
        return CamPoint(module=path, layout="NHWC", grid=(shape[1], shape[2]))
    return CamPoint(module=path, layout="NCHW", grid=(shape[2], shape[3]))


def _tokens(network: nn.Module, traced: Trace, path: str, shape: tuple[int, ...]) -> CamPoint:
    length = shape[1]
    declared = getattr(network, "num_prefix_tokens", None)
    prefixes = dict.fromkeys([0, declared if isinstance(declared, int) else 1, 1, 2])
    grid = getattr(getattr(network, "patch_embed", None), "grid_size", None)
    if grid is not None:
        for prefix in prefixes:
            if length - prefix == math.prod(grid):
                return CamPoint(module=path, layout="tokens", grid=(grid[0], grid[1]), prefix_tokens=prefix)
    found = token_grid(length, traced.size, prefixes=prefixes)
    if found is None:
        raise LookupError(f"the {length} tokens of '{path}' are no grid over {traced.size[0]}x{traced.size[1]} pixels")
    return CamPoint(module=path, layout="tokens", grid=found[0], prefix_tokens=found[1])
