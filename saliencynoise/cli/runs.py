"""`saliencynoise runs`."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from saliencynoise.cli import options as o


def runs(*, as_json: o.Json = False) -> None:
    """List the results in ./runs, the newest first: kind, date, subject, main finding."""
    from saliencynoise.cli.finding import listed  # noqa: PLC0415 - only when the command runs
    from saliencynoise.cli.tables.runs import print_runs  # noqa: PLC0415 - as above

    entries = listed()
    if as_json:
        rows = [
            {
                "folder": str(entry.folder),
                "command": entry.command or None,
                "created": entry.created.isoformat(timespec="seconds"),
                "problem": entry.problem or None,
                **({} if entry.summary is None else {k: v for k, v in asdict(entry.summary).items() if k != "created"}),
            }
            for entry in entries
        ]
        typer.echo(json.dumps({"runs": rows}))
    else:
        print_runs(entries)
