"""`saliencynoise dream`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from saliencynoise.cli import options as o

in_dream = partial(typer.Option, rich_help_panel="Dream")

Picture = Annotated[
    str | None,
    typer.Argument(
        help="Picture to start from; it is cropped and scaled for the networks (default: faint noise).",
        metavar="[PICTURE]",
    ),
]
Classes = Annotated[
    list[str] | None,
    in_dream(
        "--class",
        help="Name or index of a class to dream of; may be repeated (default: the first ten classes).",
        metavar="CLASS",
    ),
]
Layer = Annotated[
    str | None,
    in_dream(
        help="Layer whose energy is increased instead of a class: top, intermediate, or the path of a module (default: "
        "top for a picture without --class, else none).",
        metavar="LAYER",
    ),
]
Members = Annotated[
    int | None,
    o.in_networks(
        help="Number of networks that dream together (default: 8, or fewer if the pool has fewer).", metavar="N"
    ),
]
HeldOut = Annotated[
    int | None,
    o.in_networks(
        help="Number of further networks that only judge the dreams; the last ones of a pool (default: 2).",
        show_default=False,
        metavar="N",
    ),
]
Singles = Annotated[
    int | None, o.in_networks(help="Number of members that also dream alone, for comparison (default: 3).", metavar="N")
]
GradientOf = Annotated[
    str | None,
    in_dream(
        help="Gradient that the ensemble follows: mean, random (of one member, drawn at each step) or both (default: "
        "mean).",
        show_default=False,
        metavar="WHICH",
    ),
]
Octaves = Annotated[
    int | None,
    in_dream(help="Number of resolutions, from coarse to the networks' (default: 3).", show_default=False, metavar="N"),
]
OctaveScale = Annotated[
    float | None,
    in_dream(help="Ratio of neighbouring resolutions (default: 1.8).", show_default=False, metavar="RATIO"),
]
Steps = Annotated[
    int | None, in_dream(help="Number of steps in each octave (default: 20).", show_default=False, metavar="N")
]
StepSize = Annotated[
    float | None,
    in_dream(
        help="Root mean square of a step, for pixels from 0 to 1 (default: 0.015).", show_default=False, metavar="SIZE"
    ),
]
Jitter = Annotated[
    int | None,
    in_dream(help="Largest random shift of each step, in pixels (default: a 16th of the edge).", metavar="PIXELS"),
]
Smoothing = Annotated[
    float | None,
    in_dream(
        help="Smoothing of the gradient, in pixels (default: 1; less for edges below 32 pixels).", metavar="PIXELS"
    ),
]
Gif = Annotated[bool, o.in_output("--gif", help="Also write the steps as an animation.")]
Seed = Annotated[
    int | None,
    o.in_run(
        help="Seed of members, noise and jitter; with --pool only of noise and jitter (default: 0).",
        show_default=False,
        metavar="N",
    ),
]


def dream(
    picture: Picture = None,
    *,
    classes: Classes = None,
    layer: Layer = None,
    members: Members = None,
    held_out: HeldOut = 2,
    singles: Singles = None,
    pool: o.Pool = None,
    dataset: o.Dataset = "digits",
    data_dir: o.DataDir = None,
    arch: o.OneArch = None,
    arch_args: o.ArchArgs = None,
    image_size: o.ImageSize = None,
    normalization: o.Normalization = "auto",
    train_images: o.TrainImages = None,
    epochs: o.Epochs = None,
    gradient: GradientOf = "mean",
    octaves: Octaves = 3,
    octave_scale: OctaveScale = 1.8,
    steps: Steps = 20,
    step_size: StepSize = 0.015,
    jitter: Jitter = None,
    smoothing: Smoothing = None,
    gif: Gif = False,
    device: o.Device = "auto",
    seed: Seed = 0,
    workers: o.Workers = None,
    out: o.Out = None,
    as_json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Dream pictures of a class or a layer with an ensemble, and compare them with single networks.

    Networks that took no part in a dream judge how well they recognise it. Without options: the ten digits, dreamt by
    eight small networks and judged by two others.
    """
    options: dict[str, Any] = {"picture": picture, "classes": classes, "layer": layer, "members": members}
    options |= {"held_out": held_out, "singles": singles, "pool": pool, "gradient": gradient, "gif": gif, "out": out}
    options |= {
        "dataset": dataset,
        "data_dir": data_dir,
        "archs": None if arch is None else [arch],
        "image_size": image_size,
        "epochs": epochs,
        "workers": workers,
    }
    options |= {"train_images": train_images, "device": device, "seed": seed, "octaves": octaves, "steps": steps}
    options |= {
        "normalization": normalization,
        "octave_scale": octave_scale,
        "step_size": step_size,
        "jitter": jitter,
        "smoothing": smoothing,
    }

    from saliencynoise.cli.output import emit  # noqa: PLC0415 - only when the command runs
    from saliencynoise.engine.progress import observing  # noqa: PLC0415 - torch, only when a command runs
    from saliencynoise.records.writing import json_of  # noqa: PLC0415 - as above
    from saliencynoise.registry.parameters import parse_pairs  # noqa: PLC0415 - as above
    from saliencynoise_dream.request import request_from  # noqa: PLC0415 - as above

    arguments = {"arch_args": parse_pairs(arch_args, where="--arch-arg")} if arch_args else {}
    request = request_from({name: value for name, value in options.items() if value is not None} | arguments)
    with observing(quiet=quiet) as observer:
        from saliencynoise_dream.page import write_page_of  # noqa: PLC0415 - torch, after the first line
        from saliencynoise_dream.run import prepare_dream, run_dream  # noqa: PLC0415 - as above
        from saliencynoise_dream.table import print_dream, too_small, write_figure  # noqa: PLC0415 - as above

        prepared = prepare_dream(request, observer)
    if not quiet:
        for line in too_small(prepared.target.start.shape):
            _print_line(f"note: {line}")
    study = run_dream(prepared, (lambda _line: None) if quiet else _print_line)
    write_figure(study)
    write_page_of(study)
    document = {**json_of(study.result), "folder": str(study.folder)}
    emit(lambda: print_dream(study.result, study.folder), document, [study.folder], as_json=as_json, quiet=quiet)


def _print_line(line: str) -> None:
    typer.echo(line, err=True)
