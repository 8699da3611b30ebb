"""The number of members still to train: the table of `saliencynoise plan`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import duration, format_number, interval_text
from saliencynoise.display.population import UNITS, population_sentences
from saliencynoise.display.table_rows import with_headings
from saliencynoise.display.terminal import Terminal
from saliencynoise.records.common import Ends

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from saliencynoise.analyses.forecast.run import Forecast, ForecastCheck
    from saliencynoise.engine.study import Study

LEGEND = (
    "for {reliability:g}: members to average until the reliability is {reliability:g}, pooled over images, with "
    "95% interval for new members and new images (such an average has cosine {truth:.3f} with the true mean map). 90% "
    "of images: members until nine of ten images reach that. more: members still to train for the first number (+: no "
    "upper bound is known yet)."
)
TIME = " time: of {workers} cores, for training ({training}) and attribution, as measured{where}."


def forecast_rows(forecasts: Sequence[Forecast]) -> list[dict[str, Any]]:
    """Return forecasts as values that JSON can hold."""
    return [
        asdict(forecast)
        | {
            name: asdict(getattr(forecast, name)) | {"text": str(getattr(forecast, name))}
            for name in ("needed", "needed_for_images")
        }
        | {"seconds": forecast.seconds}
        for forecast in forecasts
    ]


def check_rows(checks: Sequence[ForecastCheck]) -> list[dict[str, Any]]:
    """Return checks as values that JSON can hold."""
    return [asdict(check) | {"held": check.held} for check in checks]


def print_forecast(
    study: Study,
    forecasts: Sequence[Forecast],
    checks: Sequence[ForecastCheck],
    *,
    reliability: float,
    workers: int,
    elsewhere: bool,
    console: Console | None = None,
) -> None:
    """Print the forecast of each cell, the command that trains the members, and the check of earlier forecasts."""
    console = console or Terminal()
    console.print(_table(forecasts, reliability, workers, narrow=console.width < 92))
    training = ", ".join(
        f"{name} {duration(seconds)} a member"
        for name, seconds in dict.fromkeys((forecast.architecture, forecast.training_seconds) for forecast in forecasts)
        if seconds is not None
    )
    where = ", on another machine than this one" if elsewhere else " on this machine"
    legend = LEGEND.format(reliability=reliability, truth=reliability**0.5)
    time = TIME.format(workers=workers, training=training, where=where) if training else ""
    console.print(Text(legend + time, style="dim"))
    for sentence in population_sentences(study.result):
        console.print(Text(sentence))
    for forecast in forecasts:
        if forecast.note:
            console.print(
                Text(f"{forecast.method} on {forecast.architecture}: no number, {forecast.note}.", style="yellow")
            )
    console.print(Text(_advice(study, forecasts)))
    if checks:
        console.print(_check_table(checks, narrow=console.width < 92))
        console.print(Text(_verdict(checks)))


def _table(forecasts: Sequence[Forecast], reliability: float, workers: int, *, narrow: bool) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    timed = any(forecast.training_seconds is not None for forecast in forecasts)
    headers = ("members", f"for {reliability:g}", "90% of images", "more", "time")
    for header in headers if timed else headers[:-1]:
        table.add_column(header, justify="right", no_wrap=True)
    for forecast in with_headings(table, forecasts, narrow=narrow):
        seconds = None if forecast.seconds is None else forecast.seconds / workers
        row = [
            escape(method_label(forecast.method, forecast.view, narrow=narrow)),
            str(forecast.members),
            escape(str(forecast.needed)),
            escape(str(forecast.needed_for_images)),
            "?" if forecast.more is None else f"{forecast.more}{'' if forecast.bounded else '+'}",
            "?" if seconds is None else "-" if forecast.more == 0 else duration(seconds),
        ]
        table.add_row(*(row if timed else row[:-1]))
    return table


def _advice(study: Study, forecasts: Sequence[Forecast]) -> str:
    known = [forecast for forecast in forecasts if forecast.more is not None]
    if not known:
        return (
            "No number of members is known: no cell shows a signal from which it could be computed. Try more images or "
            "more members."
        )
    most = max(known, key=lambda forecast: forecast.more or 0)
    if not most.more:
        return f"The {most.members} members of this run are enough for every cell whose number is known."
    starts = study.result.architecture(most.architecture).population
    if starts.kind == "several_starts":
        unit = UNITS[starts.unit][1]
        return (
            f"{most.more} more networks, each from a new {unit}, are enough for every cell whose number is known. More "
            f"networks of the same {unit}s add less."
        )
    total = most.members + most.more
    enough = f"{most.more} more members are enough for every cell whose number is known."
    if study.result.sampler is None:
        return f"{enough} Measure the maps of {total} members."
    return (
        f"{enough} The same bench with --members {total} --out {study.folder} trains them and keeps the earlier ones."
    )


def _check_table(checks: Sequence[ForecastCheck], *, narrow: bool) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("earlier forecasts", overflow="fold", min_width=22)
    for header in ("from", "against", "predicted", "95%", "measured", ""):
        table.add_column(header, justify="right", no_wrap=True)
    for check in checks:
        table.add_row(
            escape(method_label(check.method, check.view, narrow=narrow)),
            str(check.earlier),
            f"{check.later} new",
            format_number(check.predicted),
            interval_text(Ends(low=check.low, high=check.high)),
            format_number(check.measured),
            "held" if check.held else "missed",
        )
    return table


def _verdict(checks: Sequence[ForecastCheck]) -> str:
    confirmed = sum(check.held for check in checks)
    return (
        f"{confirmed} of {len(checks)} forecasts held. Each compares the measured cosine between the average maps of "
        "the earlier members and of those trained since with the cosine that the earlier r predicted."
    )
