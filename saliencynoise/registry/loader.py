"""Discovery of plugins: each is loaded, called and validated alone, so that a broken one does not harm the others.

pluggy's own `load_setuptools_entrypoints` stops at the first ImportError and drops the second of two
distributions that share an entry-point name, and one raising hook loses the results of all; so this
loader, with a plugin manager for each plugin.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, get_args

import pluggy

from saliencynoise.interfaces.errors import ConfigurationError, PluginFailure, UsageError, one_line
from saliencynoise.interfaces.specs import (
    VIEWS,
    AggregatorSpec,
    Claim,
    CommandGroup,
    CommandSpec,
    DatasetSpec,
    Family,
    Kind,
    Level,
    MethodSpec,
    ModelSpec,
    Rewrite,
    SamplerSpec,
    Scale,
    Sign,
)
from saliencynoise.registry import hookspecs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GROUP = "saliencynoise"
BUILTIN = "builtin"
STRICT = "SALIENCYNOISE_STRICT"

Checked = ModelSpec | MethodSpec | AggregatorSpec | SamplerSpec | DatasetSpec
"""The specs that the conformance kit checks."""

Spec = Checked | CommandSpec

KINDS: Mapping[str, type[Spec]] = {
    "models": ModelSpec,
    "methods": MethodSpec,
    "aggregators": AggregatorSpec,
    "samplers": SamplerSpec,
    "datasets": DatasetSpec,
    "commands": CommandSpec,
}

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A plugin that loaded, with its specs."""

    name: str
    distribution: str
    version: str
    specs: Mapping[str, tuple[Spec, ...]]


def discover(points: Iterable[EntryPoint] | None = None) -> tuple[list[Plugin], list[PluginFailure]]:
    """Load every plugin of the entry-point group; return those that loaded and those that failed.

    Raises:
        UsageError: if a plugin failed and `SALIENCYNOISE_STRICT=1`.
    """
    entries = sorted(points if points is not None else entry_points(group=GROUP), key=_order)
    plugins, failures = [], []
    for point in entries:
        try:
            if not _is_builtin(point):
                _check_plugin_name(point, [entry for entry in entries if entry.name == point.name])
            plugins.append(_load(point))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything at import
            failures.append(PluginFailure(plugin=point.name, error=one_line(error), **_source(point)))
    for failure in failures:
        raise_if_strict(failure)
    return plugins, failures


def raise_if_strict(failure: PluginFailure) -> None:
    """Make a failure fatal where the environment asks for it.

    Raises:
        UsageError: if `SALIENCYNOISE_STRICT=1`.
    """
    if os.environ.get(STRICT) == "1":
        raise UsageError(f"{failure} ({STRICT}=1 makes this fatal; unset it or uninstall the plugin)")


def _order(point: EntryPoint) -> tuple[bool, str, str]:
    return (not _is_builtin(point), point.name, _source(point)["distribution"])


def _is_builtin(point: EntryPoint) -> bool:
    return point.name == BUILTIN and _source(point)["distribution"] == GROUP


def _source(point: EntryPoint) -> dict[str, str]:
    distribution = point.dist
    if distribution is None:
        return {"distribution": "unknown", "version": "unknown"}
    return {"distribution": _metadata(distribution, "Name"), "version": _metadata(distribution, "Version")}


def _metadata(distribution: Distribution, key: str) -> str:
    """Return a line of a distribution's metadata, which a damaged installation may lack."""
    try:
        return str(distribution.metadata[key] or "unknown")
    except Exception:  # noqa: BLE001 - no METADATA gives None, TypeError or KeyError, as the Python version goes
        return "unknown"


def _check_plugin_name(point: EntryPoint, claims: Sequence[EntryPoint]) -> None:
    if not NAME.fullmatch(point.name):
        raise ConfigurationError(f"the plugin name {point.name!r} is not made of letters, digits and _ . + -")
    if len(claims) > 1:
        owners = [" ".join(_source(claim).values()) for claim in claims]
        raise ConfigurationError(
            f"the plugin name '{point.name}' is claimed by {' and '.join(owners)}; uninstall all but one, "
            "or ask an author to rename the entry point"
        )
    if point.name == BUILTIN:
        raise ConfigurationError(f"the plugin name '{BUILTIN}' is reserved for {GROUP} itself; rename the entry point")


def _load(point: EntryPoint) -> Plugin:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(point.load(), name=point.name)
    manager.check_pending()
    specs = {kind: _call(manager, kind) for kind in KINDS}
    if not any(specs.values()):
        raise ConfigurationError("it brings nothing: no function of it is marked @hookimpl, or all return ()")
    return Plugin(name=point.name, specs=specs, **_source(point))


def _call(manager: pluggy.PluginManager, kind: str) -> tuple[Spec, ...]:
    results: list[Any] = getattr(manager.hook, f"saliencynoise_{kind}")()
    specs: list[Spec] = []
    for result in results:
        if not isinstance(result, tuple):
            raise ConfigurationError(f"saliencynoise_{kind} must return a tuple, not {type(result).__name__}")
        specs.extend(result)
    for spec in specs:
        validate(spec, kind)
    repeated = [name for name, times in Counter(spec.name for spec in specs).items() if times > 1]
    if repeated:
        raise ConfigurationError(f"saliencynoise_{kind} names '{repeated[0]}' twice")
    return tuple(specs)


def validate(spec: object, kind: str) -> None:
    """Refuse a spec with impossible values.

    Raises:
        ConfigurationError: naming the hook, the spec and the value.
    """
    record = KINDS[kind]
    if not isinstance(spec, record):
        raise ConfigurationError(
            f"saliencynoise_{kind} must return {record.__name__} records, not {type(spec).__name__}"
        )
    if not (isinstance(spec.name, str) and NAME.fullmatch(spec.name)):
        raise ConfigurationError(
            f"saliencynoise_{kind}: the name {spec.name!r} is not made of letters, digits and _ . + -"
        )
    if not (isinstance(spec.summary, str) and spec.summary.strip() and "\n" not in spec.summary):
        raise ConfigurationError(f"saliencynoise_{kind}: '{spec.name}' needs a summary of one line")
    targets = [spec.target, *(getattr(spec, name, None) or spec.target for name in ("names", "paper_of"))]
    for target in targets:
        if not (isinstance(target, str) and _TARGET.fullmatch(target)):
            raise ConfigurationError(
                f"saliencynoise_{kind}: '{spec.name}' has {target!r} where 'package.module:attribute' is expected"
            )
    _validate_sources(spec, kind)
    if isinstance(spec, CommandSpec):
        _validate_results(spec, kind)
        _validate_choices(spec, kind, (("group", () if spec.group is None else (spec.group,), CommandGroup),))
    else:
        _validate_expected_failures(spec, kind)
    if isinstance(spec, MethodSpec):
        declared = (
            ("kind", (spec.kind,), Kind),
            ("family", (spec.family,), Family),
            ("claims", spec.claims, Claim),
            ("sign", (spec.sign,), Sign),
            ("invariant_to", spec.invariant_to, Rewrite),
        )
        _validate_choices(spec, kind, declared)
        _validate_views(spec)
    if isinstance(spec, SamplerSpec):
        _validate_sampler(spec)
    if isinstance(spec, AggregatorSpec):
        _validate_choices(spec, kind, (("level", (spec.level,), Level), ("scale", (spec.scale,), Scale)))


def _validate_sources(spec: Spec, kind: str) -> None:
    """Refuse sources that are no text."""
    for name in ("paper", "bibtex"):
        value = getattr(spec, name, "")
        if not isinstance(value, str):
            raise ConfigurationError(f"saliencynoise_{kind}: '{spec.name}' has {name}={value!r}; give a text")


def _validate_choices(spec: Spec, kind: str, declared: Iterable[tuple[str, tuple[str, ...], object]]) -> None:
    """Refuse values that are not of the choices, `Literal` types."""
    for name, values, choices in declared:
        wrong = [value for value in values if value not in get_args(choices)]
        if wrong:
            raise ConfigurationError(
                f"saliencynoise_{kind}: '{spec.name}' has the {name} {wrong[0]!r}; choose of "
                f"{', '.join(get_args(choices))}"
            )


def _validate_results(spec: CommandSpec, kind: str) -> None:
    if bool(spec.result_file) != bool(spec.results) or "/" in spec.result_file:
        raise ConfigurationError(
            f"saliencynoise_{kind}: '{spec.name}' has result_file={spec.result_file!r} and results={spec.results!r}; "
            "give the name of a file and 'package.module:attribute', or neither"
        )


def _validate_expected_failures(spec: Checked, kind: str) -> None:
    for pair in spec.expected_failures:
        if not (isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(p, str) and p.strip() for p in pair)):
            raise ConfigurationError(
                f"saliencynoise_{kind}: '{spec.name}' expects the failure {pair!r}; write ('name of a check', 'reason')"
            )


def _validate_sampler(spec: SamplerSpec) -> None:
    for name, kind, fix in (("at_chance", str, "give a text"), ("imported", bool, "give True or False")):
        value = getattr(spec, name)
        if not isinstance(value, kind):
            raise ConfigurationError(f"saliencynoise_samplers: '{spec.name}' has {name}={value!r}; {fix}")


def _validate_views(spec: MethodSpec) -> None:
    if not isinstance(spec.views, tuple) or not spec.views:
        raise ConfigurationError(f"saliencynoise_methods: '{spec.name}' needs a tuple of at least one view")
    for view in spec.views:
        if view not in VIEWS or spec.views.count(view) > 1:
            raise ConfigurationError(
                f"saliencynoise_methods: '{spec.name}' has the views {spec.views!r}; choose of "
                f"{', '.join(VIEWS)}, each once"
            )
