"""The plugin: the command `saliencynoise dream`."""

from __future__ import annotations

from saliencynoise.interfaces import CommandSpec
from saliencynoise.registry import hookimpl


@hookimpl
def saliencynoise_commands() -> tuple[CommandSpec, ...]:
    """Return `saliencynoise dream`."""
    return (
        CommandSpec(
            name="dream",
            summary="Dream pictures of a class or a layer with an ensemble, and compare them with single networks.",
            target="saliencynoise_dream.command:dream",
            result_file="dream.json",
            results="saliencynoise_dream.shown:DREAM",
            group="research",
        ),
    )
