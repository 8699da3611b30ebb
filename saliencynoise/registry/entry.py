"""A name that a plugin brings: the import of its target, and the checks of what the target gives."""

from __future__ import annotations

import importlib
import inspect
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces.errors import ConfigurationError, PluginFailure, UsageError, one_line
from saliencynoise.interfaces.specs import ModelSpec
from saliencynoise.registry.calling import calling
from saliencynoise.registry.loader import NAME, Plugin, Spec, raise_if_strict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from saliencynoise.interfaces.sampling import Sampler
    from saliencynoise.registry.own import OwnName
    from saliencynoise.registry.own_methods import OwnMethod

OWN = "own"
"""What stands for a plugin's name where the user's own code brings something."""

OWN_ARCHITECTURE = "saliencynoise.architectures.own:OwnArchitecture"
"""The target of architectures of the user's own code."""

PROPERTIES = ("per_run", "per_block", "available", "input_noise", "trains")
"""The properties of a sampler, which are read before a run begins."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One name of one plugin."""

    plugin: Plugin
    spec: Spec
    name: str

    @property
    def canonical(self) -> str:
        """`plugin/name`, as in results."""
        return f"{self.plugin.name}/{self.name}"

    @property
    def distribution(self) -> str:
        """The distribution that brought it, with its version."""
        return f"{self.plugin.distribution} {self.plugin.version}"

    def load(self) -> Callable[..., Any]:
        """Import the object that the spec's import string names; errors as of `load_target`."""
        return load_target(self.spec.target, self.plugin)

    def load_results(self) -> object:
        """Import the object that reads the results of a command; errors as of `load_target`."""
        return load_target(getattr(self.spec, "results", ""), self.plugin)


@dataclass(frozen=True, kw_only=True)
class OwnEntry(Entry):
    """An object of the user's own code, as an entry.

    Attributes:
        own: its full name.
        function: the object: it builds networks.
    """

    own: OwnName
    function: Callable[..., Any]

    @property
    def canonical(self) -> str:
        """The full name, by which a worker process finds it."""
        return self.own.full

    def load(self) -> Callable[..., Any]:
        """Return a callable `(name, **arguments) -> Model` with the parameters of the user's function."""
        architecture = load_target(OWN_ARCHITECTURE, self.plugin)

        def make(_name: str, /, **arguments: Any) -> object:
            return architecture(function=self.function, label=self.own.attribute, arguments=arguments)

        with suppress(TypeError, ValueError):  # some callables of C have no signature
            own = inspect.signature(self.function)
            name = inspect.Parameter("_name", inspect.Parameter.POSITIONAL_ONLY)
            make.__signature__ = own.replace(parameters=[name, *own.parameters.values()])  # type: ignore[attr-defined]
        return make


def own_architecture(own: OwnName, function: Callable[..., Any]) -> OwnEntry:
    """Return the entry of an object that builds networks."""
    return OwnEntry(
        plugin=Plugin(name=OWN, distribution=own.brought_by, version=own.check, specs={}),
        spec=ModelSpec(name=own.attribute.rpartition(".")[2], summary="of the user's code", target=OWN_ARCHITECTURE),
        name=own.attribute,
        own=own,
        function=function,
    )


@dataclass(frozen=True, kw_only=True)
class OwnMethodEntry(Entry):
    """A method of the user's own code, as an entry.

    Attributes:
        own: its full name.
        method: the method.
    """

    own: OwnName
    method: OwnMethod

    @property
    def canonical(self) -> str:
        """The full name, by which a worker process finds it."""
        return self.own.full

    def load(self) -> Callable[..., Any]:
        """Return the dataclass of the method."""
        return self.method.target


def own_method(own: OwnName, method: OwnMethod) -> OwnMethodEntry:
    """Return the entry of a method of the user's own code."""
    plugin = Plugin(name=OWN, distribution=own.brought_by, version=own.check, specs={})
    return OwnMethodEntry(plugin=plugin, spec=method.spec, name=method.spec.name, own=own, method=method)


def load_target(target: str, plugin: Plugin) -> Callable[..., Any]:
    """Import the object that an import string of a plugin names.

    Raises:
        UsageError: quoting the plugin's failure.
    """
    module, _, attribute = target.partition(":")
    try:
        loaded: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:
        failure = _failure(plugin, f"{target} cannot be imported: {one_line(error)}")
        raise UsageError(str(failure)) from error
    return loaded


def listed_names(target: str, plugin: Plugin) -> tuple[str, ...] | PluginFailure:
    """Return the names that a catalogue lists, or its failure, so that other plugins still work."""
    module, _, attribute = target.partition(":")
    try:
        names = _checked_names(getattr(importlib.import_module(module), attribute)())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
        failure = _failure(plugin, f"{target} lists no names: {one_line(error)}")
        raise_if_strict(failure)
        return failure
    return names


def _checked_names(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            raise ConfigurationError(f"the name {name!r} is not made of letters, digits and _ . + -")
    return tuple(dict.fromkeys(names))


def _failure(plugin: Plugin, error: str) -> PluginFailure:
    return PluginFailure(plugin=plugin.name, distribution=plugin.distribution, version=plugin.version, error=error)


def check_sampler(sampler: Sampler, *, what: str) -> None:
    """Refuse a sampler whose properties have impossible values."""
    with calling(what):
        properties = {name: getattr(sampler, name) for name in PROPERTIES}
    for name in ("per_run", "available"):
        if properties[name] is not None and (type(properties[name]) is not int or properties[name] < 1):
            raise UsageError(f"{what}: {name} is {properties[name]!r}; it must be a whole number from 1, or None")
    if not isinstance(properties["input_noise"], int | float) or not 0 <= properties["input_noise"] < float("inf"):
        raise UsageError(f"{what}: input_noise is {properties['input_noise']!r}; it must be a number from 0")
    if type(properties["per_block"]) is not int or properties["per_block"] < 1:
        raise UsageError(f"{what}: per_block is {properties['per_block']!r}; it must be a whole number from 1")


def check_kind(entry: Entry, instance: object, protocol: type) -> None:
    """Refuse an object that does not satisfy the protocol of its kind."""
    if not isinstance(instance, protocol):
        raise ConfigurationError(
            f"'{entry.canonical}' ({entry.distribution}): its target gave {type(instance).__name__}, which "
            f"does not satisfy {protocol.__name__} of saliencynoise.interfaces"
        )
