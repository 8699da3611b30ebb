"""What a network returns: the one tensor that is explained, out of a tuple, a list, a dictionary or a data class."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.scoring.returned import described

if TYPE_CHECKING:
    from torch import Tensor

MAIN = ("logits", "out")
"""Names of the main output where there are several: as transformers and torchvision call it."""


def selected(returned: Any, output: str | int | None) -> Tensor:
    """Return the one tensor of a network's outputs that is explained.

    Args:
        returned: what the network returned: a tensor; or a tuple, a list, a dictionary, a named tuple or a data class
            (as of transformers), whose tensors are the outputs.
        output: name or index of the output; None for the only one, or the one called "logits" or "out".

    Raises:
        UsageError: if there is no such output, or several and none is chosen; naming those that there are.

    >>> selected({"logits": torch.ones(1), "aux": torch.zeros(1)}, None)
    tensor([1.])
    """
    if isinstance(returned, torch.Tensor):
        if output is None:
            return returned
        raise UsageError(f"output={output!r}: the network returns one tensor; leave output out")
    outputs = named_outputs(returned)
    if not outputs:
        raise UsageError(f"the network returns {described(returned)}, in which there is no tensor to explain")
    if output is not None:
        chosen = _by_index(outputs, output)
        if chosen in outputs:
            return outputs[chosen]
        hint = did_you_mean(str(output), map(str, outputs), otherwise=f"there are {_listed(outputs)}")
        raise UsageError(f"output={output!r} is no tensor that the network returns; {hint}")
    key = main_output(outputs)
    if key is None:
        raise UsageError(f"the network returns {len(outputs)} outputs; choose one with output=: {_listed(outputs)}")
    return outputs[key]


def main_output(outputs: Mapping[str | int, Tensor]) -> str | int | None:
    """Return the key of the only output, or of the one called "logits" or "out"; None if none is the main one."""
    if len(outputs) == 1:
        return next(iter(outputs))
    return next((name for name in MAIN if name in outputs), None)


def named_outputs(returned: Any) -> dict[str | int, Tensor]:
    """Return the floating-point tensors among a network's outputs, by name, or by index where they have none."""
    named: Mapping[str | int, Any] = {}
    if isinstance(returned, torch.Tensor):
        named = {0: returned}
    elif isinstance(returned, Mapping):
        named = returned
    elif isinstance(returned, tuple) and hasattr(returned, "_fields"):
        named = dict(zip(returned._fields, returned, strict=True))
    elif isinstance(returned, tuple | list):
        named = dict(enumerate(returned))
    elif dataclasses.is_dataclass(returned):
        named = {field.name: getattr(returned, field.name) for field in dataclasses.fields(returned)}
    return {key: value for key, value in named.items() if isinstance(value, torch.Tensor) and value.is_floating_point()}


def ignored_outputs(returned: Any, output: str | int | None) -> str:
    """Return a note on the outputs that are not explained; empty where there are none."""
    outputs = {} if isinstance(returned, torch.Tensor) else named_outputs(returned)
    if len(outputs) < 2:
        return ""
    chosen = main_output(outputs) if output is None else _by_index(outputs, output)
    others = ", ".join(str(key) for key in outputs if key != chosen)
    return f"of the network's outputs '{chosen}' is explained; ignored: {others}"


def _by_index(outputs: Mapping[str | int, Tensor], output: str | int) -> str | int:
    """Return the key of an output; an index also finds one that has a name, as `[i]` does in a named tuple."""
    if output in outputs or isinstance(output, str):
        return output
    keys = list(outputs)
    return keys[output] if -len(keys) <= output < len(keys) and isinstance(keys[0], str) else output


def _listed(outputs: Mapping[str | int, Tensor]) -> str:
    return ", ".join(f"{key!r} {list(tensor.shape)}" for key, tensor in outputs.items())
