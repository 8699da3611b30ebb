"""State of a network and global state, compared before and after a call."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch.nn.modules import module as globally

from saliencynoise.interfaces import seeded

if TYPE_CHECKING:
    from torch import Tensor, nn

State: TypeAlias = Mapping[str, Any]
"""A value for each thing that may change, by its name in words."""

# torch sets it with the first full backward hook and leaves it when the hook is removed
OF_TORCH = "_is_full_backward_hook"
PLAIN = (bool, int, float, str, type(None))


def changes(before: State, after: State) -> list[str]:
    """Return the names of the values that differ, are new, or are gone."""
    return [
        name
        for name in dict.fromkeys([*before, *after])
        if name not in before or name not in after or not _same(before[name], after[name])
    ]


def network_state(module: nn.Module) -> State:
    """Return hooks, flags, parameters, buffers, submodules and all other attributes of a network's modules."""
    state: dict[str, Any] = {}
    for path, part in module.named_modules():
        owner = f"of '{path}'" if path else "of the network"
        state[f"the class {owner}"] = id(type(part))
        for name, value in vars(part).items():
            if name in {"_parameters", "_buffers"}:
                for key, tensor in value.items():
                    state.update(_tensor_state(f"'{key}' {owner}", tensor))
            elif name.endswith(("_hooks", "_hooks_with_kwargs", "_hooks_always_called")) or name == "_modules":
                state[f"{_in_words(name)} {owner}"] = [(key, id(hook)) for key, hook in value.items()]
            elif name != OF_TORCH:
                state[f"{_in_words(name)} {owner}"] = _frozen(value)
    return state


def global_state() -> State:
    """Return the random states of torch, numpy and Python, and torch's settings that a method may touch."""
    return {
        "torch's random state": torch.random.get_rng_state(),
        "numpy's random state": _numpy_state(),
        "Python's random state": random.getstate(),
        "torch's gradient mode": torch.is_grad_enabled(),
        "torch's inference mode": torch.is_inference_mode_enabled(),
        "torch's anomaly mode": torch.is_anomaly_enabled(),
        "torch's default dtype": torch.get_default_dtype(),
        "torch's number of threads": torch.get_num_threads(),
        "torch's deterministic mode": torch.are_deterministic_algorithms_enabled(),
        "hooks of all modules": sum(
            len(getattr(globally, name))
            for name in ("_global_forward_hooks", "_global_forward_pre_hooks", "_global_backward_hooks")
        ),
    }


def _numpy_state() -> tuple[object, ...]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 - the state that libraries use
    return (name, np.asarray(keys).tobytes(), *rest)


@contextmanager
def guarded(seed: int) -> Iterator[None]:
    """Set the global random state; leave it and torch's settings as they were, whatever happens inside."""
    gradients, dtype, threads = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    try:
        with seeded(seed):
            yield
    finally:
        torch.set_grad_enabled(gradients)
        torch.set_default_dtype(dtype)
        torch.use_deterministic_algorithms(deterministic)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def tensor_state(name: str, tensor: Tensor) -> State:
    """Return the values, the flag and the gradient of a tensor, with a copy of each."""
    return _tensor_state(name, tensor)


def _tensor_state(name: str, tensor: Tensor | None) -> dict[str, Any]:
    if tensor is None:
        return {name: None}
    return {
        name: tensor.detach().clone(),
        f"requires_grad of {name}": tensor.requires_grad,
        f"the gradient of {name}": None if tensor.grad is None else tensor.grad.clone(),
        f"the identity of {name}": id(tensor),
        f"hooks of {name}": len(tensor._backward_hooks or {}),  # noqa: SLF001 - torch has no public way
    }


def _frozen(value: object) -> object:
    """Return a copy for a later comparison: plain values and tensors by value, all else by identity."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, tuple | list):
        return [_frozen(item) for item in value]
    return id(value)


def _same(left: object, right: object) -> bool:
    if isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor):
        return left.shape == right.shape and left.dtype == right.dtype and bool(_equal(left, right))
    return type(left) is type(right) and left == right


def _equal(left: Tensor, right: Tensor) -> bool:
    return torch.allclose(left, right, rtol=0, atol=0, equal_nan=left.is_floating_point())


def _in_words(attribute: str) -> str:
    known = {"training": "the mode (training or eval)", "_modules": "submodules"}
    if "_hooks" in attribute:
        return attribute.strip("_").replace("_", " ")
    return known.get(attribute, f"'{attribute}'")
