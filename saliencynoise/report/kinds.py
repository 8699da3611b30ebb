"""The kinds of results that built-in commands leave in a folder: a line about each, its table, and its page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.results import ResultSummary
from saliencynoise.records.reading import read_record
from saliencynoise.records.writing import json_of

if TYPE_CHECKING:
    from pathlib import Path

    from saliencynoise.records.common import Record
    from saliencynoise.records.explanation import ExplanationRecord


class _WithPage:
    """Results whose page is made from the folder."""

    def report(self, folder: Path, out: Path | None) -> Path:
        """Write the page."""
        from saliencynoise.report.folder import write_run_report  # noqa: PLC0415 - torch, matplotlib and more

        return write_run_report(folder, out)


class StudyResults(_WithPage):
    """A study of a bench, or of measured maps."""

    def summary(self, folder: Path) -> ResultSummary:
        """Return the networks and data, and the largest and the smallest SNR."""
        from saliencynoise.engine.study import Study  # noqa: PLC0415 - only when a command needs it
        from saliencynoise.records.study import MeasureSettings  # noqa: PLC0415 - as above

        result = Study.load(folder).result
        members = f"{result.settings.members} members"
        measured = isinstance(result.settings, MeasureSettings)
        data = f"{len(result.images)} {result.item}s"
        names = [] if measured else [", ".join(architecture.label for architecture in result.architectures)]
        where = [] if measured else [result.dataset.asked]
        return ResultSummary(
            kind="measured maps" if measured else "bench",
            subject=", ".join([*names, *where, members, data]),
            headline=_snr_range(
                {cell.method: cell.figures.estimates.snr.value for cell in result.cells if cell.figures}
            ),
            created=result.created,
        )

    def show(self, folder: Path, *, as_json: bool) -> bool:
        """Print the table."""
        from saliencynoise.engine.study import Study  # noqa: PLC0415 - as above
        from saliencynoise.report.table import print_study  # noqa: PLC0415 - as above

        study = Study.load(folder)
        if as_json:
            _print_json(study.result, folder)
        else:
            print_study(study)
        return bool(study.failed)


class FrontierResults(_WithPage):
    """A frontier."""

    def summary(self, folder: Path) -> ResultSummary:
        """Return the samplers and the finding on the first of them."""
        from saliencynoise.analyses.result import load_result  # noqa: PLC0415 - as above
        from saliencynoise.display.numbers import counted, format_number  # noqa: PLC0415 - as above
        from saliencynoise.records.frontier import FrontierRecord  # noqa: PLC0415 - as above

        record = load_result(folder, "frontier.json", FrontierRecord, command="frontier")
        samplers = list(dict.fromkeys(row.sampler for row in record.done))
        last = next((row for row in reversed(record.done) if row.sampler != "deep_ensemble"), None)
        headline = "no sampler was compared"
        if last is not None:
            price = "?" if last.price is None else format_number(last.price)
            headline = f"{last.sampler} with {counted(last.members, 'member')}: {last.fidelity.words}; price {price}"
        return ResultSummary(
            kind="frontier",
            subject=f"{', '.join(samplers)} on {record.dataset.asked}",
            headline=headline,
            created=record.created,
        )

    def show(self, folder: Path, *, as_json: bool) -> bool:
        """Print the table."""
        from saliencynoise.analyses.frontier.run import load_frontier  # noqa: PLC0415 - as above
        from saliencynoise.analyses.frontier.table import print_frontier  # noqa: PLC0415 - as above

        record = load_frontier(folder)
        if as_json:
            _print_json(record, folder)
        else:
            print_frontier(record, folder)
        return bool(record.failed)


class SanityResults(_WithPage):
    """A sanity check."""

    def summary(self, folder: Path) -> ResultSummary:
        """Return the networks and data, and the verdict on the first method."""
        from saliencynoise.analyses.result import load_result  # noqa: PLC0415 - as above
        from saliencynoise.analyses.sanity.table import verdict_words  # noqa: PLC0415 - as above
        from saliencynoise.records.sanity import SanityRecord  # noqa: PLC0415 - as above

        record = load_result(folder, "sanity.json", SanityRecord, command="sanity")
        bench = record.settings.bench
        return ResultSummary(
            kind="sanity",
            subject=f"{', '.join(bench.archs)} on {bench.dataset}, {record.members} members, {record.images} images",
            headline=verdict_words(record.done[0]) if record.done else "every method failed",
            created=record.created,
        )

    def show(self, folder: Path, *, as_json: bool) -> bool:
        """Print the table and the verdicts."""
        from saliencynoise.analyses.sanity.run import load_sanity  # noqa: PLC0415 - as above
        from saliencynoise.analyses.sanity.table import print_sanity  # noqa: PLC0415 - as above

        record = load_sanity(folder)
        if as_json:
            _print_json(record, folder)
        else:
            print_sanity(record, folder)
        return bool(record.failed)


class VarianceResults(_WithPage):
    """The parts of the noise."""

    def summary(self, folder: Path) -> ResultSummary:
        """Return the networks and data, and the finding on the first method."""
        from saliencynoise.analyses.result import load_result  # noqa: PLC0415 - as above
        from saliencynoise.records.variance import VarianceRecord  # noqa: PLC0415 - as above

        record = load_result(folder, "variance.json", VarianceRecord, command="variance")
        bench, blocks = record.settings.bench, record.settings.blocks
        first = next(iter(record.done), None)
        return ResultSummary(
            kind="variance",
            subject=f"{', '.join(bench.archs)} on {bench.dataset}, {blocks} blocks, {record.images} images",
            headline="every method failed" if first is None else f"{first.method}: {first.words}",
            created=record.created,
        )

    def show(self, folder: Path, *, as_json: bool) -> bool:
        """Print the table."""
        from saliencynoise.analyses.variance.run import load_variance  # noqa: PLC0415 - as above
        from saliencynoise.analyses.variance.table import print_variance  # noqa: PLC0415 - as above

        record = load_variance(folder)
        if as_json:
            _print_json(record, folder)
        else:
            print_variance(record, folder)
        return bool(record.failed)


class ExplanationResults:
    """Explained pictures. `explain` writes their pages, because only it has the maps of all members."""

    def summary(self, folder: Path) -> ResultSummary:
        """Return the pictures, and the class and the reliabilities of the first of them."""
        from saliencynoise.display.numbers import counted, format_number  # noqa: PLC0415 - as above

        record = self._record(folder)
        pictures = [picture.picture for picture in record.explanations]
        headline = "no picture could be read"
        if record.explanations:
            first = record.explanations[0]
            parts = [f"{m.method} {format_number(m.reliability.value)}" for m in first.methods if m.reason is None]
            headline = f"'{first.explained.name}'; reliability: {', '.join(parts) or 'no map'}"
        subject = pictures[0] if len(pictures) == 1 else counted(len(pictures) + len(record.left_out), "picture")
        return ResultSummary(kind="explanation", subject=subject, headline=headline, created=record.created)

    def show(self, folder: Path, *, as_json: bool) -> bool:
        """Print the class, the reliabilities and the warnings of each picture."""
        from saliencynoise.explanation.table import print_record  # noqa: PLC0415 - as above

        record = self._record(folder)
        if as_json:
            _print_json(record, folder)
        else:
            print_record(record, folder)
        return bool(record.left_out) or any(
            method.status == "failed" for picture in record.explanations for method in picture.methods
        )

    def report(self, folder: Path, out: Path | None) -> Path:
        """Return the page of the picture, or the one that lists the pictures; with `out`, write a copy there."""
        from saliencynoise.store.atomic import write_bytes  # noqa: PLC0415 - as above

        record = self._record(folder)
        index = folder / "index.html"
        page = folder / record.explanations[0].files.html if len(record.explanations) == 1 else index
        page = index if index.exists() else page
        if not page.is_file():
            raise UsageError(f"{folder} has no page {page.name}; run the same 'saliencynoise explain' again")
        if out is None:
            return page
        write_bytes(out, page.read_bytes())
        return out

    def _record(self, folder: Path) -> ExplanationRecord:
        from saliencynoise.records.explanation import ExplanationRecord  # noqa: PLC0415 - as above

        fix = "run the same 'saliencynoise explain' again with another --out"
        return read_record(folder / "explanation.json", ExplanationRecord, fix=fix)


def _print_json(record: Record, folder: Path) -> None:
    print(json.dumps({**json_of(record), "folder": str(folder)}, allow_nan=False))  # noqa: T201 - one document, as `emit`


def _snr_range(values: dict[str, float]) -> str:
    from saliencynoise.display.numbers import format_number  # noqa: PLC0415 - as above

    known = sorted((value, method) for method, value in values.items() if value == value)  # noqa: PLR0124 - not NaN
    if not known:
        return "no SNR is known"
    (low, first), (high, last) = known[0], known[-1]
    if len(known) == 1:
        return f"SNR {format_number(low)} ({first})"
    return f"SNR {format_number(low)} ({first}) to {format_number(high)} ({last})"


STUDY, FRONTIER, SANITY = StudyResults(), FrontierResults(), SanityResults()
VARIANCE, EXPLANATION = VarianceResults(), ExplanationResults()
