"""Plugins with their parameters: methods, aggregators, samplers and architectures as a run uses them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces.errors import UsageError, one_line
from saliencynoise.interfaces.methods import FunctionalMethod, LayerMethod, ModuleMethod, PassMethod
from saliencynoise.interfaces.protocols import Aggregator, Model, NetworkAggregator
from saliencynoise.interfaces.specs import (
    CENTRED,
    AggregatorSpec,
    MethodSpec,
    ModelSpec,
    SamplerSpec,
    Sign,
    declared_sign,
)
from saliencynoise.registry.calling import NamedModel, calling, refuse_unknown_arguments
from saliencynoise.registry.entry import check_kind
from saliencynoise.registry.parameters import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saliencynoise.interfaces.sampling import Sampler
    from saliencynoise.registry.entry import Entry


@dataclass(frozen=True, kw_only=True)
class BoundMethod:
    """A method with its parameters.

    Attributes:
        canonical_name: with every parameter, `builtin/gradcam(layer=top)`: part of a result's key.
        display_name: the name in tables: with the given parameters only, and without the plugin of a built-in method.
        plugin: name of the plugin.
        name: name of the method in the plugin.
        given: the parameters that were given, by name; the others have their defaults.
        spec: the plugin's declaration.
        distribution: the distribution that brought it and the library that does the work, with their versions.
        instance: the object that computes the maps.
        turns: whether the explained score turns its sign with the network's outputs, as a logit does. A probability
            does not, and then no map of it does.
    """

    canonical_name: str
    display_name: str
    plugin: str
    name: str
    given: Mapping[str, Any]
    spec: MethodSpec
    distribution: str
    instance: PassMethod | FunctionalMethod | ModuleMethod
    turns: bool = True

    @property
    def sign(self) -> Sign:
        """The declared sign of the maps, as `MethodSpec.sign`, with these parameters and this score."""
        sign = declared_sign(self.spec, self.instance)
        return "leaning" if sign == "signed" and not self.turns else sign

    @property
    def on_layer(self) -> bool:
        """Whether the method reads a layer of the network, whose maps may be nearly constant."""
        return self.spec.family == "cam" or isinstance(self.instance, LayerMethod)

    @property
    def views(self) -> tuple[str, ...]:
        """The views that are measured: the declared ones, and "centred" for methods on a layer or of one sign."""
        views = self.spec.views
        if CENTRED in views or not (self.on_layer or self.sign in {"nonnegative", "nonpositive"}):
            return views
        return (*views[:1], CENTRED, *views[1:])


@dataclass(frozen=True, kw_only=True)
class BoundAggregator:
    """An aggregator with its parameters; attributes as in `BoundMethod`."""

    canonical_name: str
    spec: AggregatorSpec
    instance: Aggregator | NetworkAggregator


@dataclass(frozen=True, kw_only=True)
class BoundSampler:
    """A sampler with its parameters; attributes as in `BoundMethod`."""

    canonical_name: str
    display_name: str
    plugin: str
    spec: SamplerSpec
    distribution: str
    instance: Sampler


@dataclass(frozen=True, kw_only=True)
class BoundModel:
    """An architecture with its arguments, not loaded yet; attributes as in `BoundMethod`."""

    entry: Entry
    arguments: Mapping[str, Any]

    @property
    def canonical_name(self) -> str:
        """The canonical name with its arguments."""
        return self.entry.canonical + self._suffix

    @property
    def display_name(self) -> str:
        """The same without the plugin, for tables."""
        return self.entry.name + self._suffix

    @property
    def distribution(self) -> str:
        """The distribution that brought it, with its version."""
        return self.entry.distribution

    @property
    def _suffix(self) -> str:
        pairs = ",".join(f"{key}={written(self.arguments[key])}" for key in sorted(self.arguments))
        return f"({pairs})" if pairs else ""

    def as_trained(self) -> BoundModel:
        """Return the architecture as its library builds it, for weights of others; arguments that were given stay.

        An architecture that is adapted to small images computes something else from the same weights.
        """
        spec = self.entry.spec
        own = dict(spec.as_trained) if isinstance(spec, ModelSpec) else {}
        return replace(self, arguments={**own, **self.arguments})

    def load(self) -> Model:
        """Import the plugin's library and return the architecture.

        Raises:
            UsageError: if it cannot be imported, or not built with these arguments.
        """
        target = self.entry.load()
        architecture = f"architecture '{self.canonical_name}'"
        refuse_unknown_arguments(target, self.arguments, what=architecture)
        with calling(f"the {architecture} ({self.distribution})"):
            try:
                instance = target(self.entry.name, **self.arguments)
            except (TypeError, ValueError) as error:
                raise UsageError(f"{architecture}: {one_line(error).partition(': ')[2]}") from error
        check_kind(self.entry, instance, Model)
        return instance  # type: ignore[no-any-return]

    def named(self) -> NamedModel:
        """Return the architecture as `load` does, in a wrapper whose errors name it."""
        return NamedModel(what=f"the architecture '{self.canonical_name}' ({self.distribution})", model=self.load())
