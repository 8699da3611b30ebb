"""Figures as values that JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping


def json_safe(value: object) -> object:
    """Return `value` with tensors as lists, NaN as None and infinities as words.

    >>> json_safe({"r": float("nan"), "high": float("inf"), "members": (1, 2)})
    {'r': None, 'high': 'inf', 'members': [1, 2]}
    """
    if hasattr(value, "tolist"):
        return json_safe(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
