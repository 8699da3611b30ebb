"""`saliencynoise frontier`."""

from __future__ import annotations

import typer

from saliencynoise.analyses.frontier.config import BUDGETS, METHODS, SAMPLERS, FrontierConfig
from saliencynoise.cli import options as o
from saliencynoise.cli.output import emit, report_beside
from saliencynoise.records.writing import json_of

_METHODS = [*METHODS]  # typer takes lists
_SAMPLERS = [*SAMPLERS]
_AGGREGATORS = ["mean"]
_BUDGETS = ",".join(map(str, BUDGETS))


def frontier(
    context: typer.Context,
    *,
    dataset: o.Dataset = "digits",
    data_dir: o.DataDir = None,
    archs: o.Archs = None,
    arch_args: o.ArchArgs = None,
    methods: o.FrontierMethods = _METHODS,
    samplers: o.Samplers = _SAMPLERS,
    aggregators: o.Aggregators = _AGGREGATORS,
    budgets: o.Budgets = _BUDGETS,
    runs: o.Runs = 4,
    reference: o.Reference = 16,
    images: o.Images = None,
    draws: o.Draws = 2,
    image_size: o.ImageSize = None,
    train_images: o.TrainImages = None,
    epochs: o.Epochs = None,
    target: o.Target = "true",
    device: o.Device = "auto",
    seed: o.Seed = 0,
    workers: o.Workers = None,
    out: o.Out = None,
    config: o.BenchFile = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Compare cheap samplers with independently trained networks.

    Without options: six samplers with 1, 2, 4 and 8 members on handwritten digits. That takes about fifteen
    minutes of processor time.
    """
    options = {
        "dataset": dataset, "data_dir": data_dir, "archs": archs, "methods": methods, "images": images, "draws": draws,
        "image_size": image_size, "train_images": train_images, "target": target, "device": device, "seed": seed,
        "workers": workers, "out": out,
    }  # fmt: skip
    bench = o.config_of(arch_args, epochs, options, file=config, named=o.named_by_user(context))
    settings = FrontierConfig(
        bench=bench,
        samplers=tuple(samplers),
        aggregators=tuple(aggregators),
        budgets=o.numbers(budgets),
        runs=runs,
        reference=reference,
        out=bench.out,
    )

    from saliencynoise.engine.progress import observing  # noqa: PLC0415 - only when the command runs

    with observing(quiet=quiet, runs=len({"deep_ensemble", *settings.samplers})) as progress:
        from saliencynoise.analyses.frontier.run import run_frontier  # noqa: PLC0415 - as above
        from saliencynoise.analyses.frontier.table import print_frontier  # noqa: PLC0415 - torch, after the first line

        record = run_frontier(settings, progress)
        progress.reporting()
        report_beside(settings.folder, quiet=quiet)
    with_folder = {**json_of(record), "folder": str(settings.folder)}
    emit(lambda: print_frontier(record, settings.folder), with_folder, [settings.folder], as_json=as_json, quiet=quiet)
    raise typer.Exit(1 if record.failed else 0)
