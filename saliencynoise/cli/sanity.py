"""`saliencynoise sanity`."""

from __future__ import annotations

from typing import Annotated

import typer

from saliencynoise.analyses.sanity.config import METHODS, SanityConfig
from saliencynoise.cli import options as o
from saliencynoise.cli.output import emit, report_beside
from saliencynoise.records.writing import json_of

_METHODS = [*METHODS]  # typer takes lists


def sanity(
    *,
    dataset: o.Dataset = "digits",
    data_dir: o.DataDir = None,
    groups: o.Groups = None,
    archs: o.Archs = None,
    arch_args: o.ArchArgs = None,
    methods: o.SanityMethods = _METHODS,
    members: o.Members = None,
    images: o.Images = None,
    draws: o.Draws = 2,
    image_size: o.ImageSize = None,
    train_images: o.TrainImages = None,
    epochs: o.Epochs = None,
    permuted_epochs: Annotated[
        int,
        o.in_networks(
            help="Number of passes over the images with permuted labels (default: the recipe's).",
            show_default=False,
            metavar="N",
        ),
    ] = 0,
    target: o.Target = "true",
    device: o.Device = "auto",
    seed: o.Seed = 0,
    workers: o.Workers = None,
    out: o.Out = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Test whether untrained networks, or networks trained on permuted labels, have the same saliency maps.

    Without options: eight small networks of each kind on handwritten digits, and six methods.
    """
    options = {"dataset": dataset, "archs": archs, "members": members, "images": images, "draws": draws}
    options |= {
        "image_size": image_size,
        "train_images": train_images,
        "target": target,
        "device": device,
        "seed": seed,
    }
    options |= {"data_dir": data_dir, "groups": groups, "workers": workers}

    from saliencynoise.engine.progress import observing  # noqa: PLC0415 - only when the command runs

    bench = o.config_of(arch_args, epochs, {**options, "methods": methods})
    config = SanityConfig(bench=bench, permuted_epochs=permuted_epochs, out=out)
    with observing(quiet=quiet, runs=len(config.samplers)) as progress:
        from saliencynoise.analyses.sanity.run import run_sanity  # noqa: PLC0415 - as above
        from saliencynoise.analyses.sanity.table import print_sanity  # noqa: PLC0415 - torch, after the first line

        record = run_sanity(config, progress)
        progress.reporting()
        report_beside(config.folder, quiet=quiet)
    with_folder = {**json_of(record), "folder": str(config.folder)}
    emit(lambda: print_sanity(record, config.folder), with_folder, [config.folder], as_json=as_json, quiet=quiet)
    raise typer.Exit(1 if record.failed else 0)
