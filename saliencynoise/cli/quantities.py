"""Quantities that are written as text: sizes of files, lists of indices."""

from __future__ import annotations

import re

from saliencynoise.interfaces.errors import UsageError

UNITS = {"b": 1} | {
    f"{letter}{infix}b": base**power
    for infix, base in (("", 1000), ("i", 1024))
    for power, letter in enumerate("kmg", start=1)
}


def bytes_in(text: str, *, option: str) -> int:
    """Return a size in bytes.

    >>> bytes_in("60MB", option="--max-size"), bytes_in("1.5 KiB", option="--max-size")
    (60000000, 1536)

    Raises:
        UsageError: naming the option, the text and the possible forms.
    """
    match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,12})?)\s*([a-z]+)", text.strip(), re.IGNORECASE | re.ASCII)
    unit = UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None or float(match[1]) * unit < 1:
        raise UsageError(f"{option} {text} is no size; write a number and B, kB, MB, GB, KiB, MiB or GiB, as in 60MB")
    return int(float(match[1]) * unit)


def indices_in(text: str, *, option: str) -> list[int]:
    """Return the indices in a list such as "0-3,12", sorted and without repeats.

    >>> indices_in("0-3,12", option="--members")
    [0, 1, 2, 3, 12]

    Raises:
        UsageError: naming the option, the text and the possible forms.
    """
    indices: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part.strip(), re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < first + 100_000:
            raise UsageError(f"{option} {text} is no list of members; write indices and ranges, as in 0-9,12")
        indices.update(range(first, last + 1))
    return sorted(indices)
