"""`saliencynoise show`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from saliencynoise.cli import options as o


def show(
    folder: o.Run,
    *,
    curve: Annotated[
        bool, typer.Option("--curve", help="SNR and reliability against the number of networks, instead of the table.")
    ] = False,
    similarity: Annotated[
        bool, typer.Option("--similarity", help="SSIM, Spearman, top-k, MeGe, ReCo, instead of the table.")
    ] = False,
    structure: Annotated[
        bool,
        typer.Option("--structure", help="Template, surviving pixels, modes and finest detail, instead of the table."),
    ] = False,
    as_json: o.Json = False,
) -> None:
    """Print the table of a run again, or other figures of it, from its files."""
    from saliencynoise.bench.study import Study  # noqa: PLC0415 - only when the command runs
    from saliencynoise.report.curve import curve_rows, print_curve  # noqa: PLC0415 - as above
    from saliencynoise.report.details import detail_rows, print_similarity, print_structure  # noqa: PLC0415 - as above
    from saliencynoise.report.table import print_study  # noqa: PLC0415 - as above

    study = Study.load(folder)
    if as_json:
        document = {**study.result, "folder": str(study.folder)}
        if curve:
            document = {"curves": curve_rows(study)}
        elif similarity or structure:
            document = {"details": detail_rows(study)}
        typer.echo(json.dumps(document, allow_nan=False))
    else:
        chosen = [(curve, print_curve), (similarity, print_similarity), (structure, print_structure)]
        for printer in [own for asked, own in chosen if asked] or [print_study]:
            printer(study)
    raise typer.Exit(1 if study.failed else 0)
