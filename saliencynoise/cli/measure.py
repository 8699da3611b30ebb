"""`saliencynoise measure`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.output import emit, report_beside
from saliencynoise.records.writing import json_of

Maps = Annotated[
    list[str],
    typer.Argument(
        help="One file with all members, or a file or folder for each member, or a pattern in quotes as "
        "'runs/*/ig.npy'; NAME=FILES for each of several methods. Kinds: .npy, .npz, .safetensors, .zarr, and tables "
        "in .csv, .parquet.",
        metavar="FILES...",
    ),
]
Labels = Annotated[
    str | None,
    o.in_data(
        help="Labels of the items: a file with one per line, a .npy file, or values separated by commas.",
        metavar="FILE",
    ),
]
Names = Annotated[
    str | None, o.in_data(help="Names of the items, as --labels (default: their numbers).", metavar="FILE")
]
Images = Annotated[
    str | None,
    o.in_data(
        help="Pictures that the maps explain, for figures: a .npy file or a pattern of image files.", metavar="FILES"
    ),
]
Clusters = Annotated[
    str | None,
    o.in_networks(
        help="Name of each member's cluster (as its checkpoint), as --labels, if members share some; the SNR is then "
        "that of members of different clusters.",
        metavar="FILE",
    ),
]
Members = Annotated[
    str | None, o.in_networks(help="Names of the members, as --labels (default: the files' names).", metavar="NAMES")
]
Features = Annotated[
    str | None,
    o.in_data(help="Names of the values of a map, as --labels, where maps are lists of values.", metavar="NAMES"),
]
Draws = Annotated[
    str | None,
    o.in_maps(
        help="The axis before the items is one of draws: own (each member has its own random numbers in each draw) "
        "or shared (all members have the same ones in the second draw). (Default: there is no such axis.)",
        metavar="WHICH",
    ),
]
Layout = Annotated[
    str | None,
    o.in_maps(
        help="What a map is: picture (values on a grid) or values (a list of values). (Default: picture if its shape "
        "is (H, W), or (C, H, W) or (H, W, C) with C of 1 or 3.)",
        metavar="WHICH",
    ),
]
Views = Annotated[
    list[str],
    o.in_maps(
        "--view",
        help="View in which maps are measured beside signed: relu, abs or centred; may be repeated (default: signed "
        "alone).",
        show_default=False,
        metavar="VIEW",
    ),
]
NameColumn = Annotated[str | None, o.in_data(help="Column of tables with the names of the items.", metavar="NAME")]
LabelColumn = Annotated[str | None, o.in_data(help="Column of tables with the labels of the items.", metavar="NAME")]
Network = Annotated[
    str, o.in_networks(help="Name of the networks in tables (default: networks).", show_default=False, metavar="NAME")
]
Out = Annotated[
    str | None,
    o.in_output(help="New folder for the results and the report (default: none is written).", metavar="FOLDER"),
]


_VIEWS = ["signed"]  # typer takes lists


def measure(
    maps: Maps,
    *,
    labels: Labels = None,
    names: Names = None,
    images: Images = None,
    clusters: Clusters = None,
    members: Members = None,
    features: Features = None,
    draws: Draws = None,
    layout: Layout = None,
    views: Views = _VIEWS,
    name_column: NameColumn = None,
    label_column: LabelColumn = None,
    network: Network = "networks",
    aggregator: o.Aggregator = "mean",
    keep_maps: o.KeepMaps = "all",
    seed: o.Seed = 0,
    out: Out = None,
    report: o.Report = True,
    quiet: o.Quiet = False,
    legend: o.Legend = False,
    as_json: o.Json = False,
) -> None:
    """Measure saliency maps that were computed elsewhere, from files of arrays or tables.

    A single file, given by its name, holds an array whose first axis is that of the members and whose second axis is
    that of the items. Each of several files, or of the files of a pattern, holds the maps of one member, and its first
    axis is that of the items. A table holds one member's maps, with a row for each item and a column for each feature.
    """
    from saliencynoise.measuring.run import MeasureConfig  # noqa: PLC0415 - torch, once the options are parsed
    from saliencynoise.measuring.run import measure as run_measure  # noqa: PLC0415 - as above
    from saliencynoise.report.table import print_study  # noqa: PLC0415 - as above

    options: dict[str, Any] = {"labels": labels, "names": names, "images": images, "clusters": clusters}
    options |= {"members": members, "features": features, "draws": draws, "layout": layout, "views": views}
    options |= {"name_column": name_column, "label_column": label_column, "network": network, "out": out}
    options["keep_maps"] = keep_maps if out else "none"  # without a folder nothing but the table is left
    study = run_measure(maps, MeasureConfig(**options, aggregator=aggregator or "mean", seed=seed or 0))
    places = [study.folder] if out else []
    document = json_of(study.result) | ({"folder": str(study.folder)} if out else {})
    emit(lambda: print_study(study, legend=legend), document, places, as_json=as_json, quiet=quiet)
    if out and report:
        report_beside(study.folder, quiet=quiet)
