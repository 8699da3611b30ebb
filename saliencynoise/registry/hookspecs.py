"""The hooks. Each returns a tuple of frozen specs and registers nothing by side effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from saliencynoise.interfaces.specs import (
        AggregatorSpec,
        CommandSpec,
        DatasetSpec,
        MethodSpec,
        ModelSpec,
        SamplerSpec,
    )

hookspec = pluggy.HookspecMarker("saliencynoise")
hookimpl = pluggy.HookimplMarker("saliencynoise")


@hookspec
def saliencynoise_models() -> tuple[ModelSpec, ...]:  # type: ignore[empty-body]
    """Return the architectures that the plugin brings."""


@hookspec
def saliencynoise_methods() -> tuple[MethodSpec, ...]:  # type: ignore[empty-body]
    """Return the attribution methods that the plugin brings."""


@hookspec
def saliencynoise_aggregators() -> tuple[AggregatorSpec, ...]:  # type: ignore[empty-body]
    """Return the aggregators that the plugin brings."""


@hookspec
def saliencynoise_samplers() -> tuple[SamplerSpec, ...]:  # type: ignore[empty-body]
    """Return the samplers that the plugin brings."""


@hookspec
def saliencynoise_datasets() -> tuple[DatasetSpec, ...]:  # type: ignore[empty-body]
    """Return the data sets that the plugin brings."""


@hookspec
def saliencynoise_commands() -> tuple[CommandSpec, ...]:  # type: ignore[empty-body]
    """Return the commands that the plugin adds to the command line."""
