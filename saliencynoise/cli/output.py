"""The output at the end of a command that computes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from saliencynoise.interfaces.errors import one_line
from saliencynoise.records.writing import json_of


def emit(
    printed: Callable[[], None],
    document: Mapping[str, Any],
    places: Sequence[str | Path],
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print a result: as one JSON document, as the paths of its files, or for people.

    Args:
        printed: prints the result for people.
        document: the result as values that JSON can hold.
        places: files or folders of the result.
        as_json: print the document; has precedence over `quiet`.
        quiet: print the places only.
    """
    if as_json:
        typer.echo(json.dumps(json_of(document), allow_nan=False))
    elif quiet:
        from saliencynoise.display.terminal import print_places  # noqa: PLC0415 - only when a command runs

        print_places(places)
    else:
        printed()


def report_beside(folder: Path, *, quiet: bool) -> None:
    """Write the report of a run in its folder and print its path on standard error; a failure keeps the results."""
    from saliencynoise.display.numbers import bytes_text, seconds_text  # noqa: PLC0415 - only when a command runs
    from saliencynoise.report.folder import write_run_report  # noqa: PLC0415 - as above

    try:
        began = time.perf_counter()
        path = write_run_report(folder)
        took = seconds_text(time.perf_counter() - began)
    except Exception as error:  # noqa: BLE001 - the figures are computed and printed; a page must not lose them
        typer.echo(f"warning: cannot write the report: {one_line(error)}; the results are complete", err=True)
        return
    if not quiet:
        typer.echo(f"Report in {path} ({bytes_text(path.stat().st_size)}, {took} s)", err=True)
