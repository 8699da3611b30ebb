"""One pass of a network on the meta device: the shapes that modules see and return, and no arithmetic."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import nn

ROWS = 2  # a batch of one hides networks that squeeze


@dataclass(frozen=True)
class Trace:
    """The record of one pass in eval mode.

    Attributes:
        size: height and width of the images.
        inputs: shape of the first tensor that each module was given, at its first call.
        outputs: for each module path, the shapes of its outputs, call by call; None for all but one tensor.
        order: for each module path, when its first call returned.
        overwritten: modules whose output was changed in place by a later one.
        result: shape of the network's output, None where the pass failed or returned no tensor.
        failure: the exception that stopped the pass.
    """

    size: tuple[int, int]
    inputs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    outputs: dict[str, list[tuple[int, ...] | None]] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)
    overwritten: frozenset[str] = frozenset()
    result: tuple[int, ...] | None = None
    failure: Exception | None = None


def trace(network: nn.Module, channels: int, size: tuple[int, int]) -> Trace:
    """Run `network` (parameters on the meta device) once on images of `channels` and `size`.

    A network that cannot take such images gives a trace up to where it stopped, with the reason.
    """
    traced = Trace(size=size)
    versions: dict[str, tuple[torch.Tensor, int]] = {}
    handles: list[Any] = []
    for path, module in network.named_modules():
        if path:
            handles += _watch(module, path, traced, versions)
    result, failure = None, None
    network.eval()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            # torch warns once per process that even kernels with padding "same" may copy: here, not in training
            warnings.simplefilter("ignore")
            out = network(torch.empty(ROWS, channels, *size, device="meta"))
        result = tuple(out.shape) if isinstance(out, torch.Tensor) else None
    except Exception as error:  # noqa: BLE001 - 98 files of timm fail in as many ways; the reason is kept
        failure = error
    finally:
        for handle in handles:
            handle.remove()
    overwritten = frozenset(
        path
        for path, (tensor, version) in versions.items()
        if tensor._version != version  # noqa: SLF001 - the counter has no public name
    )
    return Trace(size, traced.inputs, traced.outputs, traced.order, overwritten, result, failure)


def _watch(
    module: nn.Module, path: str, traced: Trace, versions: dict[str, tuple[torch.Tensor, int]]
) -> tuple[Any, ...]:
    def before(_: nn.Module, args: tuple[Any, ...]) -> None:
        if args and isinstance(args[0], torch.Tensor):
            traced.inputs.setdefault(path, tuple(args[0].shape))

    def after(_: nn.Module, __: Any, out: Any) -> None:
        plain = isinstance(out, torch.Tensor)
        traced.outputs.setdefault(path, []).append(tuple(out.shape) if plain else None)
        traced.order.setdefault(path, len(traced.order))
        if plain:
            with suppress(RuntimeError):  # inference tensors count no versions
                versions.setdefault(path, (out, out._version))  # noqa: SLF001

    return module.register_forward_pre_hook(before), module.register_forward_hook(after)
