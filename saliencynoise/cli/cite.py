"""`saliencynoise cite`."""

from __future__ import annotations

import typer

from saliencynoise.cli import options as o


def cite(folder: o.Run) -> None:
    """Print BibTeX of all that a run used: this program, methods, data, architectures, libraries."""
    from saliencynoise.engine.study import Study  # noqa: PLC0415 - only when the command runs
    from saliencynoise.publishing.citations import citations_of  # noqa: PLC0415 - as above

    typer.echo(str(citations_of(Study.load(folder).result)), nl=False)
