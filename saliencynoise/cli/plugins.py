"""`saliencynoise plugins` and `saliencynoise plugins check`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.complete import complete_subjects

plugins_app = typer.Typer()


@plugins_app.callback(invoke_without_command=True)
def plugins(
    context: typer.Context,
    *,
    archs: Annotated[bool, typer.Option("--archs", help="List the names of all architectures, one per line.")] = False,
    as_json: o.Json = False,
) -> None:
    """List the contents of each plugin, and the plugins that failed to load, with the reason."""
    if context.invoked_subcommand is not None:
        return
    from saliencynoise.cli.tables.plugins import plugin_rows, print_plugins  # noqa: PLC0415 - as above
    from saliencynoise.registry.catalogue import catalogue  # noqa: PLC0415 - only when the command runs

    installed = catalogue()
    if archs:
        names = installed.names("models")
        typer.echo(json.dumps({"architectures": names}) if as_json else "\n".join(names))
    elif as_json:
        failures = [asdict(failure) for failure in installed.failures]
        typer.echo(json.dumps({"plugins": plugin_rows(installed), "failures": failures}))
    else:
        print_plugins(installed)


@plugins_app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Methods, architectures, aggregators, samplers, data sets or plugins (default: every plugin).",
            metavar="NAME",
            autocompletion=complete_subjects,
        ),
    ] = None,
    *,
    as_json: o.Json = False,
) -> None:
    """Test whether the contents of plugins fulfil the contracts of saliencynoise.interfaces.

    The exit code is 1 if a test fails. All contents of a plugin are tested, with two exceptions: a catalogue of
    architectures is represented by a few of them, and samplers and data sets that read files are left out. Name others
    to test them, as in folder:PATH.
    """
    from saliencynoise.cli.tables.conformance import ConformancePrinter, report_row  # noqa: PLC0415 - as above
    from saliencynoise.registry.catalogue import catalogue  # noqa: PLC0415 - torch, only when the command runs
    from saliencynoise.testing.selection import check_selection, select  # noqa: PLC0415 - as above

    installed = catalogue()
    selection = select(installed, names or [])
    unloaded = [] if names else installed.failures
    printer = None if as_json else ConformancePrinter()
    reports = []
    for report in check_selection(installed, selection):
        reports.append(report)
        if printer:
            printer.report(report)
    if printer:
        printer.end(reports, selection.notes, unloaded)
    else:
        rows = [report_row(report) for report in reports]
        failures = [asdict(failure) for failure in unloaded]
        typer.echo(json.dumps({"checked": rows, "notes": selection.notes, "failures": failures}))
    raise typer.Exit(1 if unloaded or any(report.of("failed") for report in reports) else 0)
