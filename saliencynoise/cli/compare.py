"""`saliencynoise compare`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from saliencynoise.cli import options as o


def compare(
    folder: o.Run,
    other: Annotated[
        str | None,
        typer.Argument(help="Folder of another run, with the same images and other members.", metavar="OTHER"),
    ] = None,
    *,
    as_json: o.Json = False,
) -> None:
    """Compare methods, and architectures, of a run; or the cells that two runs have in common.

    Which is less noisy, by tests that count the members; and of different networks, whether their mean maps agree once
    the noise is removed.
    """
    from saliencynoise.bench.comparisons import (  # noqa: PLC0415 - only when the command runs
        claims,
        compare_architectures,
        compare_methods,
        compare_runs,
    )
    from saliencynoise.bench.study import Study  # noqa: PLC0415 - as above
    from saliencynoise.report.comparisons import pair_rows, print_pairs  # noqa: PLC0415 - as above

    study = Study.load(folder)
    if other is not None:
        tables = {"runs": compare_runs(study, Study.load(other))}
    else:
        tables = {"methods": compare_methods(study), "architectures": compare_architectures(study)}
    if as_json:
        typer.echo(json.dumps({name: pair_rows(pairs) for name, pairs in tables.items()}, allow_nan=False))
        return
    for name, pairs in tables.items():
        if pairs:
            print_pairs(pairs, claims(pairs) if name == "methods" else [], title=f"{name} compared")
    if not any(tables.values()):
        typer.echo(f"{folder} has one method on one architecture;\nname another run to compare it with")
