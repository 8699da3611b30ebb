"""The subjects of the checks (a method, an architecture, a data set ...), and how every check runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from saliencynoise.interfaces import (
    Aggregator,
    AggregatorSpec,
    Batch,
    Dataset,
    DatasetSpec,
    FunctionalMethod,
    Maps,
    MethodSpec,
    Model,
    ModelSpec,
    ModuleMethod,
    Network,
    NetworkAggregator,
    PassMethod,
    Sampler,
    SamplerSpec,
)
from saliencynoise.interfaces.specs import Sign, declared_sign
from saliencynoise.scoring import Passes, attribute
from saliencynoise.testing.networks import batch_of, convolutional
from saliencynoise.testing.state import guarded

if TYPE_CHECKING:
    from saliencynoise.registry.bound import BoundAggregator, BoundMethod, BoundModel, BoundSampler

ROWS = 256
"""More rows than any pass of the kit has, so that nothing is divided."""


@dataclass(frozen=True, kw_only=True)
class MethodSubject:
    """A method under test.

    Attributes:
        name: its canonical name with every parameter.
        spec: the spec that its plugin declares.
        method: computes the maps.
    """

    name: str
    spec: MethodSpec
    method: PassMethod | FunctionalMethod | ModuleMethod

    @property
    def sign(self) -> Sign:
        """The declared sign of the maps: of the instance, where its parameters decide, else of the spec."""
        return declared_sign(self.spec, self.method)

    @property
    def is_default(self) -> bool:
        """Whether every parameter has its default value; claims of a spec are about these values."""
        return all(
            field.default is not MISSING and getattr(self.method, field.name) == field.default
            for field in fields(self.method)  # type: ignore[arg-type]
            if field.init
        )

    def maps(
        self, network: Network | None = None, batch: Batch | None = None, *, rows: int = ROWS, seed: int = 0
    ) -> Maps:
        """Return the maps; by default of the convolutional network and three images.

        The global random state is the same at every call, unless another `seed` is given, and is left as it was; the
        method sees a copy of the batch.

        Raises:
            Exception: any exception of the method.
        """
        with guarded(seed):
            return self.maps_at_large(Passes(network or convolutional(), rows=rows), _copied(batch or batch_of()))

    def maps_at_large(self, passes: Passes, batch: Batch) -> Maps:
        """Return the maps without guarding the global state or the batch.

        Raises:
            Exception: any exception of the method.
        """
        maps = attribute(passes, self.method, batch)
        if isinstance(maps, Exception):
            raise maps
        return maps


def _copied(batch: Batch) -> Batch:
    return replace(batch, x=batch.x.clone(), target=batch.target.clone(), background=batch.background.clone())


@dataclass(frozen=True, kw_only=True)
class ModelSubject:
    """An architecture under test.

    Attributes:
        name: its canonical name with its arguments.
        spec: the spec that its plugin declares.
        model: builds networks.
    """

    name: str
    spec: ModelSpec
    model: Model

    def build(self, shape: tuple[int, int, int], *, classes: int = 3, seed: int = 0) -> Network:
        """Return a network in eval mode, built under a seed; the global random state is left as it was."""
        with guarded(seed):
            network = self.model.build(shape, classes)
        network.module.eval()
        return network


@dataclass(frozen=True, kw_only=True)
class AggregatorSubject:
    """An aggregator under test.

    Attributes:
        name: its canonical name with every parameter.
        spec: the spec that its plugin declares.
        aggregator: makes one map, or one network, of the members.
    """

    name: str
    spec: AggregatorSpec
    aggregator: Aggregator | NetworkAggregator


@dataclass(frozen=True, kw_only=True)
class SamplerSubject:
    """A sampler under test.

    Attributes:
        name: its canonical name with every parameter.
        spec: the spec that its plugin declares.
        sampler: yields members.
    """

    name: str
    spec: SamplerSpec
    sampler: Sampler


@dataclass(frozen=True, kw_only=True)
class DatasetSubject:
    """A data set under test.

    Attributes:
        name: its canonical name, and the path that it is read from.
        spec: the spec that its plugin declares.
        read: loads it with images of a size, None for its usual one; the seed is always the same.
    """

    name: str
    spec: DatasetSpec
    read: Callable[[int | None], Dataset]

    @cached_property
    def dataset(self) -> Dataset:
        """The data set as it is loaded first."""
        return self.load()

    def load(self, *, image_size: int | None = None, random_state: int = 0) -> Dataset:
        """Load it under a global random state, which is left as it was.

        Raises:
            UsageError: as the data set.
        """
        with guarded(random_state):
            return self.read(image_size)

    def load_at_large(self) -> None:
        """Load it without guarding the global state.

        Raises:
            UsageError: as the data set.
        """
        self.read(None)


Subject: TypeAlias = MethodSubject | ModelSubject | AggregatorSubject | SamplerSubject | DatasetSubject


def method_subject(bound: BoundMethod) -> MethodSubject:
    """Return a method of the catalogue as a subject."""
    return MethodSubject(name=bound.canonical_name, spec=bound.spec, method=bound.instance)


def aggregator_subject(bound: BoundAggregator) -> AggregatorSubject:
    """Return an aggregator of the catalogue as a subject."""
    return AggregatorSubject(name=bound.canonical_name, spec=bound.spec, aggregator=bound.instance)


def model_subject(bound: BoundModel) -> ModelSubject:
    """Return an architecture of the catalogue as a subject.

    Raises:
        UsageError: if its library cannot be imported.
    """
    assert isinstance(bound.entry.spec, ModelSpec)  # noqa: S101 - the loader validated it; this tells mypy
    return ModelSubject(name=bound.canonical_name, spec=bound.entry.spec, model=bound.load())


def sampler_subject(bound: BoundSampler) -> SamplerSubject:
    """Return a sampler of the catalogue as a subject."""
    return SamplerSubject(name=bound.canonical_name, spec=bound.spec, sampler=bound.instance)
