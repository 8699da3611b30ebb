"""`saliencynoise plan`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from saliencynoise.cli import options as o


def plan(
    folder: o.Run = None,
    *,
    reliability: Annotated[
        float,
        o.in_maps(
            help="Reliability to reach: cosine of two averages of independent networks, between 0 and 1.", metavar="R"
        ),
    ] = 0.9,
    workers: o.Workers = None,
    as_json: o.Json = False,
) -> None:
    """Estimate how many more networks a run needs and how long they take here; check earlier forecasts.

    Nothing is trained. Forecasts that were made with fewer members are compared with the members trained since.
    """
    from saliencynoise.analyses.forecast.run import check_predictions, forecast, notes_of_predictions, same_machine  # noqa: PLC0415 - as above
    from saliencynoise.analyses.forecast.table import check_rows, forecast_rows, print_forecast  # noqa: PLC0415 - as above
    from saliencynoise.cli.finding import study_folder  # noqa: PLC0415 - as below
    from saliencynoise.engine.config import check_workers  # noqa: PLC0415 - as below
    from saliencynoise.engine.dispatch import worker_count  # noqa: PLC0415 - only when the command runs
    from saliencynoise.engine.study import Study  # noqa: PLC0415 - as above

    study = Study.load(study_folder(folder))
    forecasts = forecast(study, reliability=reliability)
    checks = check_predictions(study)
    check_workers(workers)
    serving = max(1, worker_count(2**16, study.result.device, workers=workers))
    if as_json:
        document = {"reliability": reliability, "cells": forecast_rows(forecasts), "checks": check_rows(checks)}
        document["notes"] = notes_of_predictions(study)
        typer.echo(json.dumps(document | {"workers": serving, "same_machine": same_machine(study)}, allow_nan=False))
    else:
        print_forecast(
            study, forecasts, checks, reliability=reliability, workers=serving, elsewhere=not same_machine(study)
        )
        for note in notes_of_predictions(study):
            typer.echo(f"note: {note}")
