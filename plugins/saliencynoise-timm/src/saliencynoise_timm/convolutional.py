"""Strides of convolutional networks: the earliest are lowered, and no weight changes its shape."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from saliencynoise_timm.tracing import Trace

Pair = tuple[int, int]

# Keys and values of attention are shortened by these; the trunk keeps its resolution.
_OFF_TRUNK = frozenset({"sr", "pool_k", "pool_v", "kv_down", "local_sr"})


@dataclass(frozen=True, kw_only=True)
class StrideEdit:
    """One module with another stride.

    Attributes:
        path: path of the module in the network.
        before: its stride as timm built it.
        after: its new stride.
        remove: whether an identity takes its place (a pool whose stride is gone).
        padding: the padding that keeps the map from shrinking, None to leave it.
    """

    path: str
    before: Pair
    after: Pair
    remove: bool = False
    padding: Pair | str | None = None


def stride_of(module: nn.Module) -> Pair | None:
    """Return a leaf module's stride over height and width, None if it has none."""
    if next(module.children(), None) is not None:
        return None
    stride = getattr(module, "stride", None)
    if isinstance(stride, int):
        return (stride, stride)
    if isinstance(stride, (tuple, list)) and len(stride) == 2 and all(isinstance(s, int) for s in stride):
        return (stride[0], stride[1])
    return None


def earliest_level(network: nn.Module, traced: Trace) -> tuple[StrideEdit, ...]:
    """Return edits that lower, one step, every stride of the earliest level that still has any.

    A level is all strided modules that see maps of the same size, the largest there is: branches and
    shortcuts of a block see the same map, so they stay together. Empty when nothing is left to lower.
    """
    strided: dict[str, tuple[Pair, Pair]] = {}
    for path, shape in traced.inputs.items():
        if len(shape) != 4 or _OFF_TRUNK.intersection(path.split(".")):
            continue
        stride = stride_of(network.get_submodule(path))
        if stride is not None and max(stride) > 1:
            strided[path] = (stride, (shape[2], shape[3]))
    if not strided:
        return ()
    largest = max((size for _, size in strided.values()), key=math.prod)
    return tuple(
        _lower(network.get_submodule(path), path, stride, size)
        for path, (stride, size) in strided.items()
        if size == largest
    )


def _lower(module: nn.Module, path: str, stride: Pair, size: Pair) -> StrideEdit:
    after = (max(1, stride[0] // 2), max(1, stride[1] // 2))
    remove = after == (1, 1) and "Pool" in type(module).__name__
    edit = StrideEdit(path=path, before=stride, after=after, remove=remove)
    if remove or not isinstance(module, nn.Conv2d) or not isinstance(module.padding, tuple):
        return edit
    if "Same" in type(module).__name__:  # TensorFlow's padding follows the stride by itself
        return edit
    span = [d * (k - 1) for k, d in zip(module.kernel_size, module.dilation, strict=True)]
    if after == (1, 1):
        exact = all(2 * p == s for p, s in zip(module.padding, span, strict=True))
        return edit if exact else replace(edit, padding="same")
    target_size = [math.ceil(n / s) for n, s in zip(size, after, strict=True)]
    missing = [(w - 1) * a + s + 1 - n for w, a, s, n in zip(target_size, after, span, size, strict=True)]
    padding = [max(p, math.ceil(m / 2)) for p, m in zip(module.padding, missing, strict=True)]
    return replace(edit, padding=(padding[0], padding[1]))


def apply_edits(network: nn.Module, edits: Iterable[StrideEdit]) -> None:
    """Change `network` in place; no weight changes its shape and no random number is drawn."""
    for edit in edits:
        if edit.remove:
            network.set_submodule(edit.path, nn.Identity())
            continue
        module = network.get_submodule(edit.path)
        pair = isinstance(module.stride, (tuple, list))
        module.stride = edit.after if pair else edit.after[0]  # type: ignore[assignment]
        if edit.padding is not None:
            _set_padding(module, edit.padding)


def _set_padding(module: nn.Module, padding: Pair | str) -> None:
    assert isinstance(module, nn.Conv2d)  # noqa: S101 - what `_lower` gave a padding
    if padding == "same":
        span = [d * (k - 1) for k, d in zip(module.kernel_size, module.dilation, strict=True)]
        # As nn.Conv2d's constructor does it; read where the padding mode is not zeros.
        module._reversed_padding_repeated_twice = [  # noqa: SLF001
            side for s in reversed(span) for side in (s // 2, s - s // 2)
        ]
    module.padding = padding


def merge(edits: Mapping[str, StrideEdit], new: Iterable[StrideEdit]) -> dict[str, StrideEdit]:
    """Return `edits` with `new` ones, which go on from where the old ones of the same module stopped."""
    merged = dict(edits)
    for edit in new:
        first = merged.get(edit.path)
        merged[edit.path] = edit if first is None else replace(edit, before=first.before)
    return merged


def last_pool(network: nn.Module, edits: Mapping[str, StrideEdit]) -> StrideEdit | None:
    """Return the removal of VGG's last max-pool that still stands."""
    for path, module in reversed(list(network.named_modules())):
        if isinstance(module, nn.MaxPool2d) and path not in edits:
            stride = stride_of(module) or (2, 2)
            return StrideEdit(path=path, before=stride, after=(1, 1), remove=True)
    return None


def drop_wide_head(network: nn.Module, num_classes: int) -> None:
    """Let VGG classify the mean of its features: the 4096-wide layers want a map of 7x7.

    They would cost ten times the rest of the training on small images (vgg11_bn: 212 s against 21 s an epoch
    of 1,437 images on one CPU thread).
    """
    network.set_submodule("pre_logits", nn.Identity())
    head = network.get_submodule("head")
    device = next(head.parameters()).device
    features: int = network.feature_info[-1]["num_chs"]  # type: ignore[index, assignment]
    linear = nn.Linear(features, num_classes, device=device)
    with torch.no_grad():  # timm's initialisation of VGG's linear layers
        nn.init.normal_(linear.weight, 0, 0.01)
        nn.init.zeros_(linear.bias)
    network.set_submodule("head.fc", linear)


def describe_edits(edits: Mapping[str, StrideEdit]) -> tuple[str, ...]:
    """Return the edits in words, one phrase for each kind."""
    kinds: dict[str, list[str]] = {}
    for edit in edits.values():
        change = "removed" if edit.remove else f"stride {_short(edit.before)} -> {_short(edit.after)}"
        kinds.setdefault(change, []).append(edit.path)
    return tuple(f"{change}: {_some(paths)}" for change, paths in kinds.items())


def _short(pair: Pair) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"


def _some(paths: list[str], limit: int = 3) -> str:
    more = len(paths) - limit
    return ", ".join(paths[:limit]) + (f" and {more} more" if more > 0 else "")
