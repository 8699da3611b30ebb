"""The number of rows that a pass may have, and a test for errors of memory."""

from __future__ import annotations

import torch

from saliencynoise.interfaces import Network, one_line
from saliencynoise.scoring.passes import ROWS

CPU_BUDGET = 2**30
"""Bytes that a pass may keep for its backward pass on the CPU: the same on every machine, so that plans agree."""


def fitting_rows(network: Network, image: torch.Tensor) -> int:
    """Return how many rows of images like `image`, `[1, C, H, W]`, a pass may have: at most `ROWS`, at least one.

    The number follows from the bytes that a pass of one row keeps for its backward pass. On a GPU the rows together
    take at most a quarter of its memory.
    """
    budget = torch.cuda.get_device_properties(image.device).total_memory // 4 if image.is_cuda else CPU_BUDGET
    return max(1, min(ROWS, budget // max(1, _kept_bytes(network, image))))


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception means that memory ran out, on a GPU or on the CPU.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    True
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = one_line(error)  # the text of a plugin's exception may raise
    return isinstance(error, RuntimeError) and ("can't allocate memory" in text or "not enough memory" in text)


def _kept_bytes(network: Network, image: torch.Tensor) -> int:
    kept: dict[int, int] = {}
    weights = {parameter.untyped_storage().data_ptr() for parameter in network.module.parameters()}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network.module(image.detach().clone().requires_grad_())
    return sum(kept.values())
