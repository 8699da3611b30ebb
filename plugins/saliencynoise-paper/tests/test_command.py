"""`saliencynoise paper`: the smallest panel from the command line, what it finds again, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.calling import call

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("paper")


def paper(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "saliencynoise", "paper", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
        env={"SALIENCYNOISE_CACHE": str(place / "cache"), "PATH": "/usr/bin", "COLUMNS": "80", "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def made(place):
    return paper(place, "gradients", "dream", "--scale", "smoke", "--workers", "0")


def test_panels_are_made_with_their_data_and_captions(place, made):
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


def test_what_is_there_is_found_again_and_gives_the_same_bytes_in_another_process(
    place,
    made,
    monkeypatch,
    capsys,
):
    assert made.returncode == 0
    monkeypatch.chdir(place)
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(place / "cache"))
    folder = place / "runs" / "paper-smoke"
    before = {path.name: path.read_bytes() for path in folder.glob("gradients.*")}
    for path in folder.glob("gradients.*"):
        path.unlink()
    code, out, err = call(capsys, "paper", "gradients", "--scale", "smoke", "--json", "--workers", "0")
    assert code == 0, err
    assert list(json.loads(out)["panels"]) == ["gradients"]
    assert "trained" not in err
    assert {path.name: path.read_bytes() for path in folder.glob("gradients.*")} == before


def test_a_copy_of_the_data_is_needed_where_nothing_can_be_downloaded(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    code, _, err = call(capsys, "paper", "table", "--data-dir", empty)
    assert code == 2
    assert "Traceback" not in err
    assert "empty" in err


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
def test_impossible_values_are_errors_of_usage(
    arguments,
    error,
    tmp_path,
    monkeypatch,
    capsys,
):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, "paper", *arguments)
    assert (code, out) == (2, "")
    assert error in " ".join(err.split())
