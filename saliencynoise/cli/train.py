"""`saliencynoise train`."""

from __future__ import annotations

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.output import emit

_INIT, _TUNE = ["random"], ["all"]  # typer takes lists


def train(
    context: typer.Context,
    *,
    dataset: o.Dataset = "digits",
    data_dir: o.DataDir = None,
    archs: o.Archs = None,
    arch_args: o.ArchArgs = None,
    sampler: o.Sampler = "deep_ensemble",
    init: o.Init = _INIT,
    tune: o.Tune = _TUNE,
    members: o.Members = None,
    image_size: o.ImageSize = None,
    normalization: o.Normalization = "auto",
    train_images: o.TrainImages = None,
    epochs: o.Epochs = None,
    device: o.Device = "auto",
    seed: o.Seed = 0,
    workers: o.Workers = None,
    fresh: o.Fresh = False,
    config: o.Config = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Train members into a pool without attributing anything; `bench` finds them there."""
    options = {
        "dataset": dataset,
        "data_dir": data_dir,
        "archs": archs,
        "sampler": sampler,
        "init": init,
        "tune": tune,
        "members": members,
        "image_size": image_size,
        "normalization": normalization,
        "train_images": train_images,
        "device": device,
        "seed": seed,
        "workers": workers,
        "fresh": fresh,
    }
    fixed = {"methods": (), "images": 1}
    named = {*o.named_by_user(context), *fixed}
    settings = o.config_of(arch_args, epochs, options | fixed, file=config, named=named)

    from saliencynoise.cli.tables.pools import pool_rows, print_pools  # noqa: PLC0415 - as above
    from saliencynoise.display.visible import visible  # noqa: PLC0415 - as above
    from saliencynoise.engine.progress import observing  # noqa: PLC0415 - as above

    with observing(quiet=quiet) as progress:
        from saliencynoise.engine.run import fill_pools  # noqa: PLC0415 - torch, after the first line

        plan, failures = fill_pools(settings, progress)
    pools = [architecture.pool for architecture in plan.architectures]
    document = {"pools": pool_rows(pools), "failures": dict(failures)}
    places = [pool.folder for pool in pools]
    emit(lambda: print_pools(pools), document, places, as_json=as_json, quiet=quiet)
    for architecture, reason in failures.items():
        typer.echo(visible(f"{architecture} failed: {reason}"), err=True)
    raise typer.Exit(1 if failures else 0)
