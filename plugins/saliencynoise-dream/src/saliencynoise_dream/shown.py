"""Dreams in a folder, as `saliencynoise runs`, `show` and `report` ask for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.results import ResultSummary
from saliencynoise.records.reading import read_record
from saliencynoise.records.writing import json_of

if TYPE_CHECKING:
    from pathlib import Path

    from saliencynoise_dream.records import DreamRecord, Score

RESULT = "dream.json"
PAGE = "report.html"


class DreamResults:
    """The dreams of a class or a layer."""

    def summary(self, folder: Path) -> ResultSummary:
        """Return the networks and classes, and how far the ensemble's dreams are recognised."""
        from saliencynoise.display.numbers import counted, format_number  # noqa: PLC0415 - only when a command needs it

        record = _record(folder)
        score: Score = "gain" if record.of.kind == "layer" else "probability"
        means = record.facts.recognition
        kinds = {kind: means[kind][score] for kind in ("ensemble", "stochastic", "single") if kind in means}
        parts = [f"{kind} {format_number(mean.value)}" for kind, mean in kinds.items()]
        return ResultSummary(
            kind="dream",
            subject=f"{record.of.kind} {', '.join(record.of.names)}; {record.architecture} on {record.dataset.asked}, "
            f"{counted(len(record.members), 'network')}",
            headline=f"{score} for held-out networks: {', '.join(parts)}",
            created=record.created,
        )

    def show(self, folder: Path, *, as_json: bool) -> bool:
        """Print the scores."""
        from saliencynoise_dream.table import print_dream  # noqa: PLC0415 - torch

        record = _record(folder)
        if as_json:
            print(json.dumps({**json_of(record), "folder": str(folder)}, allow_nan=False))  # noqa: T201 - one document
        else:
            print_dream(record, folder)
        return False

    def report(self, folder: Path, out: Path | None) -> Path:
        """Return the page of the dreams; with `out`, write a copy there.

        Raises:
            UsageError: if there is none, since the command `dream` writes it.
        """
        from saliencynoise.store.atomic import write_bytes  # noqa: PLC0415 - as above

        _record(folder)
        page = folder / PAGE
        if not page.is_file():
            raise UsageError(f"{folder} has no {PAGE}; run the same 'saliencynoise dream' again")
        if out is None:
            return page
        write_bytes(out, page.read_bytes())
        return out


def _record(folder: Path) -> DreamRecord:
    from saliencynoise_dream.records import DreamRecord  # noqa: PLC0415 - as above

    return read_record(folder / RESULT, DreamRecord, fix="run the same 'saliencynoise dream' again")


DREAM = DreamResults()
