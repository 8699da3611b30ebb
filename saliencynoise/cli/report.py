"""`saliencynoise report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from saliencynoise.cli import options as o


def report(
    folder: o.Run,
    *,
    out: Annotated[
        Path | None, o.in_output(help="File to write (default: report.html in the run's folder).", metavar="FILE")
    ] = None,
    quiet: Annotated[bool, o.in_output("--quiet", "-q", help="Print only the path of the page.")] = False,
) -> None:
    """Write an HTML page about a bench, frontier, variance or sanity run: findings, table, figures, provenance.

    The page needs no other file and no network. It can be read on a phone and printed.
    """
    from saliencynoise.report.folder import write_run_report  # noqa: PLC0415 - torch, matplotlib and more

    path = write_run_report(folder, out)
    typer.echo(str(path) if quiet else f"Report in {path} ({path.stat().st_size / 1e6:.1f} MB); open it in a browser")
