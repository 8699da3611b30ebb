"""The page of `saliencynoise compare RUN RUN ... --html FILE`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.analyses.comparison.side_by_side_table import LEGEND, accuracies, by_architecture, failures, words_of
from saliencynoise.analyses.comparison.table import AGREEMENT
from saliencynoise.analyses.comparison.table import LEGEND as TESTS
from saliencynoise.display.numbers import format_number, p_text
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.page import write_page
from saliencynoise.interfaces.shell import shell
from saliencynoise.store.provenance import versions

if TYPE_CHECKING:
    from saliencynoise.analyses.comparison.run import Pair
    from saliencynoise.analyses.comparison.side_by_side import ComparedCells, SideBySide
    from saliencynoise.statistics.intervals import Interval


def write_comparison(comparison: SideBySide, pairs: Sequence[Pair], note: str, path: Path) -> Path:
    """Write studies side by side as a page, and return its path.

    Args:
        comparison: the studies.
        pairs: tests of two studies against each other.
        note: why there are no pairs.
        path: of the page.

    Raises:
        UsageError: if the path cannot be written.
    """
    command = shell("saliencynoise", "compare", *(study.folder for study in comparison.studies), "--html", path)
    return write_page(
        path,
        "compare.html",
        names=comparison.names,
        folders=[str(study.folder) for study in comparison.studies],
        differences=comparison.differences,
        warnings=comparison.warnings,
        failures=failures(comparison),
        architectures=[_architecture(name, rows) for name, rows in by_architecture(comparison.rows)],
        legend=LEGEND,
        pairs=[_pair(pair) for pair in pairs],
        tests=f"{TESTS} {AGREEMENT}",
        note=note,
        made=Made.of(versions(), datetime.now(UTC).isoformat(timespec="seconds"), command),
    )


def _architecture(name: str, rows: Sequence[ComparedCells]) -> dict[str, Any]:
    return {"name": name, "accuracies": accuracies(rows), "methods": [_method(row) for row in rows]}


def _method(row: ComparedCells) -> dict[str, Any]:
    label = row.method if row.view == "signed" else f"{row.method}, view {row.view}"
    return {"label": label, "cells": [words_of(cell) for cell in row.cells]}


def _pair(pair: Pair) -> dict[str, Any]:
    comparison, agreement = pair.comparison, pair.agreement
    notes = (comparison.note, pair.note, agreement.note if agreement else "")
    return {
        "within": pair.within,
        "ratio": format_number(comparison.ratio),
        "interval": _interval(comparison.ratio_interval),
        "p": p_text(comparison.p_simultaneous),
        "verdict": comparison.words,
        "agreement": "-" if agreement is None else f"{format_number(agreement.value)} {_interval(agreement.interval)}",
        "note": "; ".join(dict.fromkeys(filter(None, notes))),
    }


def _interval(interval: Interval | None) -> str:
    return "" if interval is None else f"[{format_number(interval.low)}, {format_number(interval.high)}]"
