"""`saliencynoise paper`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.output import emit
from saliencynoise.interfaces.errors import UsageError

Panels = Annotated[
    list[str],
    typer.Argument(
        help="Panels: table, gradients, maps, classes, architecture, ssim, dream, localization, or all.",
        metavar="PANEL...",
    ),
]
Scale = Annotated[
    str,
    o.in_data(
        help="Scale: smoke (built-in data, two minutes), small (CIFAR-10, an hour on two cores), full (a GPU).",
        metavar="SCALE",
    ),
]
Datasets = Annotated[
    list[str] | None,
    o.in_data(
        "--dataset", help="Data set of the scale to use; may be repeated (default: all of them).", metavar="NAME"
    ),
]
DataDirs = Annotated[
    list[str] | None,
    o.in_data(
        "--data-dir",
        help="Folder of the data set, or NAME=FOLDER for several data sets; may be repeated (default: downloaded).",
        metavar="FOLDER",
    ),
]


def paper(
    panels: Panels,
    *,
    scale: Scale = "small",
    datasets: Datasets = None,
    data_dirs: DataDirs = None,
    members: Annotated[
        int | None, o.in_networks(help="Number of networks of table and maps (default: the scale's).", metavar="N")
    ] = None,
    images: Annotated[
        int | None, o.in_data(help="Number of test images of table and maps (default: the scale's).", metavar="N")
    ] = None,
    device: o.Device = None,
    precision: o.Precision = None,
    seed: o.Seed = None,
    workers: o.Workers = None,
    out: o.Out = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Reproduce panels of the paper's poster: the table beside the published one, maps, classes, architectures, dreams.

    Each panel is a PNG, an SVG, its data as Parquet and a caption. Networks and maps that exist are used again.
    """
    options = {"members": members, "images": images, "device": device, "precision": precision, "seed": seed, "out": out}
    options |= {"workers": workers}
    values: dict[str, Any] = {name: value for name, value in options.items() if value is not None}

    from saliencynoise.engine.progress import observing  # noqa: PLC0415 - only when the command runs
    from saliencynoise.store.holding import holding  # noqa: PLC0415 - as above
    from saliencynoise_paper.panel import write_panel  # noqa: PLC0415 - as above
    from saliencynoise_paper.poster import panels_of  # noqa: PLC0415 - as above
    from saliencynoise_paper.printing import print_panel  # noqa: PLC0415 - as above
    from saliencynoise_paper.run import PANELS, PaperConfig, run_paper  # noqa: PLC0415 - as above

    config = PaperConfig(
        panels=PANELS if "all" in panels else tuple(dict.fromkeys(panels)),
        scale=scale,
        datasets=tuple(datasets or ()),
        data_dirs=_by_name(data_dirs or []),
        **values,
    )
    written: dict[str, list[str]] = {}
    with holding(config.folder):
        with observing(quiet=quiet) as progress:
            studies = run_paper(config, progress)
        for panel in panels_of(config, studies):
            paths = write_panel(panel, config.folder)
            written[panel.name] = [str(path) for path in paths]
            if not (as_json or quiet):
                print_panel(panel, paths)
    runs = {name: str(study.folder) for name, study in studies.items()}
    emit(lambda: None, {"panels": written, "studies": runs}, [config.folder], as_json=as_json, quiet=quiet)
    raise typer.Exit(1 if any(study.failed for study in studies.values()) else 0)


def _by_name(texts: list[str]) -> dict[str, str]:
    """Read `NAME=FOLDER`, or a folder for any data set; a folder with "=" in its name needs a name before it."""
    folders: dict[str, str] = {}
    for text in texts:
        name, equals, folder = text.partition("=")
        key, value = (name, folder) if equals and name.isidentifier() else ("", text)
        if not value or key in folders:
            raise UsageError(f"--data-dir {text} is not possible; give a folder, or NAME=FOLDER once for each data set")
        folders[key] = value
    return folders
