"""Seconds of a report by the number of cells: `uv run python -m tests.benchmarks.large_report [CELLS ...]`.

Each study holds one cell that was reduced, as often as asked, with 10 architectures and 3 views.

2 cores shared with other work (load 4), torch 2.15, Python 3.11, one run: 9000 cells, 35 s and 29 s of CPU, 16 MB. Of
these, 100 cells are drawn in figures. Before figures had a bound, 900 cells took 193 s of CPU under cProfile, where
9000 cells now take 68 s.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from saliencynoise.engine.study import Study
from saliencynoise.records.writing import json_of
from saliencynoise.report.html.study import write_report
from tests.studies import make_study, noisy_maps

VIEWS = ("signed", "abs", "relu")
ARCHITECTURES = [f"net{place}" for place in range(10)]


def large_study(folder: Path, cells: int) -> Study:
    """Write a study with so many cells: those of one method, with the name of others."""
    study = make_study(folder, {("net", "method"): noisy_maps()}, keep_maps="none")
    result = json_of(study.result)
    cell, own = result["cells"][0], result["architectures"][0]
    methods = [f"method(k={place})" for place in range(cells // len(VIEWS) // len(ARCHITECTURES))]
    result["cells"] = [
        {**cell, "architecture": name, "method": method, "view": view}
        for name in ARCHITECTURES
        for method in methods
        for view in VIEWS
    ]
    result["methods"] = [{**result["methods"][0], "name": method, "label": method} for method in methods]
    result["architectures"] = [{**own, "name": name, "label": name} for name in ARCHITECTURES]
    result["recipes"] = dict.fromkeys(ARCHITECTURES, result["recipes"]["net"])
    result["images"] = [{**image, "target": dict.fromkeys(ARCHITECTURES, image["label"])} for image in result["images"]]
    (folder / "result.json").write_text(json.dumps(result))
    return Study.load(folder)


def main(counts: list[int]) -> None:
    """Print the seconds of the report alone for each number of cells."""
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            study = large_study(Path(folder), count)
            began, spent = time.perf_counter(), time.process_time()
            page = write_report(study)
            seconds, cpu = time.perf_counter() - began, time.process_time() - spent
            print(f"{count} cells: {seconds:.0f} s, {cpu:.0f} s of CPU, {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [90, 900, 9000])
