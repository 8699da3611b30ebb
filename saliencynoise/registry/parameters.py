"""Names with parameters, `gradcam(layer=top)`: read, check against the target's fields, write canonically."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin, get_type_hints

from saliencynoise.interfaces.errors import ConfigurationError, UsageError

_CALL = re.compile(r"\s*(?P<name>[^()\s]+)\s*(?:\((?P<arguments>.*)\))?\s*", re.DOTALL)


def parse_call(text: str) -> tuple[str, dict[str, Any]]:
    """Split `name(key=value, ...)` into the name and its values.

    >>> parse_call("gradcam(layer=intermediate)")
    ('gradcam', {'layer': 'intermediate'})
    >>> parse_call("smoothgrad(samples=25, sigma=0.1)")
    ('smoothgrad', {'samples': 25, 'sigma': 0.1})

    Raises:
        UsageError: if the text has another form, or names a parameter twice.
    """
    match = _CALL.fullmatch(text)
    if match is None:
        raise UsageError(f"cannot read '{text}'; write NAME or NAME(key=value, key=value)")
    arguments = match["arguments"]
    parts = [part for part in (arguments or "").split(",") if part.strip()]
    return match["name"], parse_pairs(parts, where=f"'{text}'")


def parse_pairs(parts: list[str], *, where: str) -> dict[str, Any]:
    """Read `key=value` texts; values are Python literals, or plain words.

    Raises:
        UsageError: if a text has another form, or a key stands twice.
    """
    values: dict[str, Any] = {}
    for part in parts:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (equals and key.isidentifier() and value):
            raise UsageError(f"cannot read '{part.strip()}' in {where}; write key=value")
        if key in values:
            raise UsageError(f"'{key}' stands twice in {where}; give it once")
        values[key] = _literal(value)
    return values


def _literal(text: str) -> Any:  # noqa: ANN401 - a parameter's value may have any plain type
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def build(target: Any, values: Mapping[str, Any], *, where: str) -> Any:  # noqa: ANN401
    """Return `target(**values)` after checking the values against the fields of the dataclass `target`.

    Raises:
        UsageError: if a value has no field, or not its type.
        ConfigurationError: if `target` is no dataclass.
    """
    if not (isinstance(target, type) and dataclasses.is_dataclass(target)):
        raise ConfigurationError(f"the target of {where} must be a dataclass whose fields are its parameters")
    hints = get_type_hints(target)
    fields = [field.name for field in dataclasses.fields(target)]
    for key, value in values.items():
        if key not in fields:
            raise UsageError(_unknown_parameter(key, fields, where))
        _check(key, value, hints[key], where)
    try:
        return target(**values)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {error}") from error


def canonical(instance: Any) -> str:  # noqa: ANN401
    """Return all parameters of a method or aggregator, defaults too, as `(key=value, ...)`; "" if it has none."""
    pairs = [f"{field.name}={getattr(instance, field.name)}" for field in dataclasses.fields(instance)]
    return f"({','.join(pairs)})" if pairs else ""


def _unknown_parameter(key: str, fields: list[str], where: str) -> str:
    if not fields:
        return f"{where} has no parameter '{key}'; it takes none"
    close = get_close_matches(key, fields, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"it takes {', '.join(fields)}"
    return f"{where} has no parameter '{key}'; {hint}"


def _check(key: str, value: object, hint: object, where: str) -> None:
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        if value not in choices:
            raise UsageError(
                f"{where}: {key}={value} is not possible; choose {' or '.join(str(choice) for choice in choices)}"
            )
        return
    accepted: dict[object, tuple[type, ...]] = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}
    wanted = accepted.get(hint)
    if wanted is None:
        return
    if not isinstance(value, wanted) or (isinstance(value, bool) and hint is not bool):
        name = getattr(hint, "__name__", str(hint))
        raise UsageError(f"{where}: {key}={value} is not of type {name}")
