"""`saliencynoise methods`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.complete import complete_methods


def methods(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Name of a method whose parameters and defaults are shown (default: list all methods).",
            autocompletion=complete_methods,
        ),
    ] = None,
    *,
    as_json: o.Json = False,
) -> None:
    """List the methods: family, kind, use of random numbers, cost of an image, paper."""
    from saliencynoise.cli.tables.methods import method_row, print_method, print_methods  # noqa: PLC0415 - as above
    from saliencynoise.registry.catalogue import catalogue  # noqa: PLC0415 - only when the command runs

    installed = catalogue()
    entries = installed.entries("methods") if name is None else [installed.find("methods", name.partition("(")[0])]
    rows = [method_row(entry, installed.parameters(entry) if name else None) for entry in entries]
    if as_json:
        typer.echo(json.dumps({"methods": rows}))
    elif name is None:
        print_methods(rows)
    else:
        print_method(rows[0])
