"""`saliencynoise plugins`."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from saliencynoise.cli import options as o


def plugins(*, as_json: o.Json = False) -> None:
    """List what each plugin brings, and the plugins that failed to load, with the reason."""
    from saliencynoise.registry.catalogue import catalogue  # noqa: PLC0415 - only when the command runs
    from saliencynoise.report.plugins import plugin_rows, print_plugins  # noqa: PLC0415 - as above

    found = catalogue()
    if as_json:
        failures = [asdict(failure) for failure in found.failures]
        typer.echo(json.dumps({"plugins": plugin_rows(found), "failures": failures}))
    else:
        print_plugins(found)
