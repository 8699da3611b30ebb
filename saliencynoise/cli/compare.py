"""`saliencynoise compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.complete import complete_runs
from saliencynoise.interfaces.errors import UsageError

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study

Runs = Annotated[
    list[str] | None,
    typer.Argument(
        help="Folders of one or more benches, or their names in ./runs (default: the latest one).",
        metavar="[RUN...]",
        autocompletion=complete_runs,
        show_default=False,
    ),
]
Html = Annotated[
    Path | None, o.in_output("--html", help="HTML file to write about several runs (default: none).", metavar="FILE")
]


def compare(runs: Runs = None, *, html: Html = None, as_json: o.Json = False) -> None:
    """Compare the methods and architectures of a run, or show several runs side by side.

    For one run, and for two runs with the same images and different members, tests over members and images say which
    is less noisy. For different architectures, the agreement of the mean maps is estimated with the noise removed.
    """
    from saliencynoise.cli.finding import study_folder  # noqa: PLC0415 - only when the command runs
    from saliencynoise.engine.study import Study  # noqa: PLC0415 - as above

    studies = [Study.load(study_folder(name)) for name in (runs or (None,))]
    if len(studies) > 1:
        _compare_several(studies, html, as_json=as_json)
    elif html is not None:
        raise UsageError(f"--html {html} needs several runs; name another run")
    else:
        _compare_within(studies[0], as_json=as_json)


def _compare_within(study: Study, *, as_json: bool) -> None:
    from saliencynoise.analyses.comparison.run import claims, compare_architectures, compare_methods  # noqa: PLC0415 - lazy
    from saliencynoise.analyses.comparison.table import pair_rows, print_pairs  # noqa: PLC0415 - as above
    from saliencynoise.display.visible import visible  # noqa: PLC0415 - as above

    tables = {"methods": compare_methods(study), "architectures": compare_architectures(study)}
    if as_json:
        typer.echo(json.dumps({name: pair_rows(pairs) for name, pairs in tables.items()}, allow_nan=False))
        return
    for name, pairs in tables.items():
        if pairs:
            print_pairs(pairs, claims(pairs) if name == "methods" else [], title=f"{name} compared")
    if not any(tables.values()):
        typer.echo(
            f"{visible(str(study.folder))} has one method on one architecture;\nname another run to compare it with"
        )


def _compare_several(studies: list[Study], html: Path | None, *, as_json: bool) -> None:
    from saliencynoise.analyses.comparison.page import write_comparison  # noqa: PLC0415 - as above
    from saliencynoise.analyses.comparison.side_by_side import pairs_of, side_by_side  # noqa: PLC0415 - only when the command runs
    from saliencynoise.analyses.comparison.side_by_side_table import document_of, print_side_by_side  # noqa: PLC0415 - as above
    from saliencynoise.analyses.comparison.table import print_pairs  # noqa: PLC0415 - as above
    from saliencynoise.display.visible import visible  # noqa: PLC0415 - as above

    comparison = side_by_side(studies)
    pairs, note = pairs_of(comparison)
    if as_json:
        typer.echo(json.dumps(document_of(comparison, pairs, note), allow_nan=False))
    else:
        print_side_by_side(comparison)
        if pairs:
            print_pairs(pairs, [], title="runs compared")
        elif note:
            typer.echo(visible(note))
    if html is not None:
        write_comparison(comparison, pairs, note, html)
        typer.echo(visible(f"page in {html}"), err=as_json)
