"""Methods of the user's own code: what a session knows of them, and the dataclass that a function becomes."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces.errors import UsageError
from saliencynoise.interfaces.methods import Maps

if TYPE_CHECKING:
    from saliencynoise.interfaces.specs import Kind, MethodSpec

ENTRY_POINTS: dict[str, Kind] = {"from_pass": "pass", "attribute": "functional", "attribute_module": "module"}
"""The function by which a class shows its kind."""


@dataclass(frozen=True, kw_only=True)
class OwnMethod:
    """A method of the user's.

    Attributes:
        given: the function or class that was decorated.
        spec: its declaration.
        target: the frozen dataclass whose instances compute maps.
    """

    given: Callable[..., Any]
    spec: MethodSpec
    target: type

    @property
    def origin(self) -> tuple[str, str]:
        """Where it was defined: when that is run again, the new definition takes the place of the old one."""
        place = str(getattr(self.given, "__module__", ""))
        file = getattr(sys.modules.get(place), "__file__", None)
        return file or place, getattr(self.given, "__qualname__", "")


@dataclass
class OwnMethods:
    """The methods that this session has beside those of plugins, by name."""

    _methods: dict[str, OwnMethod] = field(default_factory=dict)

    def __iter__(self) -> Iterator[OwnMethod]:
        return iter(self._methods.values())

    def add(self, method: OwnMethod, *, taken: dict[str, str]) -> None:
        """Add a method.

        Args:
            method: the method.
            taken: the canonical names of plugins' methods by short name.

        Raises:
            UsageError: if its name is that of another method.
        """
        name = method.spec.name
        known = self._methods.get(name)
        clash = taken.get(name) or (None if known is None or known.origin == method.origin else ":".join(known.origin))
        if clash is not None:
            raise UsageError(f"the method name '{name}' is that of {clash}; give another one: @sn.method(name='...')")
        self._methods[name] = method

    def of(self, given: object) -> OwnMethod | None:
        """Return the method of a function or class; None where it was not decorated."""
        return next((method for method in self if method.given is given), None)

    def name_of(self, given: object) -> str:
        """Return the name of the method of a function or class.

        Raises:
            UsageError: if it was not decorated.
        """
        method = self.of(given)
        if method is None:
            name = getattr(given, "__name__", repr(given))
            raise UsageError(f"{name} is no method; write @sn.method above it, or give the name of a method")
        return method.spec.name


def target_of(given: Any, *, kind: Kind | None, called: str | None) -> tuple[type, Kind]:
    """Return the dataclass of a function or class, and the kind of the method."""
    label = called or getattr(given, "__name__", repr(given))
    if not inspect.isclass(given):
        if not inspect.isfunction(given):
            raise UsageError(f"@sn.method: {label} is of type {type(given).__name__}; decorate a function or a class")
        return _dataclass_of(given, kind or "functional"), kind or "functional"
    kinds = [found for attribute, found in ENTRY_POINTS.items() if callable(getattr(given, attribute, None))]
    if len(kinds) != 1 or kind not in {None, *kinds}:
        wanted = ", ".join(ENTRY_POINTS)
        raise UsageError(f"@sn.method: the class {label} has {len(kinds)} of {wanted}; it must have that of its kind")
    if not dataclasses.is_dataclass(given) or not given.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise UsageError(
            f"@sn.method: the class {label} must be a frozen dataclass; write @dataclass(frozen=True) below"
        )
    return given, kinds[0]


def _dataclass_of(function: Callable[..., Any], kind: Kind) -> type:
    """Return a frozen dataclass whose fields are the function's parameters behind `net` and `batch`."""
    if kind not in {"functional", "module"}:
        raise UsageError(f"@sn.method: kind={kind!r} is not possible for a function; give functional or module")
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    if len(parameters) < 2 or any(own.kind in {own.VAR_POSITIONAL, own.VAR_KEYWORD} for own in parameters):
        raise UsageError(
            f"@sn.method: {function.__name__}{signature} must take (net, batch), and its parameters by name after them"
        )
    hints = inspect.get_annotations(function, eval_str=True)
    fields: list[tuple[str, Any, Any]] = [
        (
            own.name,
            hints.get(own.name, Any if own.default is own.empty else type(own.default)),
            dataclasses.field() if own.default is own.empty else dataclasses.field(default=own.default),
        )
        for own in parameters[2:]
    ]

    def run(self: Any, net: Any, batch: Any) -> Maps:
        values = {own.name: getattr(self, own.name) for own in dataclasses.fields(self)}
        maps: object = function(net, batch, **values)
        return Maps(values=maps) if hasattr(maps, "dim") else maps  # type: ignore[return-value, arg-type]

    name = "attribute" if kind == "functional" else "attribute_module"
    namespace = {name: run, "__module__": function.__module__}
    return dataclasses.make_dataclass(function.__name__, fields, frozen=True, namespace=namespace)


def first_line(given: Any) -> str:
    """Return the first line of a docstring; none of what a dataclass writes itself."""
    text = inspect.getdoc(given) or ""
    return "" if text.startswith(f"{given.__name__}(") else text.partition("\n")[0].strip()
