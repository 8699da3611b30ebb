"""The command: `saliencynoise hires-versus-gradcam`."""

from __future__ import annotations

from typing import Annotated

import typer

from saliencynoise.interfaces import UsageError


def compare(
    *,
    members: Annotated[int, typer.Option(help="Networks to train.")] = 8,
    images: Annotated[int, typer.Option(help="Test images to explain.")] = 16,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training images (default: the recipe's).")] = None,
) -> None:
    """Compare the SNR of HiResCAM with that of GradCAM, on the same networks."""
    if members < 2:
        raise UsageError(f"--members {members} is not possible; give 2 or more, since noise is what members differ by")

    import saliencynoise as sn  # noqa: PLC0415 - torch, only when the command runs

    methods = [f"{name}(layer=intermediate)" for name in ("hires_cam", "gradcam")]
    study = sn.bench(methods=methods, members=members, images=images, epochs=epochs)
    for cell in study.done:
        if cell.view == "signed" and cell.figures is not None:
            typer.echo(f"{cell.method}: r {cell.figures.estimates.snr.value:.3f} from {members} members")
