"""The declarations of plugins: frozen records of plain values, so that a list of them imports nothing heavy.

A spec's `target` is an import string, `package.module:attribute`, resolved when the name is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

VIEWS = ("signed", "relu", "abs", "centred")
"""The names of the views that `saliencynoise.statistics.views` defines."""

CENTRED = "centred"
"""The view of each map less its mean over places."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """An architecture, or a whole catalogue of them.

    Attributes:
        name: name of the architecture, or of the catalogue where `names` is given.
        summary: one line for `saliencynoise plugins`.
        target: import string of a callable `(name, **arch_args) -> Model`.
        names: import string of a callable `() -> Sequence[str]` that lists the names of a catalogue without
            importing its library; None where the spec stands for the one architecture `name`.
        samples: names of a catalogue that `saliencynoise plugins check` takes for all of it: small ones, of several
            families. Without them it takes the first three.
        paper: where it was published, with DOI or arXiv id; of a catalogue, the paper of the whole catalogue.
        paper_of: import string of a callable `(name) -> str` that returns the same for one name of a catalogue, empty
            where it is not known; it imports nothing heavy. None for none.
        as_trained: arguments with which a network is built as its library builds it, for weights that were trained
            elsewhere; a user's own argument of that name is taken instead.
        bibtex: as in `MethodSpec`.
        expected_failures: as in `MethodSpec`.
    """

    name: str
    summary: str
    target: str
    names: str | None = None
    samples: tuple[str, ...] = ()
    paper: str = ""
    paper_of: str | None = None
    as_trained: tuple[tuple[str, Any], ...] = ()
    bibtex: str = ""
    expected_failures: tuple[tuple[str, str], ...] = ()


Kind = Literal["pass", "functional", "module"]
Family = Literal["gradient", "cam", "perturbation", "reference"]
Sign = Literal["signed", "nonnegative", "nonpositive", "leaning"]
Claim = Literal["constant", "linear_weights", "linear_contributions", "completeness"]


REASONS: Mapping[Sign, str] = MappingProxyType(
    {
        "nonnegative": "one-signed: no value is below zero, with or without signal",
        "nonpositive": "one-signed: no value is above zero, with or without signal",
        "leaning": "leaning: networks that know nothing may agree, too: maps need not turn their sign with the outputs",
    }
)
"""Why the maps of a method have no test and no floor in the signed view, by their sign."""

CommandGroup = Literal["start here", "look", "plan", "research", "extend"]
"""The headings of `saliencynoise --help`, in their order."""
Rewrite = Literal["permutation", "positive_scale", "sign", "rotation", "centred_rotation"]
"""A change T of a layer's channels that changed weights around the layer undo, so that the network is the same
function: another order of the channels, a positive factor for each, a sign for each, an orthogonal matrix, or an
orthogonal matrix that keeps the sum over the channels."""


@dataclass(frozen=True, kw_only=True)
class MethodSpec:
    """An attribution method.

    Attributes:
        name: the field's name of the method, in snake case.
        summary: one line for `saliencynoise methods`.
        target: import string of a frozen dataclass whose fields are the method's parameters and whose instances
            satisfy the protocol of `kind`. Those of kind "functional" or "module" that read a layer of the network
            are a `LayerMethod`, too: the field that names the layer is called `layer`.
        family: "gradient", "cam", "perturbation" or "reference" (the image is compared with others).
        paper: where the method was published, with DOI or arXiv id.
        kind: "pass" (`PassMethod`), "functional" (`FunctionalMethod`) or "module" (`ModuleMethod`).
        stochastic: whether maps depend on `Batch.noise`; then at least two draws are made, one of them shared.
        cost: the cost of one image, in forward and backward passes: "1 forward + 1 backward", "steps x (forward +
            backward)".
        views: names of the views that are reported, of `VIEWS`; the first is the headline's. Methods on a layer and
            those of one sign have the view "centred" without being asked.
        sign: what the maps of networks without knowledge are like. "signed": the map of a network turns its sign with
            the score (the gradient of -f is minus that of f), so chance has a mean map of zero. "nonnegative",
            "nonpositive": no value has the other sign. "leaning": values of both signs are possible, but the map does
            not turn with the score (positive gradients only, weights that cannot be negative), so that untrained
            networks agree. Where the score itself does not turn with the network's outputs (a probability, a
            margin), no method's maps do, and "signed" counts as "leaning". Only "signed" maps have a test for signal in
            the signed view. An attribute or property `sign` of the instance, where the parameters decide, goes before
            this one.
        claims: what the conformance kit tests beyond the contract. "constant": a network that ignores the image gives
            zero. "linear_weights": a linear network gives its weights. "linear_contributions": a linear network gives
            weight times (image - baseline), with a baseline of zero where the background is zero. "completeness":
            the diagnostic "completeness_error" is at most 1e-3 with the default parameters, on a smooth network.
        invariant_to: of a method of a layer, the kinds of `Rewrite` that leave its maps as they are when it is handed
            Tap(T a, T^-T g) in place of Tap(a, g). "rotation" includes "permutation", "sign" and "centred_rotation",
            and "centred_rotation" includes "permutation". For the other kinds that the layer's `CamPoint` allows, a
            bench measures how far they move the maps.
        library: name of the distribution that does the work, whose version belongs to the result; None if the plugin's
            own code does it.
        expected_failures: checks of the conformance kit that are known to fail, each with the reason. They are strict:
            one that passes is reported, so that it is dropped.
    """

    name: str
    summary: str
    target: str
    family: Family
    paper: str
    kind: Kind = "pass"
    stochastic: bool = False
    cost: str = "1 forward + 1 backward"
    views: tuple[str, ...] = ("signed",)
    sign: Sign = "signed"
    claims: tuple[Claim, ...] = ()
    invariant_to: tuple[Rewrite, ...] = ()
    library: str | None = None
    bibtex: str = ""
    expected_failures: tuple[tuple[str, str], ...] = ()


def declared_sign(spec: MethodSpec, instance: object) -> Sign:
    """Return the sign of a method's maps as it is declared: of the instance, where its parameters decide.

    A value that is no `Sign` counts for nothing; the conformance kit reports it.
    """
    sign: Sign | None = getattr(instance, "sign", None)
    return spec.sign if sign is None or sign not in get_args(Sign) else sign


Level = Literal["maps", "networks"]
Scale = Literal["raw", "unit"]


@dataclass(frozen=True, kw_only=True)
class AggregatorSpec:
    """A way in which the maps of the members become one map.

    Attributes:
        name: name of the aggregator, in snake case.
        summary: one line for `saliencynoise plugins`.
        target: import string of a frozen dataclass whose fields are the aggregator's parameters and whose
            instances satisfy the protocol of `level`.
        scale: on which maps are averaged: "raw", or "unit" where each is scaled to unit norm first; the number of
            networks that is needed is for that scale.
        level: "maps" (`Aggregator`: members are explained, and their maps become one) or "networks"
            (`NetworkAggregator`: members become one network, and that is explained).
        expected_failures: as in `MethodSpec`.
    """

    name: str
    summary: str
    target: str
    level: Level = "maps"
    scale: Scale = "raw"
    expected_failures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class SamplerSpec:
    """A source of members: training from new seeds, or something cheaper.

    Attributes:
        name: name of the sampler, in snake case.
        summary: one line for `saliencynoise plugins`.
        target: import string of a frozen dataclass whose fields are the sampler's parameters and which is a
            `saliencynoise.interfaces.Sampler`.
        paper: where it was published, with DOI or arXiv id; empty for what needs no source.
        value: the parameter that VALUE sets in `name:VALUE`; None if there is none.
        at_chance: why its members classify test images no better than chance by design, as a clause for a warning;
            empty where they learn to classify.
        imported: whether the members were trained elsewhere, so that it is not known how their weights began.
        bibtex: as in `MethodSpec`.
        expected_failures: as in `MethodSpec`.
    """

    name: str
    summary: str
    target: str
    paper: str = ""
    value: str | None = None
    at_chance: str = ""
    imported: bool = False
    bibtex: str = ""
    expected_failures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """A data set.

    Attributes:
        name: name of the data set, in snake case.
        summary: one line for `saliencynoise plugins`.
        target: import string of a callable `(*, path, image_size, seed) -> Dataset`. The data follow from these alone,
            and loading leaves the global random states as they were. `image_size` is the height and width of the
            images, None for the usual ones; an impossible size is refused with UsageError.
        takes_path: whether the name is followed by a path, as in `folder:PATH`.
        data_dir: whether it can be read from `--data-dir`, which is then given as `path`; without, `path` is None.
        paper: where it was published, with DOI or arXiv id.
        bibtex: as in `MethodSpec`.
        expected_failures: as in `MethodSpec`.
    """

    name: str
    summary: str
    target: str
    takes_path: bool = False
    data_dir: bool = False
    paper: str = ""
    bibtex: str = ""
    expected_failures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class CommandSpec:
    """A command of the command line, `saliencynoise NAME`.

    Attributes:
        name: the word after `saliencynoise`. The names of built-in commands are reserved, and a name of two plugins is
            an error; `plugin/name` is always understood.
        summary: one line for `saliencynoise --help`, which imports no command.
        target: import string of a function with Typer's annotations, or of a Typer app, which may have commands of
            its own. It is imported when the command is called. A `UsageError` ends it with one line and exit code 2.
        result_file: the file by which a folder with results of this command is known; empty where it leaves none.
        results: import string of an object that reads such a folder, a `saliencynoise.interfaces.results.Results`.
        group: its heading in `saliencynoise --help`; None for "Commands of plugins".
    """

    name: str
    summary: str
    target: str
    result_file: str = ""
    results: str = ""
    group: CommandGroup | None = None
