"""Resolution of names to the methods, architectures, aggregators, samplers and data sets that are checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from saliencynoise.interfaces import DatasetSpec, ModelSpec, SaliencyNoiseError, SamplerSpec, UsageError
from saliencynoise.registry.loader import BUILTIN
from saliencynoise.testing.subjects import (
    DatasetSubject,
    Subject,
    aggregator_subject,
    method_subject,
    model_subject,
    sampler_subject,
)
from saliencynoise.testing.suite import Report, Thing, check_subject, not_to_be_had

if TYPE_CHECKING:
    from saliencynoise.interfaces import Dataset
    from saliencynoise.registry.catalogue import Catalogue
    from saliencynoise.registry.loader import Plugin, Spec

SAMPLED = 3


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The subjects to check.

    Attributes:
        methods: canonical names, with parameters where they were given.
        architectures: canonical names.
        aggregators: as methods.
        samplers: as methods, or with the value after a colon.
        datasets: canonical names, with the path after a colon where they are read from one.
        notes: the subjects that are left out, in words.
    """

    methods: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    aggregators: tuple[str, ...] = ()
    samplers: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Selection) -> Selection:
        return Selection(
            methods=tuple(dict.fromkeys(self.methods + other.methods)),
            architectures=tuple(dict.fromkeys(self.architectures + other.architectures)),
            aggregators=tuple(dict.fromkeys(self.aggregators + other.aggregators)),
            samplers=tuple(dict.fromkeys(self.samplers + other.samplers)),
            datasets=tuple(dict.fromkeys(self.datasets + other.datasets)),
            notes=tuple(dict.fromkeys(self.notes + other.notes)),
        )

    def each(self) -> Iterator[tuple[Thing, str]]:
        """Yield the kind and the name of each subject."""
        yield from (("method", name) for name in self.methods)
        yield from (("architecture", name) for name in self.architectures)
        yield from (("aggregator", name) for name in self.aggregators)
        yield from (("sampler", name) for name in self.samplers)
        yield from (("data set", name) for name in self.datasets)


def select(catalogue: Catalogue, names: Sequence[str]) -> Selection:
    """Return the subjects that names stand for; without names, the subjects of all plugins.

    They may be methods, aggregators and samplers (with parameters or without), architectures, data sets (with a path
    or without) and plugins. A name that is a plugin's and a method's stands for both.

    Raises:
        UsageError: if a name is unknown, or several plugins have it.
    """
    parts = [_named(catalogue, name) for name in names] or [
        _of_plugin(catalogue, plugin) for plugin in catalogue.plugins
    ]
    return sum(parts, Selection())


def resolve(catalogue: Catalogue, name: str) -> Subject:
    """Return the one subject that a name stands for.

    Raises:
        UsageError: if the name is unknown or has several meanings, or its subject cannot be made.
    """
    matches = list(_things(catalogue, name).each())
    if not matches:
        raise UsageError(_unknown(catalogue, name))
    if len(matches) > 1:
        things = " and ".join(f"{'an' if thing[0] == 'a' else 'a'} {thing}" for thing, _ in matches)
        raise UsageError(f"'{name}' is {things}; write the canonical name of one, plugin/name")
    return _subject(catalogue, *matches[0])


def check_selection(catalogue: Catalogue, selection: Selection) -> Iterator[Report]:
    """Yield the report of each subject as soon as its checks are done."""
    for thing, name in selection.each():
        yield _report(catalogue, thing, name)


def _report(catalogue: Catalogue, thing: Thing, name: str) -> Report:
    try:
        return check_subject(_subject(catalogue, thing, name))
    except SaliencyNoiseError as error:
        return not_to_be_had(name, thing, error)


def _subject(catalogue: Catalogue, thing: Thing, name: str) -> Subject:
    if thing == "method":
        return method_subject(catalogue.method(name))
    if thing == "aggregator":
        return aggregator_subject(catalogue.aggregator(name))
    if thing == "sampler":
        return sampler_subject(catalogue.sampler(name))
    if thing == "data set":
        return _dataset_subject(catalogue, name)
    return model_subject(catalogue.model(name, {}))


def _dataset_subject(catalogue: Catalogue, text: str) -> DatasetSubject:
    """Return a data set as a subject; the path of a data set that takes none is the folder of its files."""
    name, _, path = text.partition(":")
    entry = catalogue.find("datasets", name)
    assert isinstance(entry.spec, DatasetSpec)  # noqa: S101 - the loader validated it; this tells mypy
    data_dir = path if path and entry.spec.data_dir and not entry.spec.takes_path else None
    load = partial(catalogue.dataset, name if data_dir else text, seed=0, data_dir=data_dir)

    def read(image_size: int | None) -> Dataset:
        return load(image_size=image_size)[1]

    return DatasetSubject(name=text, spec=entry.spec, read=read)


def _named(catalogue: Catalogue, name: str) -> Selection:
    plugins = [_of_plugin(catalogue, plugin) for plugin in catalogue.plugins if plugin.name == name]
    try:
        selection = _things(catalogue, name)
    except UsageError:  # a short name of several plugins; as the name of a plugin it is clear
        if not plugins:
            raise
        selection = Selection()
    selection = sum(plugins, selection)
    if selection == Selection():
        raise UsageError(_unknown(catalogue, name))
    return selection


def _things(catalogue: Catalogue, name: str) -> Selection:
    """Return the subjects with a name, except those of a plugin with this name."""
    architecture = _canonical(catalogue, "models", name)
    return Selection(
        methods=_with_parameters(catalogue, "methods", name),
        architectures=(architecture,) if architecture else (),
        aggregators=_with_parameters(catalogue, "aggregators", name),
        samplers=_with_parameters(catalogue, "samplers", name),
        datasets=_with_path(catalogue, name),
    )


def _with_parameters(
    catalogue: Catalogue, kind: Literal["methods", "aggregators", "samplers"], name: str
) -> tuple[str, ...]:
    short = name.partition(":")[0].partition("(")[0]
    canonical = _canonical(catalogue, kind, short)
    if not canonical:
        return ()
    if kind == "samplers":
        _refuse_files(catalogue, name)
    elif short != name:  # so that a wrong parameter is the user's error, not a failed check
        catalogue.method(name) if kind == "methods" else catalogue.aggregator(name)
    return (canonical + name.removeprefix(short),)


def _refuse_files(catalogue: Catalogue, name: str) -> None:
    """Refuse a sampler of the user's networks: they do not fit the kit's network."""
    bound = catalogue.sampler(name)
    if not bound.instance.trains and bound.instance.available is not None:
        raise UsageError(
            f"the sampler {bound.display_name} has {bound.instance.available} networks and trains none: they do not "
            f"fit the network of the kit; try it with 'saliencynoise train --sampler {name}'"
        )


def _with_path(catalogue: Catalogue, name: str) -> tuple[str, ...]:
    short, colon, path = name.partition(":")
    canonical = _canonical(catalogue, "datasets", short)
    if not canonical:
        return ()
    spec = catalogue.find("datasets", short).spec
    assert isinstance(spec, DatasetSpec)  # noqa: S101 - as above
    if spec.takes_path and not path:
        raise UsageError(f"the data set '{short}' needs a path; write {short}:PATH")
    if colon and not (spec.takes_path or spec.data_dir):
        raise UsageError(f"the data set '{short}' takes no path; write {short} instead of '{name}'")
    return (canonical + colon + path,)


def _canonical(catalogue: Catalogue, kind: str, name: str) -> str:
    """Return the canonical name, or "" for an unknown one; a name of several plugins is an error."""
    plugin, slash, short = name.rpartition("/")
    exists = any(
        entry.name == short and (not slash or entry.plugin.name == plugin) for entry in catalogue.entries(kind)
    )
    return catalogue.find(kind, name).canonical if exists else ""


def _of_plugin(catalogue: Catalogue, plugin: Plugin) -> Selection:
    """Return all subjects of a plugin, with samples of its catalogues of architectures."""
    methods, aggregators = (
        tuple(f"{plugin.name}/{spec.name}" for spec in plugin.specs[kind]) for kind in ("methods", "aggregators")
    )
    architectures: list[str] = []
    notes: list[str] = []
    for spec in plugin.specs["models"]:
        names = catalogue.names_of(plugin, spec)
        samples = names
        if isinstance(spec, ModelSpec) and spec.names:
            samples = spec.samples or tuple(sorted(names)[:SAMPLED])
            rule = "those that it names as samples" if spec.samples else "the first ones by name"
            notes.append(f"{plugin.name}: {len(samples)} of its {len(names)} architectures, {rule}")
        architectures += [f"{plugin.name}/{name}" for name in samples]
    samplers, datasets, left_out = _without_files(plugin)
    return Selection(
        methods=methods,
        architectures=tuple(architectures),
        aggregators=aggregators,
        samplers=samplers,
        datasets=datasets,
        notes=(*notes, *left_out, *_commands(plugin)),
    )


def _without_files(plugin: Plugin) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Return the samplers and data sets of a plugin that need no value and no files, and a note of the others."""
    without_value: dict[str, tuple[str, ...]] = {}
    with_value: list[str] = []
    for kind in ("samplers", "datasets"):
        needs_value = {spec.name: _needs_a_value(spec) for spec in plugin.specs[kind]}
        without_value[kind] = tuple(f"{plugin.name}/{name}" for name, needs in needs_value.items() if not needs)
        with_value += [name for name, needs in needs_value.items() if needs]
    note = f"{plugin.name}: without {', '.join(with_value)}: they need files; to check one, name it as in NAME:PATH"
    return without_value["samplers"], without_value["datasets"], [note] if with_value else []


def _commands(plugin: Plugin) -> list[str]:
    names = ", ".join(spec.name for spec in plugin.specs["commands"])
    note = f"{plugin.name}: its commands ({names}) are not checked; 'saliencynoise NAME --help' imports one"
    return [note] if names and plugin.name != BUILTIN else []


def _needs_a_value(spec: Spec) -> bool:
    if isinstance(spec, SamplerSpec):
        return spec.value is not None
    return isinstance(spec, DatasetSpec) and (spec.takes_path or spec.data_dir)


def _unknown(catalogue: Catalogue, name: str) -> str:
    for failure in catalogue.failures:
        if failure.plugin in {name, name.partition("/")[0]}:
            return f"'{name}' is not available: {failure}"
    plugins = ", ".join(plugin.name for plugin in catalogue.plugins)
    return (
        f"'{name}' is no method, architecture, aggregator, sampler, data set or plugin; the plugins are {plugins}; "
        "'saliencynoise plugins' and "
        "'saliencynoise plugins --archs' list their contents"
    )
