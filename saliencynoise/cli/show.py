"""`saliencynoise show`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from saliencynoise.cli import options as o


def show(
    folder: o.Run,
    *,
    as_json: o.Json = False,
) -> None:
    """Print the table of a run or of a frontier again, from its files."""
    from saliencynoise.bench.frontier import RESULT  # noqa: PLC0415 - only when the command runs

    failed = (_show_frontier if Path(folder, RESULT).exists() else _show_study)(folder, as_json=as_json)
    raise typer.Exit(1 if failed else 0)


def _show_study(folder: str, *, as_json: bool) -> bool:
    from saliencynoise.bench.study import Study  # noqa: PLC0415 - only when the command runs
    from saliencynoise.report.table import print_study  # noqa: PLC0415 - as above

    study = Study.load(folder)
    if as_json:
        typer.echo(json.dumps({**study.result, "folder": str(study.folder)}, allow_nan=False))
    else:
        print_study(study)
    return bool(study.failed)


def _show_frontier(folder: str, *, as_json: bool) -> bool:
    from saliencynoise.bench.frontier import failures, load_frontier  # noqa: PLC0415 - only when the command runs
    from saliencynoise.report.frontier import print_frontier  # noqa: PLC0415 - as above

    document = load_frontier(folder)
    if as_json:
        typer.echo(json.dumps({**document, "folder": str(Path(folder))}, allow_nan=False))
    else:
        print_frontier(document, Path(folder))
    return bool(failures(document))
