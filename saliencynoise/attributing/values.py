"""Lists, tensors and words that a user hands over: one conversion for each, so that a wrong value is named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.scoring import described

LONGEST = 60
"""Letters of a value that a message shows."""


def as_list(values: object, *, what: str, wanted: str) -> list[Any]:
    """Return the entries of a list, a tuple, an array or a column of a table.

    Raises:
        UsageError: if it is one value, a text, or has no order.

    >>> as_list(np.array([3, 4]), what="clusters", wanted="one each")
    [3, 4]
    """
    found: object = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(found, str | bytes | Mapping | Set) or not isinstance(found, Iterable):
        raise UsageError(f"{what} is {shown(values)}; give a list: {wanted}")
    return list(found)


def as_tensor(values: object, *, what: str, wanted: str) -> Tensor:
    """Return a tensor of numbers on the CPU, of a tensor or of what makes one.

    Raises:
        UsageError: if it makes none, or has no value in memory for each element.
    """
    if not isinstance(values, Tensor):
        try:
            if hasattr(values, "__array__"):
                array = np.array(values)  # a copy has no negative strides
                values = array.astype(array.dtype.newbyteorder("="))
            values = torch.as_tensor(values)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise UsageError(f"{what} are {shown(values)}, which is no tensor of numbers; give {wanted}") from error
    if values.layout is not torch.strided or values.device.type == "meta" or values.is_nested or values.is_quantized:
        kind = "meta" if values.device.type == "meta" else str(values.dtype if values.is_quantized else values.layout)
        raise UsageError(f"{what} are a tensor of the kind {kind.removeprefix('torch.')}; give {wanted}")
    return values.detach().cpu()


def checked_word(value: object, allowed: Collection[str], *, what: str) -> None:
    """Refuse a value that is none of some words.

    Raises:
        UsageError: naming the words.
    """
    if not isinstance(value, str) or value not in allowed:
        hint = did_you_mean(str(value), allowed, otherwise=f"give {', '.join(allowed)}")
        raise UsageError(f"{what}={shown(value)} is not known; {hint}")


def shown(value: object) -> str:
    """Return a value in words: a number or a text as it is, something else by its type.

    >>> shown(3), shown([1, 2]), shown(np.array([None]))
    ('3', 'a list', 'a ndarray of shape (1,) and type object')
    """
    if isinstance(value, str | int | float):
        text = repr(value)
        return text if len(text) < LONGEST else f"{text[:LONGEST]}..."
    kind = f" and type {value.dtype}" if isinstance(value, np.ndarray) else ""
    return described(value) + kind
