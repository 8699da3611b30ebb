"""A network that is lent: it comes back as it was, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from saliencynoise.scoring.network_state import NetworkState

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def as_it_was(module: nn.Module) -> Iterator[None]:
    """Put a network back at the end, also after an error or Ctrl-C.

    Restored are the mode of each submodule, `requires_grad` and `grad` of each parameter, hooks, attributes,
    submodules, buffers, the device and the values, bit by bit. A copy of the weights is in memory in between.

    >>> import torch
    >>> module = torch.nn.Linear(2, 1)
    >>> with as_it_was(module):
    ...     _ = module.eval().requires_grad_(False).weight.zero_()
    >>> module.training, module.weight.requires_grad, bool(module.weight.any())
    (True, True, True)
    """
    gradients = [(parameter, parameter.grad) for parameter in module.parameters()]
    state = NetworkState(module)
    try:
        for parameter, _ in gradients:
            parameter.grad = None
        yield
    finally:
        state.restore(values=True)
        for parameter, gradient in gradients:
            parameter.grad = gradient
