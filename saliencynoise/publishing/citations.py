"""What a study used and its author cites: this program, the measure, methods, data, architectures and libraries."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.visible import one_visible_line
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.specs import MethodSpec, ModelSpec
from saliencynoise.publishing.bibtex import Entry, entries_in, entry_of, identifiers_in, known_entries
from saliencynoise.records.study import MeasureSettings
from saliencynoise.registry.catalogue import catalogue

if TYPE_CHECKING:
    from saliencynoise.interfaces.specs import DatasetSpec, SamplerSpec
    from saliencynoise.records.study import StudyRecord

LIBRARIES = {
    "torch": "bib:paszke2019pytorch",
    "torchvision": "bib:torchvision2016",
    "numpy": "bib:harris2020array",
    "scipy": "bib:virtanen2020scipy",
    "scikit-image": "bib:vanderwalt2014scikit",
    "captum": "bib:kokhlikyan2020captum",
    "shap": "bib:lundberg2017unified",
    "lime": "bib:ribeiro2016why",
}
"""Entries of libraries, by distribution; those of the methods' libraries, and of `versions` in a result."""

EVERY_RUN = ("torch", "torchvision", "numpy", "scipy", "scikit-image")


@dataclass(frozen=True, kw_only=True)
class Used:
    """A thing that was used: what it is, where it was published, and entries that its plugin brings."""

    what: str
    paper: str
    bibtex: str = ""


@dataclass(frozen=True, kw_only=True)
class Citations:
    """Entries, each with what it is for, and what has none, with the reason."""

    entries: tuple[tuple[tuple[str, ...], Entry], ...]
    missing: tuple[str, ...]

    @property
    def keys(self) -> dict[str, list[str]]:
        """The keys of the entries of each thing."""
        found: dict[str, list[str]] = {}
        for uses, entry in self.entries:
            for use in uses:
                found.setdefault(use, []).append(entry.key)
        return found

    def __str__(self) -> str:
        """Return a BibTeX file; what has no entry is named at the end, in comments."""
        parts = [f"% {_comment(', '.join(uses))}\n{entry}\n" for uses, entry in self.entries]
        if self.missing:
            parts.append(
                "\n".join(["% Without an entry here; cite their sources:", *(f"% - {m}" for m in self.missing)])
            )
        return "\n".join(parts).rstrip("\n") + "\n"


def citations_of(result: StudyRecord) -> Citations:
    """Return the entries of all that a study used; nothing is invented, what has no entry is named as missing."""
    found: dict[Entry, list[str]] = {_program(result): ["this program"]}
    missing: list[str] = []
    for used in _used(result):
        entries, reasons = _entries(used)
        for entry in entries:
            found.setdefault(entry, []).append(used.what)
        missing += [_comment(f"{used.what}: {reason}") for reason in reasons]
    named = tuple((tuple(dict.fromkeys(uses)), entry) for entry, uses in found.items())
    return Citations(entries=named, missing=tuple(dict.fromkeys(missing)))


def _program(result: StudyRecord) -> Entry:
    version = result.versions.get("saliencynoise")
    fields = (("author", "{The saliencynoise developers}"), ("title", "saliencynoise"))
    said = (("note", f"Computer program, version {version}"),) if version else (("note", "Computer program"),)
    return Entry(kind="misc", key="saliencynoise", fields=(*fields, *said))


def _used(result: StudyRecord) -> Iterator[Used]:
    yield Used(what="the measure", paper="bib:woerl2023initialization")
    labels = {cell.method for cell in result.cells if cell.status == "ok"}
    libraries: list[str] = []
    for method in result.methods:
        if method.label in labels:
            spec = _spec("methods", f"{method.plugin}/{method.short_name}")
            bibtex = spec.bibtex if isinstance(spec, MethodSpec) else ""
            yield Used(what=f"method {method.label}", paper=method.paper or "", bibtex=bibtex)
            libraries += [method.library] if method.library else []
    yield from _origin(result)
    for name in (*dict.fromkeys(libraries), *(name for name in EVERY_RUN if name in result.versions)):
        yield Used(what=f"library {name}", paper=LIBRARIES.get(name, ""))


def _origin(result: StudyRecord) -> Iterator[Used]:
    """Yield the data set, the architectures and the sampler of a bench."""
    if isinstance(result.settings, MeasureSettings):
        return
    dataset = result.dataset
    spec: DatasetSpec | None = _spec("datasets", dataset.name.partition(":")[0])
    yield Used(
        what=f"data set {dataset.asked}",
        paper=spec.paper if spec else "",
        bibtex=spec.bibtex if spec else "",
    )
    for architecture in result.architectures:
        model = _spec("models", f"{architecture.plugin}/{architecture.short_name}")
        what = f"architecture {architecture.label}"
        if not isinstance(model, ModelSpec):
            yield Used(what=what, paper="")
            continue
        if model.paper_of:
            yield Used(what=f"catalogue {model.name}", paper=model.paper, bibtex=model.bibtex)
            yield Used(what=what, paper=_paper_of(model.paper_of, architecture.short_name), bibtex=model.bibtex)
        else:
            yield Used(what=what, paper=model.paper, bibtex=model.bibtex)
    if result.sampler is not None:
        sampler: SamplerSpec | None = _spec("samplers", result.sampler.name.partition("(")[0])
        if sampler and (sampler.paper or sampler.bibtex):
            yield Used(what=f"sampler {result.sampler.label}", paper=sampler.paper, bibtex=sampler.bibtex)


def _paper_of(target: str, name: str) -> str:
    module, _, attribute = target.partition(":")
    try:
        return str(getattr(importlib.import_module(module), attribute)(name))
    except Exception:  # noqa: BLE001 - a plugin may raise anything; the architecture is then without an entry
        return ""


def _spec(kind: str, name: str) -> Any:
    """Return the spec of a name, or None where its plugin is not installed."""
    try:
        return catalogue().find(kind, name).spec
    except UsageError:
        return None


def _entries(used: Used) -> tuple[list[Entry], list[str]]:
    """Return the entries of a thing, and why there are none."""
    try:
        brought = entries_in(used.bibtex) if used.bibtex else []
    except ValueError as error:
        return [], [f"the BibTeX of its plugin cannot be read: {error}"]
    wanted = identifiers_in(used.paper)
    if not wanted:
        return (brought, []) if brought else ([], [used.paper or "its source is not known here"])
    found = [(name, entry_of(name, [*brought, *known_entries()])) for name in wanted]
    entries = [entry for _, entry in found if entry is not None]
    missing = [name for name, entry in found if entry is None]
    return entries, [used.paper] if missing else []


def _comment(text: str) -> str:
    """Return a text in one line, without the sign that begins an entry."""
    return one_visible_line(text).replace("@", "(at)")
