"""`saliencynoise explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from saliencynoise.cli import options as o
from saliencynoise.explanation.config import EXPLAIN_METHODS, ExplainConfig
from saliencynoise.records.writing import json_of

Pictures = Annotated[
    list[str],
    typer.Argument(help="Image files, or folders with image files (subfolders included).", metavar="PICTURE..."),
]
Members = Annotated[
    int | None, o.in_networks(help="Number of networks (default: 8, or all that the pool has).", metavar="N")
]
Target = Annotated[
    str,
    o.in_maps(
        help="Scalar to explain: the logit of predicted (the ensemble's vote) or a CLASS by name or index; or "
        "logprob(CLASS), probability(CLASS), margin(CLASS), contrast(CLASS,CLASS); or FILE.py:FUNCTION.",
        metavar="TARGET",
    ),
]
Out = Annotated[str | None, o.in_output(help="Folder for the results (default: a folder in ./runs).", metavar="FOLDER")]
Columns = Annotated[
    str | None,
    o.in_output(
        help="Columns of the figure, with commas: picture, members, mean, significant, noise, overlay (default: those "
        "that have room).",
        metavar="NAMES",
    ),
]
Formats = Annotated[
    str, o.in_output("--format", help="Files of the figure, with commas: png, svg, pdf.", metavar="FORMATS")
]
_METHODS = [*EXPLAIN_METHODS]  # typer takes lists
_INIT, _TUNE = ["random"], ["all"]


def explain(
    context: typer.Context,
    pictures: Pictures,
    *,
    arch: o.OneArch = None,
    dataset: o.Dataset = "digits",
    data_dir: o.DataDir = None,
    arch_args: o.ArchArgs = None,
    methods: o.ExplainMethods = _METHODS,
    sampler: o.Sampler = "deep_ensemble",
    init: o.Init = _INIT,
    tune: o.Tune = _TUNE,
    members: Members = None,
    pool: o.Pool = None,
    target: Target = "predicted",
    draws: o.Draws = 2,
    image_size: o.ImageSize = None,
    normalization: o.Normalization = "auto",
    train_images: o.TrainImages = None,
    epochs: o.Epochs = None,
    device: o.Device = "auto",
    seed: o.Seed = 0,
    aggregator: o.Aggregator = "mean",
    workers: o.Workers = None,
    columns: Columns = None,
    formats: Formats = "png",
    out: Out = None,
    config: o.Config = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Explain your own pictures with an ensemble: predictions, saliency maps, and how reliable they are.

    The members come from a pool or are trained first. Each picture gets a figure, a page and its maps.
    """
    options = {
        "dataset": dataset, "data_dir": data_dir, "archs": None if arch is None else [arch], "methods": methods,
        "sampler": sampler, "init": init, "tune": tune, "members": members, "draws": draws, "image_size": image_size,
        "normalization": normalization, "train_images": train_images, "device": device, "seed": seed,
        "aggregator": aggregator, "workers": workers,
    }  # fmt: skip

    from saliencynoise.cli.output import emit  # noqa: PLC0415 - only when the command runs
    from saliencynoise.engine.progress import observing  # noqa: PLC0415 - torch, only when the command runs

    named = {*o.named_by_user(context), *(["archs"] if arch else [])}
    bench = o.config_of(arch_args, epochs, options, file=config, named=named)
    settings = ExplainConfig(pictures=tuple(pictures), bench=bench, arch=arch, pool=pool, target=target)
    with observing(quiet=quiet) as observer:
        from saliencynoise.explanation.files import ExplanationFolder, folder_for  # noqa: PLC0415 - torch, after the first line
        from saliencynoise.explanation.pictures import picture_files  # noqa: PLC0415 - as above
        from saliencynoise.explanation.run import prepare  # noqa: PLC0415 - as above
        from saliencynoise.explanation.table import print_found, print_legend  # noqa: PLC0415 - as above

        target_folder = folder_for(settings, out)
        files = picture_files(settings.pictures)
        result_folder = ExplanationFolder(
            target_folder, files, settings.settings, command=settings.command, columns=columns, formats=formats
        )  # a wrong folder is refused before anything is trained
        prepared = prepare(settings, observer, files=files)
    with result_folder as folder:
        for explanation in prepared.explanations():
            page = folder.add(explanation)
            if not (quiet or as_json):
                print_found(explanation, page)
    document = {**json_of(folder.record), "folder": str(folder.folder)}
    emit(lambda: print_legend(folder.folder), document, [folder.folder], as_json=as_json, quiet=quiet)
    raise typer.Exit(1 if folder.incomplete else 0)
