"""JSON read with types: a file that is not of its kind is refused in a line that names file, key and value."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import DamagedFileError, read_verified

T = TypeVar("T")

DEEPEST = 64
"""The largest depth of nesting; results have about ten levels."""

LONGEST = 60
"""The number of characters of a wrong value that a message shows."""

_FIX = "copy it whole, or run the same command again"


class RecordError(UsageError):
    """A file is not of its kind."""


def read_record(path: Path, kind: type[T], *, fix: str = _FIX) -> T:
    """Return the record in a JSON file; keys that the record does not name are ignored.

    Args:
        path: path of the file.
        kind: the type of the record.
        fix: what to do about a file that is damaged, for its message.

    Raises:
        RecordError: if it cannot be read, is not as it was written, is not JSON, is nested too deeply, holds NaN or
            infinity, lacks a key, or a value has another type or range: one line with file, key, value and fix.
    """
    try:
        document = read_verified(path)
    except DamagedFileError as error:
        raise RecordError(f"{error}; {fix}") from error
    return check_record(document, kind, where=str(path), fix=fix)


def check_record(document: Any, kind: type[T], *, where: str, fix: str = _FIX, at: str = "") -> T:
    """Return the record in a document that was parsed.

    Args:
        document: values as JSON has them.
        kind: the type of the record.
        where: the file, for messages.
        fix: as there.
        at: path of the document in the file, for messages.

    Raises:
        RecordError: as `read_record`.
    """
    wrong = _not_plain(document)
    if wrong is None:
        try:
            return msgspec.convert(document, kind, dec_hook=figure)
        except msgspec.ValidationError as error:
            wrong = _mismatch(document, kind, error, at)
        except UnicodeEncodeError as error:  # raised for an enumerated value, and for a key
            wrong = f"it holds the text {error.object!r} as a key or as an enumerated value"
    raise RecordError(f"{where} is damaged: {wrong}; {fix}")


def figure(kind: type[float], value: object) -> float:
    """Return the figure that JSON writes as a number, as "inf" or "-inf", or as null where it is undefined.

    Raises:
        ValueError: if it is anything else.
    """
    if value is None:
        return kind(math.nan)
    if value in ("inf", "-inf"):
        return kind(str(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return kind(value)
    raise ValueError("Expected a number")


def _not_plain(document: Any) -> str | None:
    """Return a message on content that no kind allows: too many levels, or numbers that JSON cannot write; or None."""
    level: list[Any] = [[document]]
    for _ in range(DEEPEST + 1):
        values = [
            value for container in level for value in (container.values() if isinstance(container, dict) else container)
        ]
        wild = next((value for value in values if isinstance(value, float) and not math.isfinite(value)), None)
        if wild is not None:
            return f"it holds {wild}, which is no JSON"
        level = [value for value in values if isinstance(value, dict | list)]
        if not level:
            return None
    return f"nested more than {DEEPEST} levels deep"


def _mismatch(document: Any, kind: Any, error: msgspec.ValidationError, at: str) -> str:
    """Return a message on the value that makes a document no record of a kind."""
    problem, _, trail = str(error).partition(" - at `$")
    keys = _located(document, kind, trail.removesuffix("`"))
    return _message(document, keys, problem, at)


def _located(document: Any, kind: Any, trail: str) -> list[str | int]:
    """Return the keys that lead to a wrong value; msgspec writes `[...]` for a key of a table that it has not named."""
    keys: list[str | int] = []
    for name, index in re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", trail):
        if index == "...":
            keys.append(_guilty(document, kind, keys))
        else:
            keys.append(int(index) if index else name)
    return keys


def _guilty(document: Any, kind: Any, keys: list[str | int]) -> str:
    """Return the key of the table at `keys` whose value alone makes the document wrong."""
    table = _value_at(document, keys)
    for key, value in table.items():
        try:
            msgspec.convert(_with(document, keys, {key: value}), kind, dec_hook=figure)
        except msgspec.ValidationError:
            return str(key)
    return "?"


def _with(document: Any, keys: list[str | int], value: Any) -> Any:
    """Return a document with another value at `keys`; nothing is changed in place."""
    if not keys:
        return value
    copy = document.copy()
    copy[keys[0]] = _with(document[keys[0]], keys[1:], value)
    return copy


def _value_at(document: Any, keys: list[str | int]) -> Any:
    for key in keys:
        document = document[key]
    return document


def _message(document: Any, keys: list[str | int], problem: str, at: str) -> str:
    below = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    path = f"{at}{below}".removeprefix(".") or "it"
    missing = re.fullmatch(r"Object missing required field `(.*)`", problem)
    if missing:
        return f"{path} has no {missing[1]}"
    shown = repr(_value_at(document, keys))
    shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."
    if problem.startswith(("Invalid enum value", "Invalid value")):
        problem = "one of the allowed words (or a number, where it is a figure)"
    wanted = re.sub(r", got `.*`$", "", problem).replace("`", "").removeprefix("Expected ")
    words = {"array": "a list", "object": "a table", "str": "a text", "int": "a whole number"}
    wanted = " or ".join(words.get(part, part) for part in wanted.split(" | "))
    return f"{path} is {shown} where {wanted} is wanted"
