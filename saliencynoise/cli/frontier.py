"""`saliencynoise frontier`."""

from __future__ import annotations

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.output import emit


def frontier(
    *,
    dataset: o.Dataset = None,
    data_dir: o.DataDir = None,
    archs: o.Archs = None,
    arch_args: o.ArchArgs = None,
    methods: o.FrontierMethods = None,
    samplers: o.Samplers = None,
    aggregators: o.Aggregators = None,
    budgets: o.Budgets = None,
    runs: o.Runs = None,
    reference: o.Reference = None,
    images: o.Images = None,
    draws: o.Draws = None,
    image_size: o.ImageSize = None,
    train_images: o.TrainImages = None,
    epochs: o.Epochs = None,
    target: o.Target = None,
    device: o.Device = None,
    seed: o.Seed = None,
    workers: o.Workers = None,
    out: o.Out = None,
    config: o.BenchFile = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Is there something cheaper than retraining? Hold samplers against networks that they do not use.

    With no option: six samplers with 1, 2, 4 and 8 members on handwritten digits, a few minutes.
    """
    given = {"dataset": dataset, "archs": archs, "images": images, "draws": draws, "image_size": image_size}
    given |= {"data_dir": data_dir, "workers": workers}
    given |= {"train_images": train_images, "target": target, "device": device, "seed": seed, "out": out}
    own = {"samplers": samplers, "aggregators": aggregators, "runs": runs, "reference": reference}
    settings = o.frontier_of(config, arch_args, epochs, {**given, "methods": methods}, {**own, "budgets": budgets})

    from saliencynoise.analyses.frontier.figure import save_plot  # noqa: PLC0415 - as above
    from saliencynoise.analyses.frontier.run import failures, run_frontier  # noqa: PLC0415 - torch, once the options are sound
    from saliencynoise.analyses.frontier.table import print_frontier  # noqa: PLC0415 - as above
    from saliencynoise.cli.progress import observing  # noqa: PLC0415 - as above

    with observing(quiet=quiet) as progress:
        document = run_frontier(settings, progress)
    save_plot(document, settings.folder)
    whole = {**document, "folder": str(settings.folder)}
    emit(lambda: print_frontier(document, settings.folder), whole, [settings.folder], as_json=as_json, quiet=quiet)
    raise typer.Exit(1 if failures(document) else 0)
