"""`saliencynoise cite`."""

from __future__ import annotations

import typer

from saliencynoise.cli import options as o


def cite(folder: o.Run = None) -> None:
    """Print BibTeX of all that a run used: this program, methods, data, architectures, libraries."""
    from saliencynoise.cli.finding import study_folder  # noqa: PLC0415 - as below
    from saliencynoise.engine.study import Study  # noqa: PLC0415 - only when the command runs
    from saliencynoise.publishing.citations import citations_of  # noqa: PLC0415 - as above

    typer.echo(str(citations_of(Study.load(study_folder(folder)).result)), nl=False)
