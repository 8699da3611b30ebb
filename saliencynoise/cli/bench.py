"""`saliencynoise bench`."""

from __future__ import annotations

from typing import Any

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.output import emit, report_beside
from saliencynoise.engine.config import DEFAULT_METHODS
from saliencynoise.records.writing import json_of

_METHODS = [*DEFAULT_METHODS]  # typer takes lists
_INIT, _TUNE = ["random"], ["all"]


def bench(
    context: typer.Context,
    *,
    dataset: o.Dataset = "digits",
    data_dir: o.DataDir = None,
    groups: o.Groups = None,
    archs: o.Archs = None,
    arch_args: o.ArchArgs = None,
    methods: o.Methods = _METHODS,
    sampler: o.Sampler = "deep_ensemble",
    init: o.Init = _INIT,
    tune: o.Tune = _TUNE,
    members: o.Members = None,
    images: o.Images = None,
    draws: o.Draws = 2,
    image_size: o.ImageSize = None,
    normalization: o.Normalization = "auto",
    train_images: o.TrainImages = None,
    epochs: o.Epochs = None,
    target: o.Target = "true",
    device: o.Device = "auto",
    precision: o.Precision = "float32",
    seed: o.Seed = 0,
    aggregator: o.Aggregator = "mean",
    untrained: o.Untrained = "auto",
    keep_maps: o.KeepMaps = "all",
    workers: o.Workers = None,
    out: o.Out = None,
    fresh: o.Fresh = False,
    config: o.Config = None,
    report: o.Report = True,
    quiet: o.Quiet = False,
    legend: o.Legend = False,
    as_json: o.Json = False,
) -> None:
    """Train an ensemble on real images and report the SNR of its saliency maps.

    Without options: eight small networks on handwritten digits, and the eight methods of the published table.
    Trained members are kept in a pool and are never trained twice.
    """
    options: dict[str, Any] = {"dataset": dataset, "data_dir": data_dir, "archs": archs, "methods": methods, "out": out}
    options |= {"sampler": sampler, "members": members, "images": images, "draws": draws, "image_size": image_size}
    options |= {"target": target, "normalization": normalization, "train_images": train_images, "device": device}
    options |= {"precision": precision, "seed": seed, "aggregator": aggregator, "keep_maps": keep_maps, "fresh": fresh}
    options |= {"init": init, "tune": tune}
    options |= {"untrained": untrained, "groups": groups, "workers": workers}
    settings = o.config_of(arch_args, epochs, options, file=config, named=o.named_by_user(context))

    from saliencynoise.engine.progress import observing  # noqa: PLC0415 - only when the command runs

    with observing(quiet=quiet) as progress:
        from saliencynoise.engine.run import run  # noqa: PLC0415 - torch, after the first line
        from saliencynoise.report.table import print_study  # noqa: PLC0415 - as above

        study = run(settings, progress)
        if report:
            progress.reporting()
            report_beside(study.folder, quiet=quiet)
    document = {**json_of(study.result), "folder": str(study.folder)}
    emit(lambda: print_study(study, legend=legend), document, [study.folder], as_json=as_json, quiet=quiet)
    raise typer.Exit(1 if study.failed else 0)
