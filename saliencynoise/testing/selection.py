"""Which methods and architectures a name stands for, when plugins are checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from saliencynoise.interfaces import ModelSpec, SaliencyNoiseError, UsageError
from saliencynoise.testing.subjects import Subject, method_subject, model_subject
from saliencynoise.testing.suite import Report, check_subject, not_to_be_had

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
        notes: what was left out, in words.
    """

    methods: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Selection) -> Selection:
        return Selection(
            methods=tuple(dict.fromkeys(self.methods + other.methods)),
            architectures=tuple(dict.fromkeys(self.architectures + other.architectures)),
            notes=tuple(dict.fromkeys(self.notes + other.notes)),
        )


def select(catalogue: Catalogue, names: Sequence[str]) -> Selection:
    """Return what names stand for: methods (with parameters or without), architectures, plugins; all without a name.

    A name that is a plugin's and a method's stands for both.

    Raises:
        UsageError: if a name stands for nothing, or for several things of several plugins.
    """
    parts = [_named(catalogue, name) for name in names] or [_of_plugin(catalogue, own) for own in catalogue.plugins]
    return sum(parts, Selection())


def resolve(catalogue: Catalogue, name: str) -> Subject:
    """Return the one method or architecture that a name stands for.

    Raises:
        UsageError: if it stands for nothing, for several, or for what cannot be had.
    """
    found = _method(catalogue, name) + _architecture(catalogue, name)
    if not found.methods + found.architectures:
        raise UsageError(_unknown(catalogue, name))
    if len(found.methods + found.architectures) > 1:
        raise UsageError(f"'{name}' is a method and an architecture; write the canonical name of one, plugin/name")
    return _subject(catalogue, found)


def check_selection(catalogue: Catalogue, selection: Selection) -> Iterator[Report]:
    """Yield the report of each method and each architecture, as soon as it is there."""
    for name in selection.methods:
        yield _report(catalogue, Selection(methods=(name,)), name, "method")
    for name in selection.architectures:
        yield _report(catalogue, Selection(architectures=(name,)), name, "architecture")


def _report(catalogue: Catalogue, one: Selection, name: str, kind: Literal["method", "architecture"]) -> Report:
    try:
        return check_subject(_subject(catalogue, one))
    except SaliencyNoiseError as error:
        return not_to_be_had(name, kind, error)


def _subject(catalogue: Catalogue, one: Selection) -> Subject:
    if one.methods:
        return method_subject(catalogue.method(one.methods[0]))
    return model_subject(catalogue.model(one.architectures[0], {}))


def _named(catalogue: Catalogue, name: str) -> Selection:
    plugins = [_of_plugin(catalogue, plugin) for plugin in catalogue.plugins if plugin.name == name]
    try:
        found = _method(catalogue, name) + _architecture(catalogue, name)
    except UsageError:  # a short name of several plugins; as a plugin's own name it is none the less clear
        if not plugins:
            raise
        found = Selection()
    found = sum(plugins, found)
    if found == Selection():
        raise UsageError(_unknown(catalogue, name))
    return found


def _method(catalogue: Catalogue, name: str) -> Selection:
    short, bracket, parameters = name.partition("(")
    canonical = _canonical(catalogue, "methods", short)
    if canonical and bracket:
        catalogue.method(name)  # so that a slip in a parameter is the user's error, and not a failed check
    return Selection(methods=(canonical + bracket + parameters,) if canonical else ())


def _architecture(catalogue: Catalogue, name: str) -> Selection:
    canonical = _canonical(catalogue, "models", name)
    return Selection(architectures=(canonical,) if canonical else ())


def _canonical(catalogue: Catalogue, kind: str, name: str) -> str:
    """Return the canonical name, or "" where no such thing is known; a name of several plugins is an error."""
    plugin, slash, short = name.rpartition("/")
    known = any(entry.name == short and (not slash or entry.plugin.name == plugin) for entry in catalogue.entries(kind))
    return catalogue.find(kind, name).canonical if known else ""


def _of_plugin(catalogue: Catalogue, plugin: Plugin) -> Selection:
    """Return all methods of a plugin, its architectures, and samples of its catalogues of architectures."""
    methods = tuple(f"{plugin.name}/{spec.name}" for spec in plugin.specs["methods"])
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
    return Selection(methods=methods, architectures=tuple(architectures), notes=tuple(notes))


def _unknown(catalogue: Catalogue, name: str) -> str:
    for failure in catalogue.failures:
        if failure.plugin in {name, name.partition("/")[0]}:
            return f"'{name}' is not to be had: {failure}"
    plugins = ", ".join(plugin.name for plugin in catalogue.plugins)
    return (
        f"'{name}' is no method, no architecture and no plugin; the plugins are {plugins}; 'saliencynoise plugins' and "
        "'saliencynoise plugins --archs' list what they bring"
    )
