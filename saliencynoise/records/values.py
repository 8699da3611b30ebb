"""Values that users give (settings, recipes, parameters), fitted to the types of their fields as those of files are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


def fitted(value: object, kind: Any) -> Any:
    """Return a value as a field of a type holds it: an int as a float where the field is a float, a list as a tuple.

    `sigma=1` and `sigma=1.0` are thereby one value, with one name.

    Args:
        value: value as it is in a file or in a call.
        kind: type of the field.

    Raises:
        TypeError: if the value does not fit.

    >>> fitted(1, float), fitted(["a"], tuple[str, ...]), fitted(None, int | None)
    (1.0, ('a',), None)
    """
    if isinstance(value, Mapping) and not isinstance(value, dict):
        value = dict(value)
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError) as error:
        raise TypeError(str(error)) from error
