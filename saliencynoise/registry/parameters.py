"""Names with parameters, `gradcam(layer=top)`: read, check against the target's fields, write canonically.

What `canonical` writes, `parse_call` and `build` read back to an equal instance: results and worker processes
know a method by that text alone.
"""

from __future__ import annotations

import ast
import dataclasses
import math
import re
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from saliencynoise.interfaces.errors import ConfigurationError, UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.records.values import fitted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LONGEST = 10_000
"""Maximum number of characters of a name with its parameters."""

LARGEST = 10**9
"""Largest whole number as a parameter, except for seeds: more samples or passes would not end in a lifetime."""

_CALL = re.compile(r"\s*(?P<name>[^()\s]+)\s*(?:\((?P<arguments>.*)\))?\s*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][\w./:+-]*")


def parse_call(text: str) -> tuple[str, dict[str, Any]]:
    """Split `name(key=value, ...)` into the name and its values.

    >>> parse_call("gradcam(layer=intermediate)")
    ('gradcam', {'layer': 'intermediate'})
    >>> parse_call("occlusion(window=(3, 3), fill=0.5)")
    ('occlusion', {'window': (3, 3), 'fill': 0.5})

    Raises:
        UsageError: if the text has another form, or names a parameter twice.
    """
    if len(text) > LONGEST:
        raise UsageError(
            f"'{text[:40]}...' has {len(text)} characters; a name with its parameters has {LONGEST} at most"
        )
    match = _CALL.fullmatch(text)
    if match is None:
        raise UsageError(f"cannot read '{text}'; write NAME or NAME(key=value, key=value)")
    parts = [part for part in _split(match["arguments"] or "") if part.strip()]
    return match["name"], parse_pairs(parts, where=f"'{text}'")


def _split(arguments: str) -> list[str]:
    """Split at the commas outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in arguments:
        if letter == "," and depth == 0 and not quote:
            parts.append("")
            continue
        if quote:
            quote = "" if letter == quote and not parts[-1].endswith("\\") else quote
        elif letter in "'\"":
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
        parts[-1] += letter
    return parts


def parse_pairs(parts: list[str], *, where: str) -> dict[str, Any]:
    """Read `key=value` texts; values are Python literals, or plain words.

    Raises:
        UsageError: if a text has another form, or a key is given twice.
    """
    values: dict[str, Any] = {}
    for part in parts:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (equals and key.isidentifier() and value):
            raise UsageError(f"cannot read '{part.strip()}' in {where}; write key=value")
        if key in values:
            raise UsageError(f"'{key}' is given twice in {where}; give it once")
        values[key] = _literal(value)
    return values


def _literal(text: str) -> Any:
    constants = {"true": True, "false": False, "none": None}
    if text.lower() in constants:
        return constants[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def build(target: Any, values: Mapping[str, Any], *, where: str) -> Any:
    """Return `target(**values)` after checking the values against the fields of the dataclass `target`.

    Raises:
        UsageError: if a value has no field, or not its type.
        ConfigurationError: if `target` is no dataclass, or its types cannot be resolved.
    """
    if not (isinstance(target, type) and dataclasses.is_dataclass(target)):
        raise ConfigurationError(f"the target of {where} must be a dataclass whose fields are its parameters")
    try:
        hints = get_type_hints(target)
    except NameError as error:
        raise ConfigurationError(
            f"the types of the fields of {where} must be importable at run time, not for type checking only: {error}"
        ) from error
    fields = [field.name for field in dataclasses.fields(target) if field.init]
    for key, value in values.items():
        if key not in fields:
            raise UsageError(_unknown_parameter(key, fields, where))
        if type(value) is int and abs(value) > LARGEST and "seed" not in key:
            raise UsageError(f"{where}: {key}={value} is too large; give at most {LARGEST}")
    fitted = {key: _checked(key, value, hints[key], where) for key, value in values.items()}
    try:
        return target(**fitted)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {error}") from error


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a method or an aggregator: its name, its default and its type or choices, in words."""

    name: str
    default: str
    type: str


def parameters_of(target: Any) -> list[Parameter]:
    """Return the parameters of a target, in their order.

    Raises:
        NameError: if the types of its fields cannot be resolved.
    """
    hints = get_type_hints(target)
    return [
        Parameter(name=field.name, default=_default(field), type=_in_words(hints[field.name]))
        for field in dataclasses.fields(target)
        if field.init
    ]


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return written(field.default)
    return "required" if field.default_factory is dataclasses.MISSING else written(field.default_factory())


def _in_words(hint: object) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(str(choice) for choice in get_args(hint))
    if get_origin(hint) in {Union, UnionType}:
        return " | ".join(_in_words(option) for option in get_args(hint))
    return "None" if hint is NoneType else getattr(hint, "__name__", str(hint))


def values_of(instance: Any) -> dict[str, str]:
    """Return the parameters of an instance, defaults too, each as `parse_call` reads it back."""
    return {field.name: written(getattr(instance, field.name)) for field in dataclasses.fields(instance) if field.init}


def canonical(instance: Any, *, only: Collection[str] | None = None) -> str:
    """Return all parameters of an instance, defaults too, or `only` some: `(key=value,...)`, or "" for none."""
    pairs = [f"{name}={value}" for name, value in values_of(instance).items() if only is None or name in only]
    return f"({','.join(pairs)})" if pairs else ""


def written(value: object) -> str:
    """Return a value as `parse_call` reads it back."""
    plain = isinstance(value, str) and _WORD.fullmatch(value) and _literal(value) == value
    return str(value) if plain else repr(value)


def _unknown_parameter(key: str, fields: list[str], where: str) -> str:
    if not fields:
        return f"{where} has no parameter '{key}'; it takes none"
    hint = did_you_mean(key, fields, otherwise=f"it takes {', '.join(fields)}")
    return f"{where} has no parameter '{key}'; {hint}"


def _checked(key: str, value: object, hint: object, where: str) -> object:
    try:
        return _fit(value, hint)
    except TypeError:
        pass
    if get_origin(hint) is Literal:
        choices = " or ".join(str(choice) for choice in get_args(hint))
        raise UsageError(f"{where}: {key}={value} is not possible; choose {choices}")
    raise UsageError(f"{where}: {key}={value} is not of type {_in_words(hint)}")


def _fit(value: object, hint: object) -> object:
    """Return a value as a field of type `hint` holds it; types that `parse_call` cannot write accept anything."""
    options = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    plain = all(get_origin(option) is Literal or option in {int, float, bool, str, NoneType} for option in options)
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError
    return fitted(value, hint) if plain else value
