"""The plugin: the command `saliencynoise paper`."""

from __future__ import annotations

from saliencynoise.interfaces import CommandSpec
from saliencynoise.registry import hookimpl


@hookimpl
def saliencynoise_commands() -> tuple[CommandSpec, ...]:
    """Return `saliencynoise paper`."""
    return (
        CommandSpec(
            name="paper",
            summary="Reproduce panels of the paper's poster: the table beside the published one, maps, classes, "
            "architectures, dreams.",
            target="saliencynoise_paper.command:paper",
            group="research",
        ),
    )
