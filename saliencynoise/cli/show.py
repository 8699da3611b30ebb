"""`saliencynoise show`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from saliencynoise.cli import options as o
from saliencynoise.records.writing import json_of

Part = Literal["curve", "similarity", "structure", "localization"]
Format = Literal["latex", "markdown", "csv", "html"]


def show(
    folder: o.Run = None,
    *,
    curve: Annotated[
        bool,
        typer.Option("--curve", help="Print the reliability by number of networks, instead of the table."),
    ] = False,
    similarity: Annotated[
        bool,
        typer.Option("--similarity", help="Print SSIM, Spearman, top-k, MeGe and ReCo, instead of the table."),
    ] = False,
    structure: Annotated[
        bool,
        typer.Option(
            "--structure",
            help="Print template, significant pixels, modes and finest detail, instead of the table.",
        ),
    ] = False,
    localization: Annotated[
        bool,
        typer.Option(
            "--localization",
            help="Print whether averaging moves maps towards the pixels that cause the label, if known.",
        ),
    ] = False,
    table_format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Print the table for a paper: latex (booktabs), markdown, csv or html, with a caption.",
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Columns of that table: some of snr, reliability, networks, pixels, p, published, floor, alone, "
            "untrained, accuracy (default: snr,reliability,networks,pixels).",
            metavar="NAME,NAME",
            show_default=False,
        ),
    ] = None,
    legend: o.Legend = False,
    as_json: o.Json = False,
) -> None:
    """Print the table of any result from its files, or other figures of a bench."""
    from saliencynoise.cli.finding import found, results_of, study_folder  # noqa: PLC0415 - only when the command runs
    from saliencynoise.interfaces.errors import UsageError  # noqa: PLC0415 - as above

    options: dict[Part, bool] = {
        "curve": curve,
        "similarity": similarity,
        "structure": structure,
        "localization": localization,
    }
    chosen = [name for name, is_set in options.items() if is_set]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} cannot be combined; give one of them")
    if columns and not table_format:
        raise UsageError("--columns chooses the columns of a table for a paper; give --format, too")
    if table_format and (chosen or as_json):
        raise UsageError(
            f"--format and {'--json' if as_json else '--' + chosen[0]} cannot be combined; give one of them"
        )
    if table_format:
        failed = _print_published(study_folder(folder), table_format, columns)
    elif chosen:
        failed = _show_part(study_folder(folder), chosen[0], as_json=as_json)
    elif legend and not as_json:
        failed = _show_with_legend(study_folder(folder))
    else:
        place, entry = found(folder)
        failed = results_of(entry).show(place, as_json=as_json)
    raise typer.Exit(1 if failed else 0)


def _show_with_legend(folder: Path) -> bool:
    from saliencynoise.engine.study import Study  # noqa: PLC0415 - only when the command runs
    from saliencynoise.report.table import print_study  # noqa: PLC0415 - as above

    study = Study.load(folder)
    print_study(study, legend=True)
    return bool(study.failed)


def _show_part(folder: Path, part: Part, *, as_json: bool) -> bool:
    from saliencynoise.engine.study import Study  # noqa: PLC0415 - only when the command runs
    from saliencynoise.report.curve import curve_rows, print_curve  # noqa: PLC0415 - as above
    from saliencynoise.report.details import detail_rows, print_similarity, print_structure  # noqa: PLC0415 - as above
    from saliencynoise.report.localization import localization_rows, print_localization  # noqa: PLC0415 - as above

    study = Study.load(folder)
    prints: dict[Part, tuple[str, Callable[[Study], Any], Callable[[Study], None]]] = {
        "curve": ("curves", curve_rows, print_curve),
        "similarity": ("details", detail_rows, print_similarity),
        "structure": ("details", detail_rows, print_structure),
        "localization": ("localization", localization_rows, print_localization),
    }
    key, rows_of, printer = prints[part]
    if as_json:
        typer.echo(json.dumps(json_of({key: rows_of(study)}), allow_nan=False))
    else:
        printer(study)
    return bool(study.failed)


def _print_published(folder: Path, table_format: Format, columns: str | None) -> bool:
    from saliencynoise.engine.study import Study  # noqa: PLC0415 - only when the command runs
    from saliencynoise.publishing.formats import table_text  # noqa: PLC0415 - as above

    study = Study.load(folder)
    typer.echo(table_text(study, table_format, columns=columns), nl=False)
    return bool(study.failed)
