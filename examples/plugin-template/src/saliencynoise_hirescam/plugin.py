"""What the plugin brings."""

from __future__ import annotations

from saliencynoise.interfaces import CommandSpec, MethodSpec
from saliencynoise.registry import hookimpl


@hookimpl
def saliencynoise_methods() -> tuple[MethodSpec, ...]:
    """Return the one method."""
    return (
        MethodSpec(
            name="hires_cam",
            summary="channels of a layer times their gradients, summed; layer=top or layer=intermediate",
            target="saliencynoise_hirescam.method:HiResCam",
            family="cam",
            paper="Draelos and Carin 2020, arXiv:2011.08891",
            views=("signed", "relu"),
            claims=("constant",),
        ),
    )


@hookimpl
def saliencynoise_commands() -> tuple[CommandSpec, ...]:
    """Return the one command."""
    return (
        CommandSpec(
            name="hires-versus-gradcam",
            summary="Compare the SNR of HiResCAM with that of GradCAM, on the same networks.",
            target="saliencynoise_hirescam.command:compare",
        ),
    )
