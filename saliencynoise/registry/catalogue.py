"""The catalogue resolves names to the objects of plugins: canonical names, short names, suggestions."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces.errors import PluginFailure, UsageError
from saliencynoise.interfaces.methods import FunctionalMethod, ModuleMethod, PassMethod
from saliencynoise.interfaces.protocols import Aggregator, Dataset, NetworkAggregator
from saliencynoise.interfaces.sampling import Sampler
from saliencynoise.interfaces.specs import (
    AggregatorSpec,
    DatasetSpec,
    MethodSpec,
    ModelSpec,
    SamplerSpec,
)
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.registry.bound import BoundAggregator, BoundMethod, BoundModel, BoundSampler
from saliencynoise.registry.calling import calling
from saliencynoise.registry.commands import command_clashes
from saliencynoise.registry.entry import (
    OWN,
    Entry,
    OwnMethodEntry,
    check_kind,
    check_sampler,
    listed_names,
    own_architecture,
    own_method,
)
from saliencynoise.registry.first_party import missing
from saliencynoise.registry.loader import BUILTIN, Plugin, Spec, discover, raise_if_strict
from saliencynoise.registry.own import OwnObjects, split_own
from saliencynoise.registry.own_methods import OwnMethod, OwnMethods
from saliencynoise.registry.parameters import Parameter, build, canonical, parameters_of, parse_call, values_of, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

METHOD_KINDS = {"pass": PassMethod, "functional": FunctionalMethod, "module": ModuleMethod}
AGGREGATOR_LEVELS = {"maps": Aggregator, "networks": NetworkAggregator}

SINGULAR = {
    "models": "architecture",
    "methods": "method",
    "aggregators": "aggregator",
    "samplers": "sampler",
    "datasets": "data set",
    "commands": "command",
}


@dataclass(frozen=True)
class Catalogue:
    """Everything that the installed plugins bring."""

    plugins: Sequence[Plugin]
    unloaded: Sequence[PluginFailure]
    _names: dict[str, tuple[str, ...] | PluginFailure] = field(default_factory=dict, repr=False)
    own: OwnObjects = field(default_factory=OwnObjects, repr=False)
    own_methods: OwnMethods = field(default_factory=OwnMethods, repr=False)

    @property
    def failures(self) -> list[PluginFailure]:
        """The plugins that failed to load, whose catalogue of names failed, or whose commands clash."""
        self.entries("models")
        return [*self.unloaded, *self._unlisted, *command_clashes(self.plugins)]

    @property
    def _unlisted(self) -> list[PluginFailure]:
        return [names for names in self._names.values() if isinstance(names, PluginFailure)]

    def names(self, kind: str) -> list[str]:
        """Return the short names of one kind (a key of `SINGULAR`), sorted."""
        return sorted({entry.name for entry in self.entries(kind)})

    def entries(self, kind: str) -> list[Entry]:
        """Return every name of one kind, the built-in ones first, methods of the user's own code last."""
        entries = [
            Entry(plugin=plugin, spec=spec, name=name)
            for plugin in self.plugins
            for spec in plugin.specs[kind]
            for name in self.names_of(plugin, spec)
        ]
        return entries if kind != "methods" else [*entries, *map(self._own_method, self.own_methods)]

    def _own_method(self, method: OwnMethod) -> OwnMethodEntry:
        return own_method(self.own.resolve(self.own.name_of(method.given))[0], method)

    def names_of_plugins(self, kind: str) -> dict[str, str]:
        """Return the canonical names of one kind that plugins bring, by short name."""
        return {
            name: f"{plugin.name}/{name}"
            for plugin in self.plugins
            for spec in plugin.specs[kind]
            for name in self.names_of(plugin, spec)
        }

    def own_method(self, text: str) -> OwnMethodEntry | None:
        """Return the method that the name of an object of the user's code stands for; None where it is no method.

        Raises:
            UsageError: if the object is not there.
        """
        own, given = self.own.resolve(text)
        method = self.own_methods.of(given)
        return None if method is None else own_method(own, method)

    def names_of(self, plugin: Plugin, spec: Spec) -> tuple[str, ...]:
        """Return the names that a spec stands for: its own name, or the names of its catalogue (none if it failed)."""
        if not (isinstance(spec, ModelSpec) and spec.names):
            return (spec.name,)
        if spec.names not in self._names:
            self._names[spec.names] = listed_names(spec.names, plugin)
        names = self._names[spec.names]
        return () if isinstance(names, PluginFailure) else names

    def find(self, kind: str, name: str) -> Entry:
        """Return the entry of a short or canonical name.

        Raises:
            UsageError: if nothing has the name, or several have; or if it names a plugin that failed to load.
        """
        plugin_name, slash, short = name.rpartition("/")
        entries = [
            entry
            for entry in self.entries(kind)
            if entry.name == short and (not slash or entry.plugin.name == plugin_name)
        ]
        reserved = [entry for entry in entries if entry.plugin.name == BUILTIN]
        if not entries:
            for failure in [*self.unloaded, *self._unlisted]:
                if slash and failure.plugin == plugin_name:
                    raise UsageError(f"'{name}' is not available: {failure}")
            raise UsageError(self._unknown(kind, name))
        if len(entries) > 1 and not reserved:
            choices = " or ".join(f"'{entry.canonical}'" for entry in entries)
            raise UsageError(f"the {SINGULAR[kind]} '{name}' is provided by several plugins; write {choices}")
        return (reserved or entries)[0]

    def _unknown(self, kind: str, name: str) -> str:
        known_names = {entry.name: None for entry in self.entries(kind)}
        known_names.update({entry.canonical: None for entry in self.entries(kind)})
        listing = f"there are {', '.join(self.names(kind))}" if 0 < len(known_names) <= 40 else ""
        command = {"methods": "methods", "commands": "--help"}.get(kind, "plugins --archs")
        elsewhere = listing or f"'saliencynoise {command}' lists all names"
        text = f"unknown {SINGULAR[kind]} '{name}'; " + did_you_mean(name, known_names, otherwise=elsewhere, most=3)
        if "," in name:
            text = f"unknown {SINGULAR[kind]} '{name}'; to give several, repeat the option with one name each"
        where = [hint] if (hint := missing(kind, name)) else []
        return "; ".join([text, *where, *map(str, self.failures)]).replace("?; ", "? ")

    def method(self, text: str) -> BoundMethod:
        """Return the method that `name`, `name(key=value)` or `my_methods.py:name` stands for.

        Raises:
            UsageError: if the name or a parameter is unknown, or a value not possible.
        """
        own = split_own(text)
        name, values = parse_call(text) if own is None else (own[0], parse_call(f"own{own[1]}")[1])
        entry = self.find("methods", name) if own is None else self.own_method(name)
        if entry is None:
            raise UsageError(f"'{name}' is no method; write @sn.method above it")
        assert isinstance(entry.spec, MethodSpec)  # noqa: S101 - the loader validated it; this tells mypy
        instance = build(entry.load(), values, where=f"method '{name}'")
        check_kind(entry, instance, METHOD_KINDS[entry.spec.kind])
        short = entry.name if entry.plugin.name in {BUILTIN, OWN} else entry.canonical
        return BoundMethod(
            canonical_name=entry.canonical + canonical(instance),
            display_name=short + canonical(instance, only=values),
            plugin=entry.plugin.name,
            name=entry.name,
            given={key: value for key, value in values_of(instance).items() if key in values},
            spec=entry.spec,
            distribution=entry.distribution + _library(entry.spec),
            instance=instance,
        )

    def parameters(self, entry: Entry) -> list[Parameter]:
        """Return the parameters of a method or an aggregator; imports its target.

        Raises:
            UsageError: if the target cannot be imported.
        """
        return parameters_of(entry.load())

    def aggregator(self, text: str) -> BoundAggregator:
        """As `method`, for an aggregator."""
        name, values = parse_call(text)
        entry = self.find("aggregators", name)
        assert isinstance(entry.spec, AggregatorSpec)  # noqa: S101 - as above
        instance = build(entry.load(), values, where=f"aggregator '{name}'")
        check_kind(entry, instance, AGGREGATOR_LEVELS[entry.spec.level])
        return BoundAggregator(canonical_name=entry.canonical + canonical(instance), spec=entry.spec, instance=instance)

    def sampler(self, text: str) -> BoundSampler:
        """As `method`, for a sampler; `name:VALUE` sets the parameter that its spec names.

        Raises:
            UsageError: as `method`, and if a sampler takes no VALUE or lacks one.
        """
        called, colon, value = text.partition(":")
        if "(" in called:
            called, colon, value = text, "", ""
        name, values = parse_call(called)
        entry = self.find("samplers", name)
        assert isinstance(entry.spec, SamplerSpec)  # noqa: S101 - the loader validated it; this tells mypy
        parameter = entry.spec.value
        if colon and parameter is None:
            raise UsageError(f"the sampler '{name}' takes no value after a colon; write {name} instead of '{text}'")
        if colon and parameter is not None:
            values = {parameter: value}
        if parameter is not None and not values.get(parameter):
            raise UsageError(f"the sampler '{name}' needs a value; write {name}:{parameter.upper()}")
        instance = build(entry.load(), values, where=f"sampler '{name}'")
        check_kind(entry, instance, Sampler)
        check_sampler(instance, what=f"the sampler '{entry.canonical}' ({entry.distribution})")
        short = entry.name if entry.plugin.name == BUILTIN else entry.canonical
        return BoundSampler(
            canonical_name=entry.canonical + canonical(instance),
            display_name=short + canonical(instance, only=values),
            plugin=entry.plugin.name,
            spec=entry.spec,
            distribution=entry.distribution,
            instance=instance,
        )

    def model(self, text: str, arguments: Mapping[str, Any] = MappingProxyType({})) -> BoundModel:
        """Return the architecture that `name` or `name(key=value)` stands for; its library is not imported yet.

        One of the user's own code, `my_net.py:Net(key=value)` or `package.module:Net`, is imported.

        Args:
            text: with the architecture's own arguments in brackets.
            arguments: more of them.

        Raises:
            UsageError: if the name is unknown, an argument is given twice, or own code cannot be imported.
        """
        if text.strip().endswith(".py"):
            raise UsageError(f"'{text}' is a file; name the class or function in it, as in {text.strip()}:Net")
        own = split_own(text)
        name, values = parse_call(text) if own is None else (own[0], parse_call(f"own{own[1]}")[1])
        for key in set(values) & set(arguments):
            raise UsageError(
                f"{key} is given twice, in '{text}' and as --arch-arg {key}={written(arguments[key])}; give it once"
            )
        entry = self.find("models", name) if own is None else own_architecture(*self.own.resolve(name))
        return BoundModel(entry=entry, arguments={**arguments, **values})

    def dataset(
        self, text: str, *, image_size: int | None, seed: int, data_dir: str | None = None
    ) -> tuple[str, Dataset]:
        """Load the data set that `name` or `name:PATH` stands for; return its canonical name and itself.

        Raises:
            UsageError: if the name is unknown, a path or folder is missing or superfluous, or the data are unusable.
        """
        name, colon, path = text.partition(":")
        try:
            entry = self.find("datasets", name)
        except UsageError as error:
            if os.path.isdir(text):  # noqa: PTH112 - False for a name that no file system takes
                raise UsageError(
                    f"unknown data set '{text}'; for the folder of that name write folder:{text}"
                ) from error
            raise
        assert isinstance(entry.spec, DatasetSpec)  # noqa: S101 - the loader validated it; this tells mypy
        if entry.spec.takes_path and not path:
            raise UsageError(f"the data set '{name}' needs a path; write {name}:PATH")
        if colon and not entry.spec.takes_path:
            raise UsageError(f"the data set '{name}' takes no path; write {name} instead of '{text}'")
        if data_dir is not None and not entry.spec.data_dir:
            raise UsageError(self._no_data_dir(name, data_dir))
        with calling(f"the data set '{entry.canonical}' ({entry.distribution})"):
            dataset = entry.load()(path=path or data_dir, image_size=image_size, seed=seed)
        check_kind(entry, dataset, Dataset)
        return entry.canonical, dataset

    def _no_data_dir(self, name: str, data_dir: str) -> str:
        specs = {e.name: e.spec for e in self.entries("datasets") if isinstance(e.spec, DatasetSpec)}
        readers = [dataset for dataset, spec in sorted(specs.items()) if spec.data_dir]
        fix = f"write {name}:{data_dir} instead" if specs[name.rpartition("/")[2]].takes_path else "leave it out"
        readable = f" ({' and '.join(readers)} can be)" if readers else ""
        return f"the data set '{name}' is not read from a --data-dir{readable}; {fix}"


@cache
def catalogue() -> Catalogue:
    """Return the catalogue of the installed plugins; discovery runs once per process."""
    installed = Catalogue(*discover())
    for clash in command_clashes(installed.plugins):
        raise_if_strict(clash)
    return installed


def _library(spec: MethodSpec) -> str:
    if spec.library is None:
        return ""
    try:
        return f" with {spec.library} {version(spec.library)}"
    except PackageNotFoundError:
        return f" with {spec.library}"
