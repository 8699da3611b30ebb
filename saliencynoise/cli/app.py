"""The command line: its options, and the commands that plugins and the core bring."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from saliencynoise.cli.commands import Commands

app = typer.Typer(
    name="saliencynoise",
    cls=Commands,
    help="Measure how much of a saliency map is initialisation noise, and remove it by averaging over networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer's way of calling back
    if asked:
        typer.echo(f"saliencynoise {version('saliencynoise')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
    show_traceback: Annotated[
        bool,
        typer.Option("--traceback", help="Also print the tracebacks of plugins that fail; works with every command."),
    ] = False,
) -> None:
    """Take the options that precede a command. `main` has already removed `--traceback` from the arguments."""
