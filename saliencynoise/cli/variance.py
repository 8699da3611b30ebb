"""`saliencynoise variance`."""

from __future__ import annotations

from typing import Annotated

import typer

from saliencynoise.analyses.variance.config import METHODS, VarianceConfig
from saliencynoise.cli import options as o
from saliencynoise.cli.output import emit, report_beside
from saliencynoise.records.writing import json_of

_METHODS = [*METHODS]  # typer takes lists


def variance(
    *,
    dataset: o.Dataset = "digits",
    data_dir: o.DataDir = None,
    archs: o.Archs = None,
    arch_args: o.ArchArgs = None,
    methods: o.VarianceMethods = _METHODS,
    blocks: Annotated[
        int, o.in_networks(help="Number of blocks of networks, each with its own seeds; 2 or more.", metavar="N")
    ] = 4,
    streams: Annotated[
        str | None,
        o.in_networks(
            help="Streams of random numbers to separate, of init,order,augment,dropout (default: all with an effect).",
            metavar="NAMES",
        ),
    ] = None,
    images: o.Images = None,
    draws: o.Draws = 2,
    image_size: o.ImageSize = None,
    train_images: o.TrainImages = None,
    epochs: o.Epochs = None,
    device: o.Device = "auto",
    seed: o.Seed = 0,
    workers: o.Workers = None,
    out: o.Out = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Measure which randomness causes the noise: initialisation, data order, augmentation, dropout, or hardware.

    Networks are trained in blocks: every combination of two seeds of each stream, and one combination a second time.
    Without options: 36 small networks on handwritten digits, and three methods.
    """
    options = {"dataset": dataset, "archs": archs, "images": images, "draws": draws, "image_size": image_size}
    options |= {"data_dir": data_dir, "train_images": train_images, "device": device, "seed": seed}
    options |= {"workers": workers}

    from saliencynoise.engine.progress import observing  # noqa: PLC0415 - only when the command runs

    bench = o.config_of(arch_args, epochs, {**options, "methods": methods})
    named = None if streams is None else tuple(streams.replace("+", ",").split(","))
    config = VarianceConfig(bench=bench, blocks=blocks, streams=named, out=out)
    with observing(quiet=quiet, runs=len(bench.archs)) as progress:
        from saliencynoise.analyses.variance.run import run_variance  # noqa: PLC0415 - as above
        from saliencynoise.analyses.variance.table import print_variance  # noqa: PLC0415 - torch, after the first line

        record = run_variance(config, progress)
        progress.reporting()
        report_beside(config.folder, quiet=quiet)
    with_folder = {**json_of(record), "folder": str(config.folder)}
    emit(lambda: print_variance(record, config.folder), with_folder, [config.folder], as_json=as_json, quiet=quiet)
    raise typer.Exit(1 if record.failed else 0)
