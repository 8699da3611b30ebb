"""What it costs to compare the files of a run with their checksums, beside reading them, and beside a report.

`uv run python -m tests.benchmarks.verified_reading [METHODS] [MEMBERS] [IMAGES]`: one thread, maps of 3 x 32 x 32,
files that the system has in memory already, seconds of the processor, medians of alternating measurements; prints the
share of the comparison.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from saliencynoise.engine.study import Study
from saliencynoise.report.html.study import write_report
from saliencynoise.store.provenance import hardware
from saliencynoise.store.run_files import RunFiles
from tests.studies import make_study, noisy_maps

SHAPE = (3, 32, 32)


def seconds(function: Callable[[], object]) -> float:
    """The processor's time that a call takes."""
    start = time.process_time()
    function()
    return time.process_time() - start


def read(folder: Path) -> None:
    """Read everything that a study has: Gram matrices, members' and marginal maps, pictures, figures."""
    study = Study.load(folder)
    for cell in study.done:
        study.gram(cell)
        study.member_maps(cell).to_numpy()
    for group in study.maps.subtree:
        if "marginal" in group:
            group["marginal"].to_numpy()
    _ = study.pictures, study.images


def main(methods: str = "8", members: str = "16", images: str = "64") -> None:
    """Print the shares."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        maps = {
            ("net", f"m{k}"): noisy_maps(members=int(members), images=int(images), shape=SHAPE, seed=k)
            for k in range(int(methods))
        }
        sums = make_study(folder, maps, channels=SHAPE[0], side=SHAPE[1]).result.files
        size = sum((folder / name).stat().st_size for name in sums) / 1e6
        print(f"{len(sums)} files, {size:.0f} MB; {hardware('cpu', threads=1)['processor']}, torch {torch.__version__}")

        def compared() -> None:
            files = RunFiles(folder, sums)
            for name in sums:
                files.path(name)

        works: dict[str, tuple[Callable[[], object], int]] = {
            "reading": (lambda: read(folder), 9),
            "report": (lambda: write_report(Study.load(folder)), 3),
        }
        for name, (work, repeats) in works.items():
            work(), compared()
            pairs = [(seconds(work), seconds(compared)) for _ in range(repeats)]
            whole, own = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(f"{name}: {whole:.2f} s, of which checksums {own:.3f} s: {own / whole:.1%} (medians of {repeats})")


if __name__ == "__main__":
    main(*sys.argv[1:])
