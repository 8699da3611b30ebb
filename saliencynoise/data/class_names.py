"""Classes as a user names them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean

SHOWN = 12
"""Largest number of names that an error lists."""


def is_index(text: str, size: int) -> bool:
    """Whether a text is a whole number from 0 and below `size`; thousands of digits are not, and raise no error.

    >>> is_index("9", 10), is_index("10", 10), is_index("9" * 5000, 10)
    (True, False, False)
    """
    return re.fullmatch("[0-9]{1,18}", text) is not None and int(text) < size


def class_index(text: str, classes: Sequence[str], *, option: str) -> int:
    """Return the index of the class with a name, or else with an index as text.

    Args:
        text: the user's input.
        classes: the names of the classes.
        option: the option of the input, as "--class".

    Raises:
        UsageError: listing names that are near.

    >>> class_index("dog", ["cat", "dog"], option="--class"), class_index("0", ["cat", "dog"], option="--class")
    (1, 0)
    """
    if text in classes:
        return list(classes).index(text)
    if is_index(text, len(classes)):
        return int(text)
    shown = ", ".join(classes[:SHOWN]) + (" ..." if len(classes) > SHOWN else "")
    hint = did_you_mean(text, classes, otherwise=f"there are {shown}, or 0 to {len(classes) - 1}", most=3)
    raise UsageError(f"{option} {text} is no class of the data set; {hint}")
