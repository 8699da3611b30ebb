"""`saliencynoise statement`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from saliencynoise.cli import options as o

Format = Literal["markdown", "latex"]


def statement(
    folder: o.Run = None,
    *,
    text_format: Annotated[
        Format,
        typer.Option("--format", help="Format: markdown or latex (default: markdown).", show_default=False),
    ] = "markdown",
) -> None:
    """Print paragraphs of methods and results for a paper, what must be admitted, and a checklist."""
    from saliencynoise.cli.finding import study_folder  # noqa: PLC0415 - only when the command runs
    from saliencynoise.engine.study import Study  # noqa: PLC0415 - as above
    from saliencynoise.publishing.statement import statement_text  # noqa: PLC0415 - as above

    typer.echo(statement_text(Study.load(study_folder(folder)), text_format), nl=False)
