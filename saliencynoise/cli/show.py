"""`saliencynoise show`."""

from __future__ import annotations

import json

import typer

from saliencynoise.cli import options as o


def show(
    folder: o.Run,
    *,
    as_json: o.Json = False,
) -> None:
    """Print the table of a run again, from its files."""
    from saliencynoise.bench.study import Study  # noqa: PLC0415 - only when the command runs
    from saliencynoise.report.table import print_study  # noqa: PLC0415 - as above

    study = Study.load(folder)
    if as_json:
        typer.echo(json.dumps({**study.result, "folder": str(study.folder)}, allow_nan=False))
    else:
        print_study(study)
    raise typer.Exit(1 if study.failed else 0)
