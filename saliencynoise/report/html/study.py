"""The report of a study: one self-contained page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.display.numbers import counted
from saliencynoise.display.page.figures import Download, csv
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.page import data_uri, shown_in, write_page
from saliencynoise.display.page.settings import flat
from saliencynoise.engine.study import Study
from saliencynoise.records.writing import json_of
from saliencynoise.report.figures.readable import readable
from saliencynoise.report.html.averaging import averaging_of
from saliencynoise.report.html.cards import architecture_cards, data_card, key_facts, method_cards, provenance
from saliencynoise.report.html.figures import page_figures
from saliencynoise.report.html.rows import study_table
from saliencynoise.report.html.settings import FILE, command_of, toml_of
from saliencynoise.report.html.words import summary_of
from saliencynoise.report.warnings import rounded, warnings

if TYPE_CHECKING:
    from saliencynoise.records.study import StudyRecord

REPORT = "report.html"


def write_report(study: Study, path: str | Path | None = None) -> Path:
    """Write a study's report and return its path. The default path is in the study's folder.

    Raises:
        UsageError: if the report cannot be written.
    """
    return write_page(Path(path or study.folder / REPORT), "report.html", **page_values(study))


def page_values(study: Study) -> dict[str, Any]:
    """Return the variables of the template "report.html"."""
    result: StudyRecord = shown_in(study.result)
    settings = {name: value for name, value in json_of(result.settings).items() if name != "command" and value != ""}
    toml = toml_of(settings)
    warned = warnings(result)
    command = command_of(settings) if result.sampler is not None else ""
    made = Made.of(result.versions, result.created, command)
    return {
        "heading": _heading(result),
        "summary": summary_of(result),
        "facts": key_facts(result),
        "warnings": [line for line in warned if not line.startswith("failed: ")],
        "failures": [line.removeprefix("failed: ") for line in warned if line.startswith("failed: ")],
        "table": study_table(result),
        "table_data": csv(Study(result, study.folder).table_full, "table.csv", "all figures (CSV)", made),
        "averaging": averaging_of(study),
        "drawn": readable(study)[1],
        "figures": list(page_figures(study, made)),
        "methods": method_cards(result),
        "data": data_card(result),
        "architectures": architecture_cards(result),
        "settings": flat(settings),
        "command": command,
        "toml": toml,
        "toml_data": Download(name=FILE, address=data_uri(toml.encode(), "text/plain"), words="this file (TOML)"),
        "provenance": provenance(result),
        "precision": rounded(result),
        "folder": "" if study.scratch is not None else str(study.folder),
        "files": ", ".join(["result.json", "snr.parquet", *(["maps.zarr"] if result.sampler is not None else [])]),
        "item": result.item,
        "made": made,
    }


def _heading(result: StudyRecord) -> str:
    names = [architecture.label for architecture in result.architectures]
    networks = names[0] if len(names) == 1 else f"{len(names)} architectures"
    if not result.dataset.asked:
        return f"{counted(result.settings.members, 'member')}, {counted(len(result.images), result.item)}"
    return f"{networks} on {result.dataset.asked}"
