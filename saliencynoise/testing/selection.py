"""Which methods, architectures and aggregators a name stands for, when plugins are checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from saliencynoise.interfaces import ModelSpec, SaliencyNoiseError, UsageError
from saliencynoise.testing.subjects import Subject, aggregator_subject, method_subject, model_subject
from saliencynoise.testing.suite import Report, Thing, check_subject, not_to_be_had

if TYPE_CHECKING:
    from saliencynoise.registry.catalogue import Catalogue
    from saliencynoise.registry.loader import Plugin

SAMPLED = 3


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What will be checked.

    Attributes:
        methods: canonical names, with parameters where they were given.
        architectures: canonical names.
        aggregators: as methods.
        notes: what was left out, in words.
    """

    methods: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    aggregators: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Selection) -> Selection:
        return Selection(
            methods=tuple(dict.fromkeys(self.methods + other.methods)),
            architectures=tuple(dict.fromkeys(self.architectures + other.architectures)),
            aggregators=tuple(dict.fromkeys(self.aggregators + other.aggregators)),
            notes=tuple(dict.fromkeys(self.notes + other.notes)),
        )

    def each(self) -> Iterator[tuple[Thing, str]]:
        """Yield what will be checked: which thing it is, and its name."""
        yield from (("method", name) for name in self.methods)
        yield from (("architecture", name) for name in self.architectures)
        yield from (("aggregator", name) for name in self.aggregators)


def select(catalogue: Catalogue, names: Sequence[str]) -> Selection:
    """Return what names stand for; all plugins without a name.

    They may be methods and aggregators (with parameters or without), architectures and plugins. A name that is a
    plugin's and a method's stands for both.

    Raises:
        UsageError: if a name stands for nothing, or for several things of several plugins.
    """
    parts = [_named(catalogue, name) for name in names] or [_of_plugin(catalogue, own) for own in catalogue.plugins]
    return sum(parts, Selection())


def resolve(catalogue: Catalogue, name: str) -> Subject:
    """Return the one method, architecture or aggregator that a name stands for.

    Raises:
        UsageError: if it stands for nothing, for several, or for what cannot be had.
    """
    found = list(_things(catalogue, name).each())
    if not found:
        raise UsageError(_unknown(catalogue, name))
    if len(found) > 1:
        things = " and ".join(f"{'a' if thing == 'method' else 'an'} {thing}" for thing, _ in found)
        raise UsageError(f"'{name}' is {things}; write the canonical name of one, plugin/name")
    return _subject(catalogue, *found[0])


def check_selection(catalogue: Catalogue, selection: Selection) -> Iterator[Report]:
    """Yield the report of each thing as soon as it is there."""
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
    return model_subject(catalogue.model(name, {}))


def _named(catalogue: Catalogue, name: str) -> Selection:
    plugins = [_of_plugin(catalogue, plugin) for plugin in catalogue.plugins if plugin.name == name]
    try:
        found = _things(catalogue, name)
    except UsageError:  # a short name of several plugins; as a plugin's own name it is none the less clear
        if not plugins:
            raise
        found = Selection()
    found = sum(plugins, found)
    if found == Selection():
        raise UsageError(_unknown(catalogue, name))
    return found


def _things(catalogue: Catalogue, name: str) -> Selection:
    """Return what a name stands for, but for plugins."""
    architecture = _canonical(catalogue, "models", name)
    return Selection(
        methods=_with_parameters(catalogue, "methods", name),
        architectures=(architecture,) if architecture else (),
        aggregators=_with_parameters(catalogue, "aggregators", name),
    )


def _with_parameters(catalogue: Catalogue, kind: Literal["methods", "aggregators"], name: str) -> tuple[str, ...]:
    short, bracket, parameters = name.partition("(")
    canonical = _canonical(catalogue, kind, short)
    if canonical and bracket:  # so that a slip in a parameter is the user's error, and not a failed check
        catalogue.method(name) if kind == "methods" else catalogue.aggregator(name)
    return (canonical + bracket + parameters,) if canonical else ()


def _canonical(catalogue: Catalogue, kind: str, name: str) -> str:
    """Return the canonical name, or "" where no such thing is known; a name of several plugins is an error."""
    plugin, slash, short = name.rpartition("/")
    known = any(entry.name == short and (not slash or entry.plugin.name == plugin) for entry in catalogue.entries(kind))
    return catalogue.find(kind, name).canonical if known else ""


def _of_plugin(catalogue: Catalogue, plugin: Plugin) -> Selection:
    """Return all of a plugin: of its catalogues of architectures, samples."""
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
    return Selection(methods=methods, architectures=tuple(architectures), aggregators=aggregators, notes=tuple(notes))


def _unknown(catalogue: Catalogue, name: str) -> str:
    for failure in catalogue.failures:
        if failure.plugin in {name, name.partition("/")[0]}:
            return f"'{name}' is not to be had: {failure}"
    plugins = ", ".join(plugin.name for plugin in catalogue.plugins)
    return (
        f"'{name}' is no method, no architecture, no aggregator and no plugin; the plugins are {plugins}; "
        "'saliencynoise plugins' and "
        "'saliencynoise plugins --archs' list what they bring"
    )
