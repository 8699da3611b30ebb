"""`saliencynoise compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.complete import complete_runs
from saliencynoise.interfaces.errors import UsageError, one_line
from saliencynoise.interfaces.shell import shell

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
    Path | None,
    o.in_output(
        "--html",
        help="HTML file to write (default: compare.html in the folder of one run; none of several).",
        metavar="FILE",
    ),
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
    else:
        _compare_within(studies[0], html, as_json=as_json)


def _compare_within(study: Study, html: Path | None, *, as_json: bool) -> None:
    from saliencynoise.analyses.comparison.methods_page import PAGE, write_methods_page  # noqa: PLC0415 - as above
    from saliencynoise.analyses.comparison.run import claims, compare_architectures, compare_methods  # noqa: PLC0415 - lazy
    from saliencynoise.analyses.comparison.table import (  # noqa: PLC0415 - as above
        pair_rows,
        print_pairs,
        print_rankings,
    )
    from saliencynoise.display.visible import visible  # noqa: PLC0415 - as above

    tables = {"methods": compare_methods(study), "architectures": compare_architectures(study)}
    page = html or study.folder / PAGE
    if any(tables.values()):
        try:
            write_methods_page(study, tables["methods"], tables["architectures"], page)
        except UsageError as error:  # of a folder that cannot be written; the comparison is known all the same
            typer.echo(f"warning: cannot write the page: {one_line(error)}", err=True)
    if as_json:
        command = shell("saliencynoise", "compare", study.folder)
        made = {"created": study.result.created, "versions": study.result.versions, "command": command}
        document = {name: pair_rows(pairs) for name, pairs in tables.items()}
        typer.echo(json.dumps(document | made, allow_nan=False))
        return
    if tables["methods"]:
        print_rankings(study, tables["methods"], claims(tables["methods"]))
    if tables["architectures"]:
        print_pairs(tables["architectures"], [], title="architectures compared")
    if page.exists() and any(tables.values()):
        typer.echo(visible(f"All pairs, with ratios and intervals, and the diagram: {page}"))
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
