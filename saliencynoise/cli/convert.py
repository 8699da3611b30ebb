"""`saliencynoise convert`."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from saliencynoise.cli import options as o
from saliencynoise.records.writing import json_of

Definition = Literal["pixel", "rms", "power"]


def convert(
    *,
    snr: Annotated[float, typer.Option(help="Number of the table.", metavar="NUMBER")],
    members: Annotated[int, typer.Option(help="Number of networks that it was computed from.", metavar="N")],
    definition: Annotated[
        Definition | None,
        typer.Option(
            help="How the table defines it: pixel (mean over pixels of |mean|/sd), rms (root of the sum of mean^2 over "
            "the sum of sd^2) or power (its square) (default: all three are shown).",
            show_default=False,
        ),
    ] = None,
    ddof: Annotated[
        int,
        typer.Option(
            help="1 where the sd divides by N - 1, 0 where it divides by N, as numpy's default does (default: 1).",
            metavar="0|1",
            show_default=False,
        ),
    ] = 1,
    as_json: o.Json = False,
) -> None:
    """Convert a published SNR to the corrected one, as far as its definition allows: floor, SNR, networks for 0.9."""
    from saliencynoise.cli.tables.convert import conversion_row, print_conversions  # noqa: PLC0415 - only when it runs
    from saliencynoise.statistics.conversion import DEFINITIONS  # noqa: PLC0415 - as above
    from saliencynoise.statistics.conversion import convert as converted  # noqa: PLC0415 - as above

    # two networks have no floor in pixels; where all definitions are shown, that one is left out
    shown = [definition] if definition else [name for name in DEFINITIONS if members != 2 or name != "pixel"]
    results = [converted(snr, members, definition=name, ddof=ddof) for name in shown]
    if as_json:
        typer.echo(json.dumps(json_of({"conversions": [conversion_row(result) for result in results]})))
    else:
        print_conversions(results)
