"""`saliencynoise report`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from saliencynoise.cli import options as o


def report(
    folder: o.Run = None,
    *,
    out: Annotated[
        Path | None, o.in_output(help="File to write (default: report.html in the run's folder).", metavar="FILE")
    ] = None,
    quiet: Annotated[bool, o.in_output("--quiet", "-q", help="Print only the path of the page.")] = False,
) -> None:
    """Write the HTML page of any result: findings, table, figures, provenance.

    The page needs no other file and no network. It can be read on a phone and printed.
    """
    from saliencynoise.cli.finding import found, results_of  # noqa: PLC0415 - only when the command runs
    from saliencynoise.display.numbers import bytes_text, seconds_text  # noqa: PLC0415 - as above

    place, entry = found(folder)
    began = time.perf_counter()
    path = results_of(entry).report(place, out)
    size, took = bytes_text(path.stat().st_size), seconds_text(time.perf_counter() - began)
    typer.echo(str(path) if quiet else f"Report in {path} ({size}, {took} s); open it in a browser")
