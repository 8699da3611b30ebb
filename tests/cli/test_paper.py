"""`saliencynoise paper`: the smallest panel from the command line, what it finds again, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("paper")


def paper(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "saliencynoise", "paper", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
        env={"SALIENCYNOISE_CACHE": str(place / "cache"), "PATH": "/usr/bin", "COLUMNS": "80"},
    )


@pytest.fixture(scope="module")
def made(place: Path) -> subprocess.CompletedProcess[str]:
    return paper(place, "gradients", "dream", "--scale", "smoke")


def test_panels_are_made_with_their_data_and_captions(place: Path, made: subprocess.CompletedProcess[str]) -> None:
    import pandas as pd
    from PIL import Image

    assert made.returncode == 0, made.stderr
    folder = place / "runs" / "paper-smoke"
    assert "gradients: runs/paper-smoke/gradients.png" in made.stdout
    for name in ("gradients", "dream"):
        with Image.open(folder / f"{name}.png") as picture:
            assert min(picture.size) > 300
        assert (folder / f"{name}.svg").read_text().count("<svg") == 1
        assert len(pd.read_parquet(folder / f"{name}.parquet")) > 0
        caption = (folder / f"{name}.md").read_text()
        for words in ("smoke scale", "members", "test images", "epochs", "torch", "Seed 0"):
            assert words in caption


def test_what_is_there_is_found_again_and_gives_the_same_bytes(
    place: Path, made: subprocess.CompletedProcess[str]
) -> None:
    assert made.returncode == 0
    folder = place / "runs" / "paper-smoke"
    before = {path.name: path.read_bytes() for path in folder.glob("gradients.*")}
    for path in folder.glob("gradients.*"):
        path.unlink()
    again = paper(place, "gradients", "--scale", "smoke", "--json")
    assert again.returncode == 0, again.stderr
    assert list(json.loads(again.stdout)["panels"]) == ["gradients"]
    assert "trained" not in again.stderr
    assert {path.name: path.read_bytes() for path in folder.glob("gradients.*")} == before


def test_a_copy_of_the_data_is_needed_where_nothing_can_be_downloaded(place: Path) -> None:
    empty = place / "empty"
    empty.mkdir(exist_ok=True)
    found = paper(place, "table", "--data-dir", str(empty))
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert "empty" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("tables",), "there is no panel 'tables'; choose table, gradients"),
        (("table", "--scale", "big"), "--scale big is not possible; choose smoke, small, full"),
        (("table", "--data-dir", "a", "--data-dir", "b"), "--data-dir b is not possible"),
        (("table", "--data-dir", "mnist=b"), "does not use the data set 'mnist'"),
        (("table", "--members", "2"), "--members 2 gives no intervals"),
    ],
)
def test_impossible_values_are_errors_of_usage(place: Path, arguments: tuple[str, ...], error: str) -> None:
    found = paper(place, *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert error in " ".join(found.stderr.split())
    shutil.rmtree(place / "runs" / "paper-small", ignore_errors=True)
