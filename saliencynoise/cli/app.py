"""The commands, by name."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from saliencynoise.cli.bench import bench
from saliencynoise.cli.compare import compare
from saliencynoise.cli.dream import dream
from saliencynoise.cli.explain import explain
from saliencynoise.cli.frontier import frontier
from saliencynoise.cli.methods import methods
from saliencynoise.cli.paper import paper
from saliencynoise.cli.plan import plan
from saliencynoise.cli.plugins import plugins_app
from saliencynoise.cli.pools import pools_app
from saliencynoise.cli.report import report
from saliencynoise.cli.sanity import sanity
from saliencynoise.cli.show import show
from saliencynoise.cli.train import train
from saliencynoise.cli.variance import variance

app = typer.Typer(
    name="saliencynoise",
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
        bool, typer.Option("--traceback", help="Print the tracebacks of plugins that fail, too; with any command.")
    ] = False,
) -> None:
    """Take the options that precede a command; `--traceback` is taken out of the words before they come here."""


app.command()(bench)
app.command()(train)
app.command()(explain)
app.command()(show)
app.command()(report)
app.command()(compare)
app.command()(plan)
app.command()(variance)
app.command()(sanity)
app.command()(frontier)
app.command()(dream)
app.command()(paper)
app.command()(methods)
app.add_typer(plugins_app, name="plugins")
app.add_typer(pools_app, name="pools")
