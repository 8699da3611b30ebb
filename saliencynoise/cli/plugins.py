"""`saliencynoise plugins`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from saliencynoise.cli import options as o


def plugins(
    *,
    archs: Annotated[bool, typer.Option("--archs", help="List the names of all architectures, a line each.")] = False,
    as_json: o.Json = False,
) -> None:
    """List what each plugin brings, and the plugins that failed to load, with the reason."""
    from saliencynoise.registry.catalogue import catalogue  # noqa: PLC0415 - only when the command runs
    from saliencynoise.report.plugins import plugin_rows, print_plugins  # noqa: PLC0415 - as above

    found = catalogue()
    if archs:
        names = found.names("models")
        typer.echo(json.dumps({"architectures": names}) if as_json else "\n".join(names))
    elif as_json:
        failures = [asdict(failure) for failure in found.failures]
        typer.echo(json.dumps({"plugins": plugin_rows(found), "failures": failures}))
    else:
        print_plugins(found)
